/** What verdicts do to the spool: each report by its own. */
import type { WireVerdict } from "../src/report/wire.js";
import type { Envelope } from "../src/spool/envelope.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { readEntry } from "../src/spool/read.js";
import { setAsideRejected } from "../src/spool/remove.js";
import { segmentEntries } from "../src/spool/segments.js";
import type { Parcel } from "./parcel.js";
import type { Removal } from "./removal.js";

export interface Settled {
	/** How many are on the server, now or before, or erased there. */
	delivered: number;
	/** How many were refused: in rejected/ with the server's reason. */
	rejected: number;
	/** Told to wait, or not spoken of: they stay. */
	staying: Parcel[];
	/** The removal of what was settled; what can't be removed is no loss, since re-sending is harmless. */
	removed: Promise<void>;
}

function group(parcels: readonly Parcel[], verdicts: ReadonlyMap<string, WireVerdict>) {
	const delivered: Parcel[] = [];
	const rejected: { parcel: Parcel; verdict: WireVerdict }[] = [];
	const staying: Parcel[] = [];
	for (const parcel of parcels) {
		const verdict = verdicts.get(parcel.report.id);
		if (verdict === undefined || verdict.verdict === "later") staying.push(parcel);
		else if (verdict.verdict === "rejected") rejected.push({ parcel, verdict });
		else delivered.push(parcel);
	}
	return { delivered, rejected, staying };
}

/** Its envelope, read again since this is rare: memory holds texts alone. */
function envelopeOf(folders: SpoolFolders, { name, segment }: Parcel): Envelope | null {
	if (segment !== null) {
		for (const entry of segmentEntries(folders, segment)) if (entry.name === name) return entry.envelope;
		return null;
	}
	const reading = readEntry(folders.new, name);
	return reading.state === "read" ? reading.entry.envelope : null;
}

/** Sets a report aside with the server's reason. */
function reject(folders: SpoolFolders, parcel: Parcel, { code = "", message = "" }: WireVerdict, now: Date): void {
	const envelope = envelopeOf(folders, parcel);
	if (envelope !== null) setAsideRejected(folders, parcel.name, envelope, { at: now.toISOString(), code, message });
}

/** Applies a server's verdicts to the reports of a batch. @throws the system's error where one can't be set aside */
export function settle(
	folders: SpoolFolders,
	removal: Removal,
	parcels: readonly Parcel[],
	verdicts: ReadonlyMap<string, WireVerdict>,
	now: Date,
): Settled {
	const { delivered, rejected, staying } = group(parcels, verdicts);
	for (const { parcel, verdict } of rejected) reject(folders, parcel, verdict, now);
	const settled = [...delivered, ...rejected.map(({ parcel }) => parcel)];
	return { delivered: delivered.length, rejected: rejected.length, staying, removed: removal.remove(settled) };
}
