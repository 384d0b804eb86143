/** What Slurm's own programs say of jobs; the programs here print what its manual pages show. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { batchJobOf } from "../../src/host/batch-job.js";
import { type AskedJob, accountedStates, slurmState } from "../../src/host/scheduler.js";
import { runScript } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { onUnix } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

test("states as sacct(1) and scontrol(1) write them", (t) => {
	t.is(slurmState("OUT_OF_MEMORY"), "oom");
	t.is(slurmState("TIMEOUT\n"), "walltime");
	t.is(slurmState("CANCELLED by 1000"), "cancelled");
	t.is(slurmState("CANCELLED+"), "cancelled");
	t.is(slurmState("RUNNING"), "running");
	for (const text of ["", "constructor", "SOMETHING_NEW"]) t.is(slurmState(text), "unknown");
	t.deepEqual(
		[...accountedStates("7|COMPLETED\n8_3|TIMEOUT\n8_[4-9]|PENDING\n")].filter(([id]) => id !== ""),
		[
			["7", "over"],
			["8_3", "walltime"],
			["8_[4-9]", "running"],
		],
	);
});

test("a job is told by what Slurm sets, and by nothing else", (t) => {
	t.is(batchJobOf({}), null);
	t.deepEqual(batchJobOf({ SLURM_JOB_ID: "17" }), { scheduler: "slurm", id: "17", cluster: null });
	t.deepEqual(
		batchJobOf({
			SLURM_JOB_ID: "19",
			SLURM_ARRAY_JOB_ID: "17",
			SLURM_ARRAY_TASK_ID: "2",
			SLURM_CLUSTER_NAME: "big",
		}),
		{ scheduler: "slurm", id: "17_2", cluster: "big" },
	);
	t.is(batchJobOf({ SLURM_JOB_ID: "17; rm -rf /" }), null);
});

/** Puts programs of the scheduler's names on a PATH of their own, and asks there. */
async function askWith(t: ExecutionContext, programs: Record<string, string>, jobs: readonly AskedJob[]) {
	const folder = temporaryFolder(t);
	for (const [name, body] of Object.entries(programs)) {
		const path = join(folder, name);
		writeFileSync(path, `#!/bin/sh\necho "$0 $*" >> ${folder}/calls\n${body}\n`);
		chmodSync(path, 0o755);
	}
	const script = `import { askJobs } from ${JSON.stringify(moduleUrl("src/host/scheduler.js"))};
		const jobs = ${JSON.stringify(jobs)};
		const stateOf = await askJobs(jobs);
		console.log(JSON.stringify(jobs.map(stateOf)));`;
	const { stdout } = await runScript(t, script, { env: { PATH: `${folder}:/usr/bin:/bin` } });
	const calls = (): string => readFileSync(join(folder, "calls"), "utf8").replaceAll(`${folder}/`, "");
	return { states: JSON.parse(stdout) as string[], calls };
}

const slurm = (id: string, cluster: string | null = null): AskedJob => ({ scheduler: "slurm", id, cluster });

onUnix("the accounting is asked once for all jobs of a cluster, and each cluster apart", async (t) => {
	const sacct = `case "$*" in *--clusters=big*) echo "7|OUT_OF_MEMORY";; *) echo "7|RUNNING"; echo "8_1|TIMEOUT";; esac`;
	const jobs = [slurm("7"), slurm("8_1"), slurm("7", "big")];
	const { states, calls } = await askWith(t, { sacct }, jobs);
	t.deepEqual(states, ["running", "walltime", "oom"]);
	t.is(
		calls(),
		"sacct --jobs=7,8_1 --allocations --noheader --parsable2 --format=JobID,State\n" +
			"sacct --clusters=big --jobs=7 --allocations --noheader --parsable2 --format=JobID,State\n",
	);
});

onUnix(
	"where nothing is accounted, the controller is asked; what it does not know any more is not known",
	async (t) => {
		const sacct = "echo 'Slurm accounting storage is disabled' >&2; exit 1";
		const scontrol = `[ "$4" = 7 ] && echo "JobId=7 JobName=x UserId=u(1) JobState=NODE_FAIL Reason=None" || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }`;
		t.deepEqual((await askWith(t, { sacct, scontrol }, [slurm("7"), slurm("9")])).states, ["node_fail", "unknown"]);
	},
);

onUnix("without a scheduler, or of a job whose name is none, nothing is known, and nothing is asked", async (t) => {
	const jobs = [slurm("7"), { scheduler: "pbs", id: "7", cluster: null }];
	t.deepEqual((await askWith(t, {}, jobs)).states, ["unknown", "unknown"]);
	const odd = [slurm("7 --help"), slurm("7", "a b")];
	const { states, calls } = await askWith(t, { sacct: "echo '7|TIMEOUT'" }, odd);
	t.deepEqual(states, ["unknown", "unknown"]);
	t.throws(calls, { code: "ENOENT" });
});
