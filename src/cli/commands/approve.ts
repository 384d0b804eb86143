/** `et approve`: reports that may leave, their user having looked at them. */
import { type Changed, changeWaiting } from "../change-waiting.js";
import { type CommandSpec, parseCommandLine } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { approve } from "../holding.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { SELECTION_OPTIONS, selected } from "../selection.js";
import { openSpool } from "../spool-view.js";

const options = { ...SELECTION_OPTIONS, json: { help: "say what was done as JSON" } } as const;

export const spec = {
	name: "approve",
	summary: "let reports leave, having looked at them",
	usage: ["ID... [--json]", "--all [--project NAME] [--json]"],
	details: [
		"Where a project was granted with --approve, nothing of it leaves before this. It also takes back et hold, and ends a review delay: an approved report leaves at the uploader's next turn. What rules above your word (denied, local, the site's policy, DO_NOT_TRACK) still does.",
	],
	options,
	examples: [
		["et show 4f1c2b --pretty && et approve 4f1c2b", "read it, and let it go"],
		["et approve --all --project dunovo", "all that waits for dunovo"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

function lines({ changed, unchanged }: Changed): string[] {
	const all = [`${plural(changed.length, "report")} approved.`];
	if (unchanged.length > 0) all.push(`${plural(unchanged.length, "report")} approved before.`);
	return all;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals: ids } = parseCommandLine(spec, argv);
	const folders = openSpool(context);
	const done = changeWaiting(context, folders, selected(spec.name, folders, { ...given, ids }), approve);
	if (given.json) context.out.line(JSON.stringify({ approved: done.changed, unchanged: done.unchanged }));
	else say(context, lines(done));
	return EXIT_CODES.ok;
}
