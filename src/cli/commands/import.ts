/** `et import`: takes in what another machine exported: its reports, or what servers said of ours. */
import { readFileSync } from "node:fs";
import { IMPORT_GRANT } from "../../consent/decide.js";
import { EtError, systemErrorCode } from "../../errors.js";
import { REPORT_ID_RANDOM_BYTES, reportId } from "../../report/ids.js";
import { type Acknowledged, type AirGapFile, parseAirGapFile, takeIn } from "../../spool/air-gap.js";
import type { Envelope } from "../../spool/envelope.js";
import { Graves } from "../../spool/gone.js";
import { Journal } from "../../spool/journal.js";
import { fileName, hostHash, NAME_RANDOM_BYTES, type SpoolFolders } from "../../spool/layout.js";
import { writerName } from "../../spool/line-file.js";
import { makeFolders } from "../../spool/put.js";
import { remove, setAsideRejected } from "../../spool/remove.js";
import { type WaitingEntry, waiting } from "../../spool/waiting.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { openSpool } from "../spool-view.js";

const options = {
	json: { help: "say what was done as JSON" },
} as const;

export const spec = {
	name: "import",
	summary: "take in a file of et export: another machine's reports, or what servers said of yours",
	usage: ["FILE [--json]"],
	details: [
		"Reports of another machine then wait in your spool, and your uploader sends them. By importing them you agree to their being sent from here; your own decision against a project still rules. Acknowledgements end the waiting of your own reports: what a server has is removed, what it refused is set aside with the reason.",
	],
	options,
	examples: [["et import reports.et", "then et-uploader sends them"]],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

function readFile(path: string): AirGapFile {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		throw new EtError(
			"ET_EXPORT_INVALID",
			`The file ${path} can't be read (${systemErrorCode(error)}). Nothing was changed. Check the path, and who may read it.`,
			{ cause: error },
		);
	}
	return parseAirGapFile(text);
}

/** A report as it waits here: under the grant of whoever imports it, and with the name that a file of its own would have. */
function arrival(context: CliContext, envelope: Envelope): { id: string; name: string; text: string } {
	const { now, hostName, pid, random } = context.client;
	const { id, run_id: runId } = envelope.report;
	const name = fileName({
		atMs: now().getTime(),
		host: hostHash(hostName()),
		pid,
		runId,
		random: Buffer.from(random(NAME_RANDOM_BYTES)).toString("hex"),
	});
	return { id, name, text: JSON.stringify({ ...envelope, grant: IMPORT_GRANT, hold: null, approved: undefined }) };
}

/** A name that no other segment has, as an uploader's: chance parts containers that share host names and process numbers. */
function segmentName({ now, hostName, pid, random }: CliContext["client"]): string {
	const chance = reportId(now().getTime(), random(REPORT_ID_RANDOM_BYTES));
	return `${writerName(hostHash(hostName()), pid, now().getTime())}-import-${chance}`;
}

function importReports(context: CliContext, folders: SpoolFolders, file: Extract<AirGapFile, { kind: "reports" }>) {
	const here = new Set([...waiting(folders)].map(({ envelope }) => envelope.report.id));
	const fresh = file.envelopes.filter(({ report }) => !here.has(report.id));
	makeFolders(folders);
	const about = { exportId: file.exportId, at: context.client.now(), name: segmentName(context.client) };
	takeIn(
		folders,
		about,
		file.envelopes.map((envelope) => envelope.report.id),
		fresh.map((envelope) => arrival(context, envelope)),
	);
	return { kind: "reports", reports: fresh.length, known: file.envelopes.length - fresh.length };
}

/** Ends the waiting of one report, as its server's verdict does. */
function end(
	context: CliContext,
	folders: SpoolFolders,
	entry: WaitingEntry,
	{ verdict, code, message }: Acknowledged,
) {
	const at = context.client.now().toISOString();
	if (verdict === "rejected") setAsideRejected(folders, entry.name, entry.envelope, { at, code, message });
	if (entry.segment === null) remove(folders.new, entry.name);
}

function importAcknowledged(context: CliContext, folders: SpoolFolders, acknowledged: readonly Acknowledged[]) {
	const { now, hostName, pid } = context.client;
	const verdicts = new Map(acknowledged.filter(({ verdict }) => verdict !== "later").map((each) => [each.id, each]));
	const writer = writerName(hostHash(hostName()), pid, now().getTime());
	const graves = new Graves(folders, writer);
	const journal = new Journal(folders, writer);
	const ended: Acknowledged[] = [];
	try {
		for (const entry of waiting(folders)) {
			const verdict = verdicts.get(entry.envelope.report.id);
			if (verdict === undefined) continue;
			end(context, folders, entry, verdict);
			ended.push(verdict);
		}
		graves.bury(ended.map(({ id }) => id));
		const byId = Object.fromEntries(ended.map(({ id, verdict }) => [id, verdict]));
		if (ended.length > 0) {
			journal.answered({ at: now().toISOString(), endpoint: "import", batch: writer, verdicts: byId });
		}
	} finally {
		graves.close();
		journal.close();
	}
	const rejected = ended.filter(({ verdict }) => verdict === "rejected").length;
	return { kind: "acknowledged", delivered: ended.length - rejected, rejected };
}

function sentence(done: ReturnType<typeof importReports> | ReturnType<typeof importAcknowledged>): string {
	if ("reports" in done) {
		const known = done.known === 0 ? "" : ` (${plural(done.known, "report")} more waited here already)`;
		return `Took in ${plural(done.reports, "report")}${known}. Your uploader sends them; then: et export FILE --acknowledged`;
	}
	const refused =
		done.rejected === 0 ? "" : ` ${plural(done.rejected, "report")} refused by a server, kept in rejected/.`;
	return `${plural(done.delivered, "report")} delivered, and removed here.${refused}`;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [path, surplus] = positionals;
	if (path === undefined) throw usageError(spec.name, "Which file shall be taken in?");
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	const file = readFile(path);
	const folders = openSpool(context);
	const done =
		file.kind === "reports"
			? importReports(context, folders, file)
			: importAcknowledged(context, folders, file.acknowledged);
	if (given.json) context.out.line(JSON.stringify(done));
	else say(context, [sentence(done)]);
	return EXIT_CODES.ok;
}
