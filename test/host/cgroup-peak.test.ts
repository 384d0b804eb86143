/** The memory cgroup that a process stands in, by what the kernel's two versions and containers write down. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { cgroupPeak } from "../../src/host/cgroup-peak.js";
import { runProgram } from "../helpers/child.js";
import { canMakeCgroup, makeCgroup } from "../helpers/memory-cgroup.js";
import { needing } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

interface Machine {
	/** /proc/self/cgroup */
	cgroup: string;
	/** /proc/self/mountinfo; `$` stands for the folder that is the machine's root. */
	mountinfo: string;
	/** Files below the root, and what is in them. */
	files?: Record<string, string>;
}

function peakAt(t: ExecutionContext, { cgroup, mountinfo, files = {} }: Machine): number | null {
	const root = temporaryFolder(t);
	writeFileSync(join(root, "cgroup"), cgroup);
	writeFileSync(join(root, "mountinfo"), mountinfo.replaceAll("$", root));
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	return cgroupPeak(root)?.peakBytes() ?? null;
}

const V1_MOUNTS = `
30 24 0:26 / $/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / $/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
41 31 0:38 / $/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const V2_MOUNTS = "31 23 0:27 / $/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

test("version 1, as Slurm sets it up", (t) => {
	const peak = peakAt(t, {
		cgroup: "9:name=systemd:/\n4:memory:/slurm/uid_1000/job_7/step_0\n1:cpu,cpuacct:/slurm\n0::/\n",
		mountinfo: V1_MOUNTS,
		files: { "fs/cgroup/memory/slurm/uid_1000/job_7/step_0/memory.max_usage_in_bytes": "123456789\n" },
	});
	t.is(peak, 123456789);
});

test("version 1 in a container, which sees its own cgroup alone", (t) => {
	const peak = peakAt(t, {
		cgroup: "4:cpuset,memory:/docker/0a1b\n",
		mountinfo: "35 31 0:32 /docker/0a1b $/fs/cgroup/memory ro,relatime master:9 - cgroup cgroup rw,cpuset,memory\n",
		files: { "fs/cgroup/memory/memory.max_usage_in_bytes": "5000\n" },
	});
	t.is(peak, 5000);
});

test("version 2, with a folder whose name has to be escaped", (t) => {
	const peak = peakAt(t, {
		cgroup: "0::/user.slice/run-r1.scope\n",
		mountinfo: V2_MOUNTS.replace("$/fs/cgroup", "$/fs/c\\040group"),
		files: { "fs/c group/user.slice/run-r1.scope/memory.peak": "42000000\n" },
	});
	t.is(peak, 42000000);
});

test("a kernel without the peak, the root of all, and a cgroup outside of what is mounted tell nothing", (t) => {
	t.is(peakAt(t, { cgroup: "0::/a\n", mountinfo: V2_MOUNTS, files: { "fs/cgroup/a/memory.current": "1\n" } }), null);
	const root = { "fs/cgroup/memory/memory.max_usage_in_bytes": "7\n", "fs/cgroup/memory/release_agent": "\n" };
	t.is(peakAt(t, { cgroup: "4:memory:/\n", mountinfo: V1_MOUNTS, files: root }), null);
	const elsewhere = "35 31 0:32 /docker/x $/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
	t.is(peakAt(t, { cgroup: "4:memory:/docker/xy\n", mountinfo: elsewhere, files: root }), null);
	t.is(peakAt(t, { cgroup: "", mountinfo: "" }), null);
	t.is(cgroupPeak("/nonexistent"), null);
});

const inCgroup = needing("a memory cgroup that may be made", canMakeCgroup);

inCgroup("a real cgroup: who stands in it is known, and its peak", async (t) => {
	const cgroup = makeCgroup();
	if (cgroup === null) throw new Error("the cgroup could not be made again");
	t.teardown(() => cgroup.remove());
	const module = new URL("../../src/host/cgroup-peak.js", import.meta.url).href;
	const script = `
		const { cgroupPeak } = await import(${JSON.stringify(module)});
		const held = Buffer.alloc(64 << 20, 1);
		const cgroup = cgroupPeak();
		console.log(JSON.stringify({ own: cgroup.holds(process.pid), parents: cgroup.holds(process.ppid), peak: cgroup.peakBytes(), held: held[5] }));
	`;
	const shell = 'sh -c \'echo $$ >"$1"; shift; exec "$@"\' sh "$@"; exit $?';
	const words = [cgroup.procs, process.execPath, "--input-type=module", "--eval", script];
	const { stdout } = await runProgram(t, "sh", ["-c", shell, "sh", ...words]);
	const said = JSON.parse(stdout);
	t.like(said, { own: true, parents: false });
	t.true(said.peak > 64 * 2 ** 20 && said.peak <= cgroup.peakBytes(), stdout);
});
