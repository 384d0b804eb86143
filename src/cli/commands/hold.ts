/** `et hold`: reports that shall wait for their user's word. */
import { type Changed, changeWaiting } from "../change-waiting.js";
import { type CommandSpec, parseCommandLine } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { hold } from "../holding.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { SELECTION_OPTIONS, selected } from "../selection.js";
import { openSpool } from "../spool-view.js";

const options = { ...SELECTION_OPTIONS, json: { help: "say what was done as JSON" } } as const;

export const spec = {
	name: "hold",
	summary: "keep reports from being sent until you release them",
	usage: ["ID... [--json]", "--all [--project NAME] [--json]"],
	details: [
		"ID is an id as et pending prints it, or the beginning of one that means one report alone. Where one of them means none, or several, nothing is held. What was in a request before may have left, and is named.",
		"--all is for what waits now, and not for what comes later: et consent grant PROJECT --approve is for that.",
	],
	options,
	examples: [
		["et hold 4f1c2b", "one report"],
		["et hold --all --project dunovo", "all that waits for dunovo"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

function lines({ changed, unchanged, mayHaveLeft }: Changed): string[] {
	const all = [`${plural(changed.length, "report")} held until et release.`];
	if (unchanged.length > 0) all.push(`${plural(unchanged.length, "report")} held before.`);
	if (mayHaveLeft.length > 0) {
		all.push(`${plural(mayHaveLeft.length, "report")} may have left before:`, ...mayHaveLeft.map((id) => `  ${id}`));
	}
	return all;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals: ids } = parseCommandLine(spec, argv);
	const folders = openSpool(context);
	const done = changeWaiting(context, folders, selected(spec.name, folders, { ...given, ids }), hold);
	const { changed, unchanged, mayHaveLeft } = done;
	if (given.json) context.out.line(JSON.stringify({ held: changed, unchanged, may_have_left: mayHaveLeft }));
	else say(context, lines(done));
	return EXIT_CODES.ok;
}
