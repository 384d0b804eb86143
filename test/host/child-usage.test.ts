/** What a command used, against what it says itself. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as timer } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { type ChildUsage, watchChild } from "../../src/host/child-usage.js";

const onLinux = existsSync("/proc/self/status") ? test.serial : test.serial.skip;
const MEBIBYTE = 1024 * 1024;
/** Longer than any time between two looks; timers of one process fire in their order. */
const SOME_LOOKS_MS = 250;

/** Holds memory and waits for the end of its input; says its own peak in bytes once it does nothing else. */
const HOLD = `
	const { readFileSync, writeSync } = require("node:fs");
	const held = Buffer.alloc(64 * 1024 * 1024, 1);
	process.stdin.resume().on("end", () => process.exit(held[0] - 1));
	setImmediate(() => {
		const status = readFileSync("/proc/self/status", "utf8");
		writeSync(1, String(1024 * Number(/VmHWM:\\s+(\\d+)/.exec(status)[1])));
	});`;

/** Watches a child from its start to the end of its input, and reads its first line. */
async function watched(
	t: ExecutionContext,
	program: string,
	args: string[],
): Promise<{ said: string; usage: ChildUsage }> {
	const watch = watchChild();
	const child: ChildProcess = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
	t.teardown(() => child.kill("SIGKILL"));
	watch.follow(child.pid ?? 0);
	const [said] = (await once(child.stdout?.setEncoding("utf8") ?? child, "data")) as [string];
	await timer(SOME_LOOKS_MS);
	child.stdin?.end();
	await once(child, "exit");
	return { said, usage: watch.end() };
}

onLinux("the peak of one process is the kernel's own", async (t) => {
	const { said, usage } = await watched(t, process.execPath, ["-e", HOLD]);
	const peak = Number(said);
	t.true(peak > 64 * MEBIBYTE);
	t.true((usage.maxRssBytes?.value ?? 0) >= peak, `${usage.maxRssBytes?.value} of ${peak}`);
	t.true((usage.maxRssBytes?.value ?? 0) < peak * 1.03, `${usage.maxRssBytes?.value} of ${peak}`);
	t.is(usage.maxRssBytes?.by, "VmHWM, sampled");
});

onLinux("a tree's peak is what its processes held together", async (t) => {
	const shell = `exec 3<&0; "$0" -e '${HOLD}' <&3 >/dev/null & "$0" -e '${HOLD}' <&3; wait`;
	const { usage } = await watched(t, "sh", ["-c", shell, process.execPath]);
	t.true((usage.maxRssBytes?.value ?? 0) > 2 * 64 * MEBIBYTE, `${usage.maxRssBytes?.value}`);
});

onLinux("CPU time is that of the child and of all that it waited for", async (t) => {
	const busy = "const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end); console.log('over');";
	const { usage } = await watched(t, "sh", ["-c", `"$0" -e "${busy}"; read line`, process.execPath]);
	t.true((usage.cpuUserS?.value ?? 0) >= 0.2, `${usage.cpuUserS?.value}`);
	t.is(usage.cpuUserS?.value, Math.round((usage.cpuUserS?.value ?? 0) * 100) / 100);
	t.is(usage.cpuUserS?.by, "cutime");
});

onLinux("what ended before any look has no peak, and no 0", (t) => {
	const watch = watchChild();
	const { pid } = spawnSync("true");
	watch.follow(pid);
	const usage = watch.end();
	t.is(usage.maxRssBytes, null);
	t.not(usage.cpuUserS, null);
});

onLinux("a child that never started has no figures but the CPU time of nothing", (t) => {
	const usage = watchChild().end();
	t.like(usage, { cpuUserS: { value: 0, by: "cutime" }, cpuSystemS: { value: 0, by: "cutime" } });
	t.like(usage, { maxRssBytes: null, threads: null });
});
