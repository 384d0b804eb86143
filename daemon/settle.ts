/** What verdicts do to the spool: each report by its own. */
import type { WireVerdict } from "../src/report/wire.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { readEntry } from "../src/spool/read.js";
import { removeAll, setAsideRejected } from "../src/spool/remove.js";
import type { Parcel } from "./parcel.js";

export interface Settled {
	/** On the server, now or before, or erased there: removed here. */
	delivered: Parcel[];
	/** Refused: in rejected/ with the server's reason. */
	rejected: Parcel[];
	/** Told to wait, or not spoken of: they stay. */
	staying: Parcel[];
	/** The removal of what was delivered; its errors are no loss, since re-sending is harmless. */
	removal: Promise<string[]>;
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

/** Sets one aside with the server's reason; its envelope is read again, since this is rare. */
function reject(folders: SpoolFolders, { name }: Parcel, { code = "", message = "" }: WireVerdict, now: Date): void {
	const reading = readEntry(folders.new, name);
	if (reading.state !== "read") return;
	setAsideRejected(folders, name, reading.entry.envelope, { at: now.toISOString(), code, message });
}

/** Applies a server's verdicts to the reports of a batch. @throws the system's error where one can't be set aside */
export function settle(
	folders: SpoolFolders,
	parcels: readonly Parcel[],
	verdicts: ReadonlyMap<string, WireVerdict>,
	now: Date,
): Settled {
	const { delivered, rejected, staying } = group(parcels, verdicts);
	for (const { parcel, verdict } of rejected) reject(folders, parcel, verdict, now);
	const removal = removeAll(
		folders.new,
		delivered.map(({ name }) => name),
	);
	return { delivered, rejected: rejected.map(({ parcel }) => parcel), staying, removal };
}
