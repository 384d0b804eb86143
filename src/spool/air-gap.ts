/**
 * Over an air gap: reports leave a spool in one file, another machine's spool takes them in for its
 * uploader, and what servers said comes back in a second file. JSON lines, the first of which says
 * what the file is. Erase keys stay where they are: a file that is carried about holds none.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder, syncFolder, writeDurably } from "../document/durable.js";
import { EtError } from "../errors.js";
import { VERDICTS, type Verdict } from "../report/wire.js";
import { type Envelope, parseEnvelope } from "./envelope.js";
import { journalLines } from "./journal.js";
import type { SpoolFolders } from "./layout.js";
import { namesOf } from "./read.js";
import type { RejectedEnvelope } from "./remove.js";
import { type LooseReport, segmentText } from "./segments.js";

/** What became of one report, as it comes back. */
export interface Acknowledged {
	id: string;
	verdict: Verdict;
	code: string;
	message: string;
}

export type AirGapFile =
	| { kind: "reports"; exportId: string; envelopes: Envelope[] }
	| { kind: "acknowledged"; exportIds: string[]; acknowledged: Acknowledged[] };

const lines = (head: object, rest: readonly object[]): string =>
	[head, ...rest].map((line) => `${JSON.stringify(line)}\n`).join("");

/** The file of an export. Pure. */
export function exportText(exportId: string, at: Date, envelopes: readonly Envelope[]): string {
	const carried = envelopes.map((envelope) => ({ ...envelope, erase_key: null }));
	return lines({ et: 1, export: exportId, at: at.toISOString(), count: carried.length }, carried);
}

/** The file that goes back. Pure. */
export function acknowledgedText(
	exportIds: readonly string[],
	at: Date,
	acknowledged: readonly Acknowledged[],
): string {
	return lines({ et: 1, acknowledged: exportIds, at: at.toISOString(), count: acknowledged.length }, acknowledged);
}

const unusable = (why: string): EtError =>
	new EtError(
		"ET_EXPORT_INVALID",
		`The file can't be imported: ${why}. Nothing was changed. Is it a file that et export wrote, carried over whole?`,
	);

function parseLine(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		throw unusable("a line is not JSON");
	}
}

function parseEnvelopeLine(line: string): Envelope {
	const parsed = parseEnvelope(line);
	if (parsed.ok) return parsed.envelope;
	throw unusable(`a line is no report (${parsed.reason})`);
}

function parseAcknowledged(line: string): Acknowledged {
	const { id, verdict, code, message } = (parseLine(line) ?? {}) as Record<string, unknown>;
	if (typeof id !== "string" || !VERDICTS.includes(verdict as Verdict)) throw unusable("a line is no verdict");
	return { id, verdict: verdict as Verdict, code: String(code ?? ""), message: String(message ?? "") };
}

/** @throws EtError `ET_EXPORT_INVALID` where it is no such file, or not whole */
export function parseAirGapFile(text: string): AirGapFile {
	const [first = "", ...rest] = text.split("\n").filter((line) => line !== "");
	const head = (parseLine(first) ?? {}) as Record<string, unknown>;
	if (head["et"] !== 1) throw unusable("its first line does not say what it is");
	if (head["count"] !== rest.length) throw unusable(`it holds ${rest.length} of ${String(head["count"])} lines`);
	const { export: exportId, acknowledged: exportIds } = head;
	if (typeof exportId === "string" && /^[0-9A-Za-z-]{1,64}$/.test(exportId)) {
		return { kind: "reports", exportId, envelopes: rest.map(parseEnvelopeLine) };
	}
	if (Array.isArray(exportIds)) {
		return { kind: "acknowledged", exportIds: exportIds.map(String), acknowledged: rest.map(parseAcknowledged) };
	}
	throw unusable("its first line does not say what it is");
}

interface ImportDocument {
	et: 1;
	export: string;
	at: string;
	/** Ids of the reports that came with it. */
	ids: string[];
}

function importFile(folders: SpoolFolders, exportId: string): DurableJson<ImportDocument> {
	const name = `${exportId}.json`;
	return new DurableJson(join(folders.tmp, `import-${process.pid}-${name}`), join(folders.imports, name));
}

/** Every import that this spool has taken in; what can't be read is passed over. */
function imports(folders: SpoolFolders): ImportDocument[] {
	return [...namesOf(folders.imports)].flatMap((name) => {
		try {
			const found = JSON.parse(readFileSync(join(folders.imports, name), "utf8")) as ImportDocument;
			return found.et === 1 && Array.isArray(found.ids) ? [found] : [];
		} catch {
			return [];
		}
	});
}

/**
 * Takes reports of another machine into this spool: first what was imported is written down, then
 * one segment holds the reports. Importing a file twice does no harm, since servers know the ids.
 *
 * @param name names the segment; no other may have it
 * @param ids of all that came with the file, also of what waits here already
 * @param reports each with the name that its file would have
 * @throws the system's error; then nothing of it waits here
 */
export function takeIn(
	folders: SpoolFolders,
	{ exportId, at, name }: { exportId: string; at: Date; name: string },
	ids: readonly string[],
	reports: readonly LooseReport[],
): void {
	makeFolder(folders.imports);
	makeFolder(folders.segments);
	const document: ImportDocument = { et: 1, export: exportId, at: at.toISOString(), ids: [...ids] };
	new LowSync<ImportDocument>(importFile(folders, exportId), document).write();
	if (reports.length === 0) return;
	writeDurably(join(folders.tmp, `${name}.seg`), join(folders.segments, `${name}.seg`), segmentText(reports));
	syncFolder(folders.segments);
}

type Reason = Pick<Acknowledged, "code" | "message">;
const NO_REASON: Reason = { code: "", message: "" };

/** Why servers refused what stands in rejected/, by the report's id. */
function rejectionReasons(folders: SpoolFolders): Map<string, Reason> {
	const reasons = new Map<string, Reason>();
	for (const name of namesOf(folders.rejected)) {
		try {
			const found = JSON.parse(readFileSync(join(folders.rejected, name), "utf8")) as RejectedEnvelope;
			reasons.set(found.report.id, { code: found.rejected.code, message: found.rejected.message });
		} catch {
			// Somebody else's file, or just removed.
		}
	}
	return reasons;
}

/** What servers said of imported reports so far, and the exports that they came with. */
export function acknowledgedImports(folders: SpoolFolders): { exportIds: string[]; acknowledged: Acknowledged[] } {
	const documents = imports(folders);
	const wanted = new Set(documents.flatMap(({ ids }) => ids));
	const verdicts = new Map<string, Verdict>();
	for (const line of journalLines(folders)) {
		if ("tried" in line) continue;
		for (const [id, verdict] of Object.entries(line.verdicts)) {
			if (wanted.has(id) && verdict !== "later") verdicts.set(id, verdict);
		}
	}
	const reasons = rejectionReasons(folders);
	return {
		exportIds: documents.map((document) => document.export),
		acknowledged: [...verdicts].map(([id, verdict]) => ({ id, verdict, ...(reasons.get(id) ?? NO_REASON) })),
	};
}
