/** What a job was given: by files as kernels write them, and by limits that this kernel really sets. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { foundLimits, limitsOf, smallest } from "../../src/host/limits.js";
import { runProgram } from "../helpers/child.js";
import { ET_WORDS } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";
import { needing, onLinux } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const GIB = 1024 ** 3;
const NONE_V1 = "9223372036854771712\n";

/** A machine that has just these files. */
function machine(t: ExecutionContext, files: Record<string, string>): string {
	const root = temporaryFolder(t);
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	return root;
}

const CGROUP2_MOUNT =
	"24 1 0:22 / /proc rw - proc proc rw\n35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

test("version 2: the smallest of the own group and those above it", (t) => {
	const root = machine(t, {
		"/proc/self/cgroup": "0::/system.slice/slurmstepd.scope/job_7/step_0\n",
		"/proc/self/mountinfo": CGROUP2_MOUNT,
		"/sys/fs/cgroup/system.slice/memory.max": `${64 * GIB}\n`,
		"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/memory.max": `${2 * GIB}\n`,
		"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/cpu.max": "150000 100000\n",
		"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/memory.max": "max\n",
		"/sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_0/cpu.max": "max 100000\n",
	});
	t.deepEqual(limitsOf({}, [], root), { memoryBytes: 2 * GIB, wallS: null, cpus: 1.5 });
	t.is(smallest(foundLimits({}, [], root), "memoryBytes")?.by, "cgroup, memory.max");
});

test("version 1: each controller has its own group and its own mount", (t) => {
	const root = machine(t, {
		"/proc/self/cgroup": "4:memory:/slurm/uid_1000/job_7\n2:cpu,cpuacct:/user\n1:name=systemd:/x\n",
		"/proc/self/mountinfo":
			"31 23 0:28 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n32 23 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n",
		"/cg/memory/memory.limit_in_bytes": NONE_V1,
		"/cg/memory/slurm/uid_1000/memory.limit_in_bytes": `${8 * GIB}\n`,
		"/cg/memory/slurm/uid_1000/job_7/memory.limit_in_bytes": NONE_V1,
		"/cg/cpu,cpuacct/user/cpu.cfs_quota_us": "200000\n",
		"/cg/cpu,cpuacct/user/cpu.cfs_period_us": "100000\n",
		"/cg/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
		"/cg/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
	});
	t.deepEqual(limitsOf({}, [], root), { memoryBytes: 8 * GIB, wallS: null, cpus: 2 });
});

test("a container that sees its own group as the topmost, under a name with a space", (t) => {
	const root = machine(t, {
		"/proc/self/cgroup": "4:memory:/docker/b1946/inner\n2:cpu:/user\n0::/../elsewhere\n",
		"/proc/self/mountinfo":
			"32 23 0:29 /docker/b1946 /cg\\040one/memory rw - cgroup cgroup rw,memory\n33 23 0:30 / /cg2 rw - cgroup2 none rw\n",
		"/cg one/memory/memory.limit_in_bytes": `${GIB}\n`,
		"/cg one/memory/inner/memory.limit_in_bytes": `${3 * GIB}\n`,
		"/cg2/cpu.max": "50000 100000\n",
	});
	t.deepEqual(limitsOf({}, [], root), { memoryBytes: GIB, wallS: null, cpus: 0.5 });
});

test("what can't be read, or is no number, is not known, and never 0", (t) => {
	t.is(limitsOf({}, [], machine(t, {})), null);
	const root = machine(t, {
		"/proc/self/cgroup": "0::/\nnonsense\n",
		"/proc/self/mountinfo": `${CGROUP2_MOUNT}nonsense - cgroup2\n`,
		"/sys/fs/cgroup/memory.max": "",
		"/sys/fs/cgroup/cpu.max": "0 100000\n",
		"/proc/self/limits": "Max address space        0                    0                    bytes\n",
		"/proc/self/status": "Cpus_allowed_list:\t\n",
		"/sys/devices/system/cpu/online": "0-3\n",
	});
	t.is(limitsOf({ SLURM_MEM_PER_NODE: "8G", SLURM_CPUS_ON_NODE: "-1" }, ["slurm"], root), null);
});

test("a mask that leaves CPUs out is a limit, and one that has them all is none", (t) => {
	const masked = (allowed: string) =>
		limitsOf(
			{},
			[],
			machine(t, {
				"/proc/self/status": `Threads:\t1\nCpus_allowed_list:\t${allowed}\nMems_allowed:\t1\n`,
				"/sys/devices/system/cpu/online": "0-63\n",
			}),
		);
	t.is(masked("0-3,8,60-63")?.cpus, 9);
	t.is(masked("0-63"), null);
});

test("soft limits of address space and data bound memory, those of CPU time nothing", (t) => {
	const root = machine(t, {
		"/proc/self/limits": [
			"Limit                     Soft Limit           Hard Limit           Units     ",
			"Max cpu time              60                   60                   seconds   ",
			"Max data size             4294967296           unlimited            bytes     ",
			"Max address space         8589934592           unlimited            bytes     ",
		].join("\n"),
	});
	t.deepEqual(limitsOf({}, [], root), { memoryBytes: 4 * GIB, wallS: null, cpus: null });
});

test("of a scheduler's word and the cgroup's, the smaller applies", (t) => {
	const root = machine(t, {
		"/proc/self/cgroup": "0::/\n",
		"/proc/self/mountinfo": CGROUP2_MOUNT,
		"/sys/fs/cgroup/memory.max": `${3 * GIB}\n`,
	});
	const memory = (SLURM_MEM_PER_NODE: string) => limitsOf({ SLURM_MEM_PER_NODE }, ["slurm"], root)?.memoryBytes;
	t.is(memory("2048"), 2 * GIB);
	t.is(memory("4096"), 3 * GIB);
});

/** `et doctor --json`, started by a line of bash: `$0` stands for it. */
async function doctorIn(t: ExecutionContext, line: string) {
	const { env } = temporaryHome(t);
	const { stdout } = await runProgram(t, "bash", ["-c", line, ...ET_WORDS, "doctor", "--json"], { env });
	const { found } = JSON.parse(stdout) as { found: { limits: { limit: string; value: number; by: string }[] } };
	return found.limits;
}

onLinux("a real ulimit", async (t) => {
	const limits = await doctorIn(t, 'ulimit -Sv 9000000; exec "$0" "$@"');
	t.true(limits.some(({ by, value }) => by === "ulimit, address space" && value === 9_000_000 * 1024));
});

const hasTaskset = () => availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

needing("taskset and two CPUs", hasTaskset)("a real mask of CPUs", async (t) => {
	const firstAllowed = "taskset -pc $$ | sed 's/.*: //; s/[-,].*//'";
	const limits = await doctorIn(t, `exec taskset -c "$(${firstAllowed})" "$0" "$@"`);
	t.true(limits.some(({ by, value }) => by === "CPU mask" && value === 1));
});

const V1_MEMORY = "/sys/fs/cgroup/memory";

function canMakeGroup(folder: string): boolean {
	const group = join(folder, `et-test-${process.pid}`);
	try {
		mkdirSync(group);
		rmdirSync(group);
		return true;
	} catch {
		return false;
	}
}

needing("a memory cgroup of version 1 that may be written", () => canMakeGroup(V1_MEMORY))(
	"a real memory cgroup",
	async (t) => {
		const group = join(V1_MEMORY, `et-limits-${process.pid}`);
		mkdirSync(group);
		try {
			writeFileSync(join(group, "memory.limit_in_bytes"), String(GIB));
			const limits = await doctorIn(t, `echo $$ > ${group}/cgroup.procs; exec "$0" "$@"`);
			t.true(limits.some(({ by, value }) => by === "cgroup, memory.limit_in_bytes" && value === GIB));
		} finally {
			rmdirSync(group);
		}
	},
);
