/** What verdicts do to the spool: each report by its own. */
import type { WireVerdict } from "../src/report/wire.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import type { Entry } from "../src/spool/read.js";
import { removeAll, setAsideRejected } from "../src/spool/remove.js";

export interface Settled {
	/** On the server, now or before, or erased there: removed here. */
	delivered: Entry[];
	/** Refused: in rejected/ with the server's reason. */
	rejected: Entry[];
	/** Told to wait, or not spoken of: they stay. */
	staying: Entry[];
	/** The removal of what was delivered; its errors are no loss, since re-sending is harmless. */
	removal: Promise<string[]>;
}

function group(entries: readonly Entry[], verdicts: ReadonlyMap<string, WireVerdict>) {
	const delivered: Entry[] = [];
	const rejected: { entry: Entry; verdict: WireVerdict }[] = [];
	const staying: Entry[] = [];
	for (const entry of entries) {
		const verdict = verdicts.get(entry.envelope.report.id);
		if (verdict === undefined || verdict.verdict === "later") staying.push(entry);
		else if (verdict.verdict === "rejected") rejected.push({ entry, verdict });
		else delivered.push(entry);
	}
	return { delivered, rejected, staying };
}

/** Applies a server's verdicts to the reports of a batch. @throws the system's error where one can't be set aside */
export function settle(
	folders: SpoolFolders,
	entries: readonly Entry[],
	verdicts: ReadonlyMap<string, WireVerdict>,
	now: Date,
): Settled {
	const { delivered, rejected, staying } = group(entries, verdicts);
	for (const { entry, verdict } of rejected) {
		setAsideRejected(folders, entry.name, entry.envelope, {
			at: now.toISOString(),
			code: verdict.code ?? "",
			message: verdict.message ?? "",
		});
	}
	const removal = removeAll(
		folders.new,
		delivered.map(({ name }) => name),
	);
	return { delivered, rejected: rejected.map(({ entry }) => entry), staying, removal };
}
