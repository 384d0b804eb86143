/** What a scheduler says became of jobs. */
import { execFile } from "node:child_process";

/** `over`: it has ended, nobody says why. `unknown`: nobody could be asked, or knew. */
export type JobState = "running" | "over" | "oom" | "walltime" | "cancelled" | "preempted" | "node_fail" | "unknown";

export interface AskedJob {
	scheduler: string;
	id: string;
	/** Null for the cluster of this machine. */
	cluster: string | null;
}

/** States of sacct(1), JOB STATE CODES. */
const STATES: ReadonlyMap<string, JobState> = new Map([
	["OUT_OF_MEMORY", "oom"],
	["TIMEOUT", "walltime"],
	["DEADLINE", "walltime"],
	["CANCELLED", "cancelled"],
	["PREEMPTED", "preempted"],
	["NODE_FAIL", "node_fail"],
	["COMPLETED", "over"],
	["FAILED", "over"],
	["BOOT_FAIL", "over"],
	["REVOKED", "over"],
	["PENDING", "running"],
	["CONFIGURING", "running"],
	["RUNNING", "running"],
	["REQUEUED", "running"],
	["RESIZING", "running"],
	["SIGNALING", "running"],
	["STAGE_OUT", "running"],
	["STOPPED", "running"],
	["SUSPENDED", "running"],
	["COMPLETING", "running"],
]);

/** Of one state as sacct or scontrol writes it, such as `CANCELLED by 1000` or `CANCELLED+`. Pure. */
export function slurmState(text: string): JobState {
	return STATES.get(text.trim().split(/[\s+]/, 1)[0] ?? "") ?? "unknown";
}

/** By job, of `sacct --format=JobID,State --parsable2`: `123_4|TIMEOUT`, a line each. Pure. */
export function accountedStates(output: string): Map<string, JobState> {
	const lines = output.split("\n").map((line) => line.split("|"));
	return new Map(lines.map(([id = "", state = ""]) => [id, slurmState(state)]));
}

/** A controller or a database that hangs is not waited for longer. */
const ASK_MS = 10_000;
const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;

/** @returns what the program prints; nothing where it is not there, fails, or takes too long */
function ask(program: string, words: readonly string[]): Promise<string> {
	return new Promise((resolve) => {
		const limits = { encoding: "utf8", timeout: ASK_MS, maxBuffer: MOST_OUTPUT_BYTES } as const;
		execFile(program, words, limits, (error, stdout) => resolve(error === null ? stdout : ""));
	});
}

const SLURM_ID = /^\d+(?:_\d+)?$/;
const CLUSTER = /^[\w.-]+$/;
/** Ids of one call: a command line has room for more. */
const IDS_PER_CALL = 500;
/** The controller is asked of jobs one by one. */
const MOST_SHOWN = 20;

/** The accounting knows jobs of any age; the controller those of the last minutes, also where nothing is accounted. */
async function askSlurm(cluster: string | null, ids: readonly string[]): Promise<Map<string, JobState>> {
	const where = cluster === null ? [] : [`--clusters=${cluster}`];
	const states = new Map<string, JobState>();
	for (let at = 0; at < ids.length; at += IDS_PER_CALL) {
		const jobs = `--jobs=${ids.slice(at, at + IDS_PER_CALL).join(",")}`;
		const words = [...where, jobs, "--allocations", "--noheader", "--parsable2", "--format=JobID,State"];
		for (const [id, state] of accountedStates(await ask("sacct", words))) states.set(id, state);
	}
	for (const id of ids.filter((id) => (states.get(id) ?? "unknown") === "unknown").slice(0, MOST_SHOWN)) {
		const shown = await ask("scontrol", [...where, "--oneliner", "show", "job", id]);
		states.set(id, slurmState(/\bJobState=(\S+)/.exec(shown)?.[1] ?? ""));
	}
	return states;
}

/** What is known of jobs. */
export type JobStates = (job: AskedJob) => JobState;

/** Asks the schedulers of this machine. Never rejects. */
export async function askJobs(jobs: readonly AskedJob[]): Promise<JobStates> {
	const askable = jobs.filter(
		({ scheduler, id, cluster }) =>
			scheduler === "slurm" && SLURM_ID.test(id) && (cluster === null || CLUSTER.test(cluster)),
	);
	const clusters = new Map<string | null, Map<string, JobState>>();
	for (const cluster of new Set(askable.map((job) => job.cluster))) {
		const ids = new Set(askable.filter((job) => job.cluster === cluster).map(({ id }) => id));
		clusters.set(cluster, await askSlurm(cluster, [...ids]));
	}
	return ({ scheduler, id, cluster }) =>
		(scheduler === "slurm" ? clusters.get(cluster)?.get(id) : undefined) ?? "unknown";
}
