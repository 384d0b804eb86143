/** What `ps` and pidusage tell of real processes, where there is no /proc to look into. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { ExecutionContext } from "ava";
import { sampleMemory } from "../../src/host/sampled-memory.js";
import { needing } from "../helpers/needs.js";

const withPs = needing("ps, and sh", () => spawnSync("ps", ["-A", "-o", "pid=,ppid="]).status === 0);
const MEBIBYTE = 1024 * 1024;

/** Holds memory until its input ends. */
const HOLD = `const held = Buffer.alloc(64 << 20, 1); process.stdin.resume().on("end", () => process.exit(held[0] - 1)); console.log("held");`;

async function isHeld(child: ChildProcess, times: number): Promise<void> {
	let said = "";
	child.stdout?.setEncoding("utf8").on("data", (text) => {
		said += text;
	});
	while (said.split("held").length - 1 < times) await once(child.stdout ?? child, "data");
}

async function peakOf(t: ExecutionContext, program: string, args: string[], holders: number): Promise<number> {
	const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
	t.teardown(() => child.kill("SIGKILL"));
	await isHeld(child, holders);
	const memory = sampleMemory(child.pid ?? 0);
	while (memory.seenBytes() === null) await new Promise(setImmediate);
	child.stdin?.end();
	await once(child, "exit");
	return memory.end() ?? 0;
}

withPs("the memory of one process", async (t) => {
	const bytes = await peakOf(t, process.execPath, ["-e", HOLD], 1);
	t.true(bytes > 64 * MEBIBYTE && bytes < 256 * MEBIBYTE, String(bytes));
});

withPs("the memory of a process and of its children together", async (t) => {
	const shell = `exec 3<&0; "$0" -e '${HOLD}' <&3 & "$0" -e '${HOLD}' <&3 & wait`;
	const bytes = await peakOf(t, "sh", ["-c", shell, process.execPath], 2);
	t.true(bytes > 2 * 64 * MEBIBYTE, String(bytes));
});

withPs("of what has ended nothing is known, and no 0", async (t) => {
	const child = spawn("true");
	await once(child, "exit");
	const memory = sampleMemory(child.pid ?? 0);
	t.is(memory.end(), null);
});
