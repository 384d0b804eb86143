/**
 * The lease: one uploader a spool, over mkdir and a heartbeat, so that it holds on NFS too. It saves
 * work; correctness never rests on it, since re-sending is harmless.
 */
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import lockfile from "proper-lockfile";
import { FOLDER_MODE } from "../src/document/durable.js";
import { systemErrorCode } from "../src/errors.js";
import { isAlive } from "../src/spool/alive.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { readState } from "../src/spool/state.js";
import type { Policy } from "./policy.js";

export interface Lease {
	/** Aborted when the lease is lost: another took it while this process slept. */
	lost: AbortSignal;
	release(): Promise<void>;
}

export interface LeaseOptions {
	folders: SpoolFolders;
	policy: Policy;
	/** `hostHash` of this machine. */
	host: string;
}

/**
 * Whether the lease is abandoned, although its heartbeat has not aged: the clock was set back since,
 * or its holder was a process of this host that is no more. A lease that is younger than the state
 * is not of the holder that the state names: its own names itself there in a moment, unless it died.
 */
function isAbandoned({ folders, policy, host }: LeaseOptions): boolean {
	const lease = statSync(folders.lease, { throwIfNoEntry: false });
	if (lease === undefined) return false;
	const nowMs = Date.now();
	if (lease.mtimeMs > nowMs + policy.clockJumpMs) return true;
	const { host: holderHost, pid, alive_at } = readState(folders);
	if (holderHost !== null && holderHost !== host) return false;
	if (pid !== null && (pid === process.pid || isAlive(pid))) return false;
	const isNamed = Math.floor(lease.birthtimeMs) <= Date.parse(alive_at ?? "");
	return isNamed || nowMs - lease.birthtimeMs > policy.leaseNamingMs;
}

async function tryOnce({ folders, policy }: LeaseOptions): Promise<Lease | null> {
	const lost = new AbortController();
	try {
		const release = await lockfile.lock(folders.root, {
			lockfilePath: folders.lease,
			stale: policy.leaseStaleMs,
			update: policy.leaseBeatMs,
			retries: 0,
			realpath: false,
			onCompromised: (error) => lost.abort(error),
		});
		return {
			lost: lost.signal,
			release: async () => {
				if (!lost.signal.aborted) await release().catch(() => {});
			},
		};
	} catch (error) {
		if (systemErrorCode(error) === "ELOCKED") return null;
		throw error;
	}
}

/**
 * Takes the lease.
 *
 * @returns null where another uploader holds it
 * @throws the system's error where the spool can't be written
 */
export async function takeLease(options: LeaseOptions): Promise<Lease | null> {
	mkdirSync(options.folders.tmp, { recursive: true, mode: FOLDER_MODE });
	const lease = await tryOnce(options);
	if (lease !== null || !isAbandoned(options)) return lease;
	try {
		rmdirSync(options.folders.lease);
	} catch {
		// Another found it abandoned at the same moment.
	}
	return tryOnce(options);
}
