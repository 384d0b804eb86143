/**
 * A run that is gone without an end: its marker becomes the report of its vanishing. In three steps, each of which may
 * be done again after a crash (docs/races.md): what was decided, with the name of the report's file, is written into
 * the marker; the report is put under that name; the marker is removed.
 */
import { join } from "node:path";
import { writeDurably } from "../document/durable.js";
import { serialiseReport } from "../report/serialise.js";
import type { WireReport } from "../report/types.js";
import { fileName, type SpoolFolders } from "./layout.js";
import { type Gone, type Marker, type MarkerEntry, removeMarker } from "./open-runs.js";
import { serialiseEnvelope } from "./put.js";

/** What is known of a run's end. */
export type End = Pick<Gone, "outcome" | "kill_reason">;

/** Nobody knows how. */
export const UNKNOWN_END: End = { outcome: "unknown", kill_reason: null };
export const OOM_END: End = { outcome: "killed", kill_reason: "oom" };

export interface Chance {
	/** Milliseconds since the epoch. */
	nowMs: number;
	/** `NAME_RANDOM_BYTES` in hexadecimal, drawn anew for each. */
	random: () => string;
}

/** Names it by the time at which it was found, so that its user has time for a look where they want some. */
function decide({ host, processes, envelope }: Marker, end: End, { nowMs, random }: Chance): Gone {
	const pid = processes[0]?.pid ?? 0;
	const name = fileName({ atMs: nowMs, host, pid, runId: envelope.report.run_id, random: random() });
	return { name, ...end };
}

/**
 * @param end how it ended, where no earlier call has decided that
 * @returns whether its report waits now. Never throws: where it could not be put, the marker stays
 */
export function vanish(folders: SpoolFolders, { name, marker }: MarkerEntry, end: End, chance: Chance): boolean {
	const temporary = (file: string): string => join(folders.tmp, `${file}.${chance.random()}.tmp`);
	try {
		const gone = marker.gone ?? decide(marker, end, chance);
		if (marker.gone === null) {
			writeDurably(temporary(name), join(folders.open, name), `${JSON.stringify({ ...marker, gone })}\n`);
		}
		const { outcome, kill_reason } = gone;
		const report: WireReport = { ...marker.envelope.report, outcome, kill_reason, occurred_at: marker.seen_at };
		const text = serialiseEnvelope({ ...marker.envelope, report }, serialiseReport(report));
		writeDurably(temporary(gone.name), join(folders.new, gone.name), `${text}\n`);
		removeMarker(folders, name);
		return true;
	} catch {
		return false;
	}
}
