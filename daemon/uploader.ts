/** One round of the uploader: the lease, a flush, and what to tell. */

import { EtError, systemErrorCode } from "../src/errors.js";
import { spoolFolders } from "../src/spool/layout.js";
import { unsafeSpool } from "../src/spool/put.js";
import { type FlushOptions, type FlushSummary, flush } from "./flush.js";
import { takeLease } from "./lease.js";

export type RoundResult =
	| { kind: "flushed"; summary: FlushSummary }
	/** Another uploader is at work on this spool. */
	| { kind: "busy" }
	/** Nothing was ever recorded here. */
	| { kind: "no_spool" };

export type RoundOptions = Omit<FlushOptions, "abort"> & {
	/** Breaks off what is under way at once. */
	abort: AbortSignal;
};

/** @returns whether there is a spool that may be used. @throws EtError `ET_SPOOL_UNSAFE` or `ET_SPOOL_UNAVAILABLE` */
function spoolIsThere(root: string): boolean {
	try {
		const unsafe = unsafeSpool(root);
		if (unsafe === null) return true;
		throw new EtError(
			"ET_SPOOL_UNSAFE",
			`The spool ${root} is not used, since ${unsafe}. Its reports stay where they are. ` +
				"Make it a folder of your own that no other user can write (chmod 700), and run et-uploader again.",
		);
	} catch (error) {
		if (error instanceof EtError) throw error;
		if (systemErrorCode(error) === "ENOENT") return false;
		throw new EtError(
			"ET_SPOOL_UNAVAILABLE",
			`The spool ${root} can't be read (${systemErrorCode(error)}). Its reports stay where they are, and are sent when it can.`,
			{ cause: error },
		);
	}
}

/** Flushes once, under the lease. @throws EtError where the spool can't be used */
export async function round(options: RoundOptions): Promise<RoundResult> {
	const folders = spoolFolders(options.directories.spool);
	if (!spoolIsThere(folders.root)) return { kind: "no_spool" };
	const lease = await takeLease({ folders, policy: options.policy, host: options.host });
	if (lease === null) return { kind: "busy" };
	const tooLong = AbortSignal.timeout(options.policy.flushMs);
	try {
		const stop = AbortSignal.any([options.stop, lease.lost, tooLong]);
		const summary = await flush({ ...options, stop });
		return { kind: "flushed", summary };
	} finally {
		await lease.release();
	}
}
