/** The uploader's lease, taken by a command that must have the spool for itself. */
import { mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { FOLDER_MODE } from "../document/durable.js";
import { EtError, systemErrorCode } from "../errors.js";
import { hostHash, type SpoolFolders } from "../spool/layout.js";
import { readState } from "../spool/state.js";
import type { CliContext } from "./context.js";

/** As the uploader has it (daemon/policy.ts): a lease without a heartbeat for so long is abandoned. */
const STALE_MS = 60 * 1000;

/** What a process was started as; empty where it can't be told, or there is none. */
function commandOf(pid: number): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
	} catch {
		const { spawnSync } = process.getBuiltinModule("node:child_process");
		const { stdout } = spawnSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" });
		return stdout ?? "";
	}
}

/** The uploader of this machine that runs, by the state that it left; null where there is none. */
function runningUploader({ client }: CliContext, folders: SpoolFolders): number | null {
	const { pid, host } = readState(folders);
	if (pid === null || host !== hostHash(client.hostName())) return null;
	return /et-uploader|daemon[/\\]main/.test(commandOf(pid)) ? pid : null;
}

const busy = (who: string): EtError =>
	new EtError(
		"ET_SPOOL_UNAVAILABLE",
		`An uploader works with this spool${who}. Nothing was removed. Stop it (systemctl --user stop et-uploader, or kill it), and do this again.`,
	);

function claim(folders: SpoolFolders): boolean {
	try {
		mkdirSync(folders.lease, FOLDER_MODE);
		return true;
	} catch (error) {
		if (systemErrorCode(error) !== "EEXIST") throw error;
		return false;
	}
}

/**
 * Takes the lease, so that no uploader begins. Where there is no spool there is nothing to take.
 *
 * @returns gives it back
 * @throws EtError `ET_SPOOL_UNAVAILABLE` where an uploader runs on this machine, or another's holds the lease
 */
export function holdLease(context: CliContext, folders: SpoolFolders): () => void {
	const running = runningUploader(context, folders);
	if (running !== null) throw busy(` (process ${running})`);
	if (statSync(folders.root, { throwIfNoEntry: false }) === undefined) return () => {};
	if (!claim(folders)) {
		const heldMs = statSync(folders.lease, { throwIfNoEntry: false })?.mtimeMs ?? 0;
		const isOfThisHost = readState(folders).host === hostHash(context.client.hostName());
		// Of this host no uploader runs: whoever held it has died.
		if (!isOfThisHost && Math.abs(Date.now() - heldMs) < STALE_MS) throw busy(" on another machine");
		rmdirSync(folders.lease);
		if (!claim(folders)) throw busy("");
	}
	return () => {
		try {
			rmdirSync(folders.lease);
		} catch {
			// Gone with the spool.
		}
	};
}
