/** `et drop`: reports that are to leave no more. */

import type { SpoolFolders } from "../../spool/layout.js";
import type { Entry } from "../../spool/read.js";
import { countWaiting, waiting } from "../../spool/waiting.js";
import { agrees } from "../ask.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { type Discarded, discard } from "../discard.js";
import { EXIT_CODES } from "../exit-codes.js";
import { plural } from "../quantities.js";
import { findReports, openSpool } from "../spool-view.js";
import { canAsk } from "../terminal.js";

const options = {
	all: { help: "every report, of every project or of the one that is named" },
	project: { value: "NAME", help: "with --all: only this project's" },
	yes: { short: "y", help: "with --all: without being asked; needed where there is no terminal" },
	json: { help: "say what was done as JSON" },
} as const;

export const spec = {
	name: "drop",
	summary: "remove reports from your spool",
	usage: ["ID... [--json]", "--all [--project NAME] [--yes] [--json]"],
	details: [
		"ID is an id as et pending prints it, or the beginning of one that means one report alone. Where one of them means none, or several, nothing is removed. What is removed is counted, and never sent; what was in a request before may have left, and is named.",
	],
	options,
	examples: [
		["et drop 4f1c2b", "one report"],
		["et drop --all --project dunovo", "all that waits for dunovo"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

function sentence({ waiting, rejected, mayHaveLeft }: Discarded): string {
	const lines = [`${plural(waiting.length + rejected.length, "report")} dropped.`];
	if (mayHaveLeft.length > 0) {
		lines.push(`${plural(mayHaveLeft.length, "report")} may have left before:`, ...mayHaveLeft.map((id) => `  ${id}`));
	}
	return lines.join("\n");
}

function count(folders: SpoolFolders, project: string | undefined): number {
	if (project === undefined) return countWaiting(folders);
	let found = 0;
	for (const { envelope } of waiting(folders)) if (envelope.report.project === project) found++;
	return found;
}

/** Whether all shall go. @throws EtError `ET_USAGE` where nobody can be asked */
function isAgreed(context: CliContext, folders: SpoolFolders, project: string | undefined): boolean {
	if (!canAsk()) throw usageError(spec.name, "There is no terminal to ask you at. If all shall go, say so with --yes.");
	const of = project === undefined ? "" : ` of ${project}`;
	return agrees(context.err, `Drop ${plural(count(folders, project), "report")}${of}?`);
}

/** Which reports go, by what was asked for. @throws EtError where an id means none or several */
function wanted(folders: SpoolFolders, ids: readonly string[], project: string | undefined): (entry: Entry) => boolean {
	if (ids.length === 0) return ({ envelope }) => project === undefined || envelope.report.project === project;
	const found = new Set(findReports(folders, ids).map(({ envelope }) => envelope.report.id));
	return ({ envelope }) => found.has(envelope.report.id);
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals: ids } = parseCommandLine(spec, argv);
	if (given.all === ids.length > 0) throw usageError(spec.name, "Name reports by their ids, or give --all.");
	if (!given.all && given.project !== undefined) throw usageError(spec.name, "--project goes with --all.");
	const folders = openSpool(context);
	if (given.all && !given.yes && !isAgreed(context, folders, given.project)) {
		context.err.line("Nothing was dropped.");
		return EXIT_CODES.ok;
	}
	const done = discard(context, folders, wanted(folders, ids, given.project), "dropped_by_user");
	const { waiting: waited, rejected, mayHaveLeft } = done;
	out(context, given.json ? { waiting: waited, rejected, may_have_left: mayHaveLeft } : sentence(done));
	return EXIT_CODES.ok;
}

function out(context: CliContext, done: string | object): void {
	context.out.line(typeof done === "string" ? done : JSON.stringify(done));
}
