/**
 * Who flushes where no daemon runs: a user may choose that a script starts the uploader once,
 * detached, and goes on. Off by default; at most once an hour for a spool; never in a batch job,
 * whose nodes often have no network and whose cores are not ours.
 */
import { closeSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { DETACHED } from "../consent/record.js";
import { FILE_MODE } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import type { SpoolFolders } from "../spool/layout.js";
import { readState } from "../spool/state.js";
import type { ClientContext } from "./context.js";
import { uploaderPath } from "./uploader-path.js";

const HOUR_MS = 60 * 60 * 1000;
/** What schedulers set in their jobs: Slurm, PBS and Torque, LSF, SGE, HTCondor. */
const BATCH_JOB_VARIABLES = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "_CONDOR_JOB_AD"];

function isBatchJob(env: NodeJS.ProcessEnv): boolean {
	return BATCH_JOB_VARIABLES.some((name) => (env[name] ?? "") !== "");
}

function uploaderIsAlive(folders: SpoolFolders, nowMs: number): boolean {
	const { alive_at } = readState(folders);
	return alive_at !== null && Math.abs(nowMs - Date.parse(alive_at)) < HOUR_MS;
}

/** One of all processes gets each hour; the claim goes with the orphans of tmp/. */
function claimHour(folders: SpoolFolders, nowMs: number): boolean {
	try {
		closeSync(openSync(join(folders.tmp, `detached-${Math.floor(nowMs / HOUR_MS)}`), "wx", FILE_MODE));
		return true;
	} catch (error) {
		if (systemErrorCode(error) === "EEXIST") return false;
		throw error;
	}
}

/** The child stands elsewhere, so that what is relative here has to be made absolute. */
function childEnvironment(folders: SpoolFolders, { env, folders: own }: ClientContext): NodeJS.ProcessEnv {
	const config = own === null ? {} : { ET_CONFIG: dirname(own.consent) };
	return { ...env, ET_SPOOL: folders.root, ...config };
}

function start(path: string, env: NodeJS.ProcessEnv): void {
	const { spawn } = process.getBuiltinModule("node:child_process");
	const child = spawn(process.execPath, [path, "--once", "--quiet"], {
		detached: true,
		stdio: "ignore",
		cwd: "/",
		env,
		windowsHide: true,
	});
	// A machine that is out of processes: the report is safe, and a later script tries again.
	child.on("error", () => {});
	child.unref();
}

/**
 * Starts the uploader, where the user chose it and none has been alive for an hour.
 *
 * @returns whether it was started. Never throws
 */
export function flushDetached(folders: SpoolFolders, context: ClientContext, chosen: boolean): boolean {
	try {
		if (!chosen && context.env["ET_FLUSH"] !== DETACHED) return false;
		const nowMs = context.now().getTime();
		if (isBatchJob(context.env) || uploaderIsAlive(folders, nowMs)) return false;
		const path = uploaderPath();
		if (path === null || !claimHour(folders, nowMs)) return false;
		start(path, childEnvironment(folders, context));
		return true;
	} catch {
		return false;
	}
}
