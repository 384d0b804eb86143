/**
 * Takes fields of one report out of what a spool holds of it beside what waits: the report that a server refused, the
 * copy of what has left, the user's own history.
 */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson } from "../document/durable.js";
import { withoutFields } from "../report/optional-fields.js";
import type { RunFigures } from "../report/run-figures.js";
import { serialiseReport } from "../report/serialise.js";
import type { WireReport } from "../report/types.js";
import type { Envelope } from "./envelope.js";
import { forgetHistory, historyLines } from "./history.js";
import { dropCopies, type KeptLine } from "./kept.js";
import type { SpoolFolders } from "./layout.js";
import { LineFile } from "./line-file.js";
import { entries } from "./read.js";

/** What is taken out of which report. */
export interface Redaction {
	id: string;
	/** Names of the wire (`platform`, `data.KEY`). */
	fields: readonly string[];
}

export interface RedactedTraces {
	/** Reports that a server had refused, which are without the fields now. */
	rejected: number;
	/** Copies of what had left: exact bytes can't be without something, so they are removed. */
	copies: number;
	/** Lines of the history, which are without the fields now. */
	history: number;
}

/** The report without the fields; null where none of them says anything in it. Pure. */
export function redactedReport(report: WireReport, fields: readonly string[]): WireReport | null {
	const without = withoutFields(report, fields);
	return serialiseReport(without) === serialiseReport(report) ? null : without;
}

function redactRejected(folders: SpoolFolders, writer: string, { id, fields }: Redaction): number {
	let redacted = 0;
	for (const { name, envelope } of entries(folders.rejected)) {
		const report = envelope.report.id === id ? redactedReport(envelope.report, fields) : null;
		if (report === null) continue;
		const document = new DurableJson<Envelope>(join(folders.tmp, `${writer}-${name}`), join(folders.rejected, name));
		new LowSync<Envelope>(document, { ...envelope, report }).write();
		redacted++;
	}
	return redacted;
}

/** Any writer's copy of the report: one whose text is none goes as well. */
function holdsFields({ text }: KeptLine, fields: readonly string[]): boolean {
	try {
		return redactedReport(JSON.parse(text) as WireReport, fields) !== null;
	} catch {
		return true;
	}
}

/** What is left is written first, so that a crash costs no line. */
function redactHistory(folders: SpoolFolders, writer: string, { id, fields }: Redaction): number {
	const without = (line: RunFigures): RunFigures => withoutFields(line, fields);
	const isMeant = (line: RunFigures): boolean =>
		line.id === id && JSON.stringify(without(line)) !== JSON.stringify(line);
	const meant = [...historyLines(folders)].filter(isMeant);
	const left = new LineFile(folders.history, `${writer}-redacted`);
	try {
		left.append(meant.map(without));
	} finally {
		left.close();
	}
	return forgetHistory(folders, writer, isMeant);
}

/**
 * @param writer names the files of what is left; no other may have it
 * @throws the system's error; the same, called again, goes on from there
 */
export function redactTraces(folders: SpoolFolders, writer: string, redaction: Redaction): RedactedTraces {
	return {
		rejected: redactRejected(folders, writer, redaction),
		copies: dropCopies(folders, writer, (line) => line.id === redaction.id && holdsFields(line, redaction.fields)),
		history: redactHistory(folders, writer, redaction),
	};
}
