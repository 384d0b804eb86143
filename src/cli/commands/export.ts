/** `et export`: over an air gap, what waits here; and on the other side, what servers said of it. */
import { closeSync, constants, fsyncSync, openSync, writeFileSync } from "node:fs";
import { FILE_MODE } from "../../document/durable.js";
import { EtError, systemErrorCode } from "../../errors.js";
import { REPORT_ID_RANDOM_BYTES, reportId } from "../../report/ids.js";
import { acknowledgedImports, acknowledgedText, exportText } from "../../spool/air-gap.js";
import { changing } from "../../spool/changing.js";
import type { Envelope } from "../../spool/envelope.js";
import { Journal, type KeyLine } from "../../spool/journal.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { waiting } from "../../spool/waiting.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { holderOf, ownWriter } from "../identity.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { openSpool, StateReader } from "../spool-view.js";

const options = {
	project: { value: "NAME", help: "only this project's" },
	acknowledged: { help: "on the machine that sends: what servers said of imported reports, to carry back" },
	json: { help: "say what was done as JSON" },
} as const;

export const spec = {
	name: "export",
	summary: "write the reports that may leave to one file, to be sent from another machine",
	usage: ["FILE [--project NAME] [--json]", "FILE --acknowledged [--json]"],
	details: [
		"For a machine without network. The reports stay here until their acknowledgements come back; exporting or importing twice does no harm, since servers know each report by its id. Only what may leave is written: nothing that is held, kept local, or without consent. The keys that erase runs stay here.",
		" here      et export reports.et",
		" there     et import reports.et; et-uploader --once",
		"           et export back.et --acknowledged",
		" here      et import back.et",
	],
	options,
	examples: [
		["et export reports.et", "write what waits to reports.et"],
		["et export back.et --acknowledged", "on the other machine, once it has sent"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

/** Writes a file for this user alone, over none that is there. @throws EtError `ET_EXPORT_UNWRITABLE` */
function writeNew(path: string, text: string): void {
	try {
		const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
		try {
			writeFileSync(descriptor, text);
			fsyncSync(descriptor);
		} finally {
			closeSync(descriptor);
		}
	} catch (error) {
		throw new EtError(
			"ET_EXPORT_UNWRITABLE",
			`The file ${path} could not be written (${systemErrorCode(error)}). The reports still wait here. Name a new file, in a folder with room.`,
			{ cause: error },
		);
	}
}

/** What may leave now, or was exported or tried before and is not yet acknowledged. */
function exportable(context: CliContext, folders: SpoolFolders, project: string | undefined): Envelope[] {
	const states = new StateReader(context, new Set());
	const found: Envelope[] = [];
	for (const entry of waiting(folders)) {
		const { envelope } = entry;
		if (project !== undefined && envelope.report.project !== project) continue;
		if (states.of(entry).state !== "waiting") continue;
		found.push({ ...envelope, report: JSON.parse(states.leaving(entry)) });
	}
	return found;
}

/** As before a request: what may have left is known as such, and so is what erases it. */
function writeDown(context: CliContext, folders: SpoolFolders, exportId: string, envelopes: readonly Envelope[]): void {
	const { client } = context;
	const at = client.now();
	const journal = new Journal(folders, ownWriter(context));
	const keys = envelopes.flatMap(({ erase_key: key, report, endpoint }): KeyLine[] =>
		key === null ? [] : [{ run_id: report.run_id, key, project: report.project, endpoint }],
	);
	const tried = envelopes.map(({ report: { id, run_id, project, event } }) => ({ id, run_id, project, event }));
	try {
		journal.trying({ at: at.toISOString(), endpoint: "export", batch: exportId, tried }, keys);
	} finally {
		journal.close();
	}
}

function exportReports(context: CliContext, path: string, project: string | undefined): object {
	const { now, random } = context.client;
	const folders = openSpool(context);
	const exportId = reportId(now().getTime(), random(REPORT_ID_RANDOM_BYTES));
	// What is held or redacted meanwhile would else be in the file as it was.
	return changing(folders, holderOf(context), () => {
		const envelopes = exportable(context, folders, project);
		if (envelopes.length > 0) writeDown(context, folders, exportId, envelopes);
		writeNew(path, exportText(exportId, now(), envelopes));
		return { export: exportId, file: path, reports: envelopes.length };
	});
}

function exportAcknowledged(context: CliContext, path: string): object {
	const { exportIds, acknowledged } = acknowledgedImports(openSpool(context));
	writeNew(path, acknowledgedText(exportIds, context.client.now(), acknowledged));
	return { file: path, acknowledged: acknowledged.length };
}

function sentence(done: Record<string, unknown>): string {
	if ("acknowledged" in done) {
		return `Wrote what servers said of ${plural(Number(done["acknowledged"]), "report")}. Carry the file back: et import there.`;
	}
	return `Wrote ${plural(Number(done["reports"]), "report")}. They wait here, too, until et import brings their acknowledgements.`;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [path, surplus] = positionals;
	if (path === undefined) throw usageError(spec.name, "Which file shall be written?");
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	const done = given.acknowledged ? exportAcknowledged(context, path) : exportReports(context, path, given.project);
	if (given.json) context.out.line(JSON.stringify(done));
	else say(context, [sentence({ ...done })]);
	return EXIT_CODES.ok;
}
