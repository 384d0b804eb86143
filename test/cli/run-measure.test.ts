/** What `et run` measures, by the report, beside what GNU time says of the same processes. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { WireReport } from "../../src/report/types.js";
import { type ChildResult, runProgram } from "../helpers/child.js";
import { ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import { hasGnuTime, type TimeSays, timed, timeSays } from "../helpers/gnu-time.js";
import { canMakeCgroup, makeCgroup } from "../helpers/memory-cgroup.js";
import { needing, onLinux } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const MEBIBYTE = 1024 * 1024;

/** Commands that are measured by both; python holds memory for them. */
const hasPython = (): boolean => process.platform === "linux" && spawnSync("python3", ["--version"]).status === 0;
const onLinuxWithPython = needing("Linux and python3", hasPython);
const besideGnuTime = needing("GNU time, python3 and Linux", () => hasPython() && hasGnuTime());

const inCgroup = needing("python3, and a memory cgroup that may be made", () => hasPython() && canMakeCgroup());
const inPidNamespace = needing("unshare, and the right to make a namespace of pids", () => {
	return spawnSync("unshare", ["--pid", "--fork", "true"]).status === 0;
});

/**
 * For python: `until_looked_at()` returns once et, some parents above, has woken up a few times: it looks at what it
 * runs whenever it does.
 */
const LOOKED_AT = `
import os, re, sys, time
def field(pid, name):
    with open("/proc/%d/status" % pid) as status:
        return re.search(r"^%s:\\s+(\\S+)" % name, status.read(), re.M).group(1)
def until_looked_at(times=4):
    pid = os.getppid()
    while field(pid, "Name") not in ("node", "MainThread"):
        pid = int(field(pid, "PPid"))
    before = int(field(pid, "voluntary_ctxt_switches"))
    while int(field(pid, "voluntary_ctxt_switches")) < before + times:
        time.sleep(0.001)
def hold(mebibytes):
    held = bytearray(mebibytes << 20)
    held[::4096] = b"x" * (len(held) // 4096)
    return held
`;

async function measured(
	t: ExecutionContext,
	command: readonly string[],
): Promise<WireReport & { result: ChildResult }> {
	const home = grantedHome(t);
	const result = await et(t, home, ["run", "--manifest", home.manifestPath, "--", ...command]);
	const end = reportsIn(home).find(({ event }) => event === "end");
	if (end === undefined) throw new Error("there is no report of an end");
	return { ...end, result };
}

async function byBoth(t: ExecutionContext, command: readonly string[]): Promise<{ et: WireReport; time: TimeSays }> {
	const file = join(temporaryFolder(t), "time");
	const report = await measured(t, timed(file, command));
	return { et: report, time: timeSays(file) };
}

const cpuOf = ({ cpu_user_s, cpu_system_s }: WireReport): number => (cpu_user_s ?? 0) + (cpu_system_s ?? 0);
const closeTo = (t: ExecutionContext, value: number, other: number, most: number) =>
	t.true(Math.abs(value - other) <= most, `${value} beside ${other}`);

besideGnuTime("CPU time is GNU time's, of a command and of its many short children", async (t) => {
	const shell = "for n in 1 2 3 4 5 6 7 8; do seq 60000 | gzip | gzip -d | sort -r | tail -n 1; done >/dev/null";
	const { et: report, time } = await byBoth(t, ["sh", "-c", shell]);
	t.true(time.cpuS > 0.1, String(time.cpuS));
	// 2 %, or two counts of 10 ms that are cut off, and what GNU time itself needs.
	closeTo(t, cpuOf(report), time.cpuS, Math.max(0.02 * time.cpuS, 0.04));
	t.is(report.measured_by.cpu_user_s, "cutime");
});

besideGnuTime("the peak of one process is GNU time's within 3 %", async (t) => {
	const script = `${LOOKED_AT}held = hold(256); until_looked_at(); del held; until_looked_at()`;
	const { et: report, time } = await byBoth(t, ["python3", "-c", script]);
	t.true(time.maxRssBytes > 256 * MEBIBYTE);
	closeTo(t, report.max_rss_bytes ?? 0, time.maxRssBytes, 0.03 * time.maxRssBytes);
});

besideGnuTime("the peak of a tree is never below its largest process, also where that begins late", async (t) => {
	const script = `${LOOKED_AT}held = hold(int(sys.argv[1])); until_looked_at()`;
	const shell = 'sleep 0.3; for n in 8 96 8; do python3 -c "$0" $n; done';
	const { et: report, time } = await byBoth(t, ["sh", "-c", shell, script]);
	t.true(time.maxRssBytes > 96 * MEBIBYTE);
	t.true((report.max_rss_bytes ?? 0) >= 0.99 * time.maxRssBytes, `${report.max_rss_bytes} of ${time.maxRssBytes}`);
});

onLinuxWithPython("threads are those of all processes at once", async (t) => {
	const script = `${LOOKED_AT}
import threading
over = threading.Event()
for n in range(6): threading.Thread(target=over.wait).start()
until_looked_at(); over.set()`;
	const report = await measured(t, ["python3", "-c", script]);
	t.is(report.threads, 7);
	t.is(report.measured_by.threads, "Threads, sampled");
});

onLinux("what a child writes is counted, and what et writes is not", async (t) => {
	const file = join(temporaryFolder(t), "written");
	const report = await measured(t, ["sh", "-c", `head -c 5242880 /dev/zero >${file}; cat ${file} >/dev/null`]);
	const quiet = await measured(t, ["true"]);
	const written = report.written_bytes ?? -1;
	// In memory (tmpfs) nothing is for storage; elsewhere a file system may write a page or two of its own for the file.
	t.true(written === 0 || (written >= 5 * MEBIBYTE && written < 5.1 * MEBIBYTE), String(written));
	t.is(quiet.written_bytes, 0);
	t.is(report.measured_by.written_bytes, "io");
});

onLinuxWithPython(
	"what outlives the command, and what was orphaned before, counts for as long as the command lasts",
	async (t) => {
		// A subshell starts python, is seen, and ends; python uses CPU time and then waits, until it is killed.
		const orphan = `${LOOKED_AT}
parent = os.getppid()
until_looked_at()
os.kill(parent, 9)
while os.getppid() == parent: time.sleep(0.001)
while time.process_time() < 0.3: pass
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)`;
		const file = join(temporaryFolder(t), "pid");
		const shell = '(python3 -c "$0" "$1" >/dev/null 2>&1; :) & while [ ! -s "$1" ]; do sleep 0.01; done; cat "$1"';
		const report = await measured(t, ["sh", "-c", shell, orphan, file]);
		const pid = Number(report.result.stdout);
		t.teardown(() => process.kill(pid, "SIGKILL"));
		t.true(cpuOf(report) >= 0.29, String(cpuOf(report)));
		t.is(report.measured_by.cpu_user_s, "cutime, sampled");
	},
);

onLinuxWithPython("a child that is killed counts like any other", async (t) => {
	const busy = "import os, time\nwhile time.process_time() < 0.3: pass\nos.kill(os.getpid(), 9)";
	const report = await measured(t, ["sh", "-c", 'python3 -c "$0"; exit 5', busy]);
	t.like(report, { outcome: "failed", exit_code: 5 });
	t.true(cpuOf(report) >= 0.29, String(cpuOf(report)));
	t.is(report.measured_by.cpu_user_s, "cutime");
});

onLinux("what was reaped by nobody that ran is nobody's: a command that never started used nothing", async (t) => {
	const report = await measured(t, ["no-such-command"]);
	t.is(report.exit_code, 127);
	t.like(report, { cpu_user_s: 0, cpu_system_s: 0, max_rss_bytes: null, threads: null, read_bytes: 0 });
});

inCgroup("memory that many processes share counts once, where their cgroup tells", async (t) => {
	const home = grantedHome(t);
	const cgroup = makeCgroup();
	if (cgroup === null) throw new Error("the cgroup could not be made again");
	t.teardown(() => cgroup.remove());
	const script = `${LOOKED_AT}
held = hold(64)
read, write = os.pipe()
children = []
for n in range(8):
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    children.append(child)
until_looked_at()
os.close(write)
for child in children: os.waitpid(child, 0)`;
	const shell = 'echo $$ >"$1"; shift; exec "$@"';
	const words = [...ET_WORDS, "run", "--manifest", home.manifestPath, "--", "python3", "-c", script];
	const result = await runProgram(t, "sh", ["-c", shell, "sh", cgroup.procs, ...words], { env: home.env });
	t.like(result, { code: 0, stderr: "" });
	const end = reportsIn(home).find(({ event }) => event === "end");
	t.is(end?.measured_by.max_rss_bytes, "cgroup peak");
	t.true((end?.max_rss_bytes ?? 0) > 64 * MEBIBYTE);
	t.true((end?.max_rss_bytes ?? 0) <= cgroup.peakBytes(), `${end?.max_rss_bytes} of ${cgroup.peakBytes()}`);
	t.true((end?.max_rss_bytes ?? 0) < 8 * 64 * MEBIBYTE);
});

inPidNamespace("where /proc shows others' pids, no other process is taken for the command", async (t) => {
	const home = grantedHome(t);
	const command = ["run", "--manifest", home.manifestPath, "--", "sleep", "0.2"];
	const result = await runProgram(t, "unshare", ["--pid", "--fork", ...ET_WORDS, ...command], { env: home.env });
	t.like(result, { code: 0, stderr: "" });
	const end = reportsIn(home).find(({ event }) => event === "end");
	t.like(end, { outcome: "ok", cpu_user_s: 0, max_rss_bytes: null, threads: null });
});
