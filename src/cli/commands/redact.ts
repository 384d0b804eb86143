/** `et redact`: fields are taken out of a report, here and where it may have gone. */
import { EtError } from "../../errors.js";
import { journalLines } from "../../spool/journal.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { namedLines } from "../quantities.js";
import { checkFields, redact, redactedLines } from "../redact.js";
import { say } from "../say.js";
import { findReports, means, openSpool } from "../spool-view.js";

const options = { json: { help: "say what was done as JSON" } } as const;

export const spec = {
	name: "redact",
	summary: "take fields out of a report, also where it may have left",
	usage: ["ID FIELD... [--json]"],
	details: [
		"ID is an id as et pending or et sent prints it, or the beginning of one that means one report alone. FIELD is a field as et show prints it (platform, exception, wall_s), or inputs.NAME, or data.KEY. What is taken out counts as not given, never as zero. What places a report (its ids, project, event, time) can't be taken out: et drop and et forget are for that.",
		"It is taken out wherever it is here: of what waits, of what a server has refused, of your own history. A copy that et sent --keep on kept is removed.",
		"A report that was in a request may have left as it was: that is said, and its server is asked to take the fields out, too, with the run's erase key, which only you hold. The request waits until it is answered; et forget --status lists it.",
	],
	options,
	examples: [
		["et redact 4f1c2b platform data.note", "two fields of one report"],
		["et consent grant dunovo --without platform", "of all reports, also those to come"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

/** Ids of reports in the log of what left. */
function leftIds(folders: SpoolFolders, given: string): string[] {
	const ids = new Set<string>();
	for (const line of journalLines(folders)) {
		if ("tried" in line) for (const { id } of line.tried) if (means(given, id)) ids.add(id);
	}
	return [...ids];
}

/** @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS` */
function idOf(folders: SpoolFolders, given: string): string {
	const start = given.trim().toLowerCase();
	const left = start === "" ? [] : leftIds(folders, start);
	try {
		const [entry] = findReports(folders, [given]);
		const others = left.filter((id) => id !== entry?.envelope.report.id);
		if (entry !== undefined && others.length === 0) return entry.envelope.report.id;
		left.push(entry?.envelope.report.id ?? "");
	} catch (error) {
		if (!(error instanceof EtError) || error.code !== "ET_REPORT_NOT_FOUND" || left.length === 0) throw error;
		if (left.length === 1) return left[0] ?? "";
	}
	const all = [...new Set(left)];
	const head = `The ids of ${all.length} reports begin with "${given}". Nothing was changed. Give more of one:`;
	throw new EtError("ET_REPORT_AMBIGUOUS", [head, ...namedLines(all)].join("\n"));
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [id, ...fields] = positionals;
	if (id === undefined) throw usageError(spec.name, "Which report? Give its id, as et pending prints it.");
	if (fields.length === 0) throw usageError(spec.name, "Which fields? Name them as et show does (platform, data.KEY).");
	checkFields(spec.name, fields);
	const folders = openSpool(context);
	const done = redact(context, folders, {
		id: idOf(folders, id),
		fields: [...new Set(fields)],
	});
	if (given.json) context.out.line(JSON.stringify(done));
	else say(context, redactedLines(done));
	return EXIT_CODES.ok;
}
