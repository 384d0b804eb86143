/**
 * A report on its way: what sending needs, and no more. The parsed envelope is let go as soon as it
 * is read, so that memory holds texts and not trees.
 */
import type { JournalReport, KeyLine } from "../src/spool/journal.js";
import { writtenAtMs } from "../src/spool/layout.js";
import type { WaitingEntry } from "../src/spool/waiting.js";

export interface Parcel {
	/** Its file in new/, or the name that its file had. */
	name: string;
	/** The segment that holds it; null where it has a file of its own. */
	segment: string | null;
	/** The report as it travels. */
	text: string;
	/** Bytes of its file, which bound those of the report. */
	bytes: number;
	/** As the journal names it. */
	report: JournalReport;
	endpoint: string;
	grant: string;
	occurredAt: string;
	approved: boolean;
	/** Milliseconds since the epoch. */
	writtenAtMs: number;
	eraseKey: string | null;
}

export function parcel({ name, segment, text, bytes, envelope }: WaitingEntry): Parcel {
	const { endpoint, grant, report } = envelope;
	const { id, run_id, project, event } = report;
	return {
		name,
		segment,
		text,
		bytes,
		report: { id, run_id, project, event },
		endpoint,
		grant,
		occurredAt: report.occurred_at,
		approved: envelope.approved === true,
		writtenAtMs: writtenAtMs(name, report.occurred_at),
		eraseKey: envelope.erase_key,
	};
}

/** The line that keeps its erase key, or none where its writer made no key. */
export function keyLine({ report, endpoint, eraseKey }: Parcel): KeyLine[] {
	if (eraseKey === null) return [];
	return [{ run_id: report.run_id, key: eraseKey, project: report.project, endpoint }];
}
