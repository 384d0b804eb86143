/** `et release`: what was held may leave again. */
import { type Changed, changeWaiting } from "../change-waiting.js";
import { type CommandSpec, parseCommandLine } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { release } from "../holding.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { SELECTION_OPTIONS, selected } from "../selection.js";
import { openSpool, StateReader } from "../spool-view.js";

const options = { ...SELECTION_OPTIONS, json: { help: "say what was done as JSON" } } as const;

export const spec = {
	name: "release",
	summary: "let reports leave that you held",
	usage: ["ID... [--json]", "--all [--project NAME] [--json]"],
	details: [
		"Takes back et hold. A report that waits to be approved, since you granted its project with --approve, is let go by et approve alone; release leaves it and says so. A review delay counts from when the report was written: one that is over does not begin anew.",
	],
	options,
	examples: [
		["et release 4f1c2b", "one report"],
		["et release --all", "all that you held"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

function lines({ changed }: Changed, approvals: readonly string[]): string[] {
	const all = [`${plural(changed.length, "report")} released.`];
	if (approvals.length > 0) {
		all.push(`${plural(approvals.length, "report")} still to be approved before it leaves: et approve ID, or --all.`);
	}
	return all;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals: ids } = parseCommandLine(spec, argv);
	const folders = openSpool(context);
	const find = selected(spec.name, folders, { ...given, ids });
	const done = changeWaiting(context, folders, find, release);
	const states = new StateReader(context, new Set());
	const approvals = new Set<string>();
	for (const entry of find()) if (states.of(entry).reason === "approve") approvals.add(entry.envelope.report.id);
	const waiting = [...approvals];
	if (given.json) context.out.line(JSON.stringify({ released: done.changed, to_be_approved: waiting }));
	else say(context, lines(done, waiting));
	return EXIT_CODES.ok;
}
