/** Servers as benchmarks start them: processes that tell their address, and their peak of memory when they end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Stage } from "../../tools/stage.js";

const PEAK_HOOK = new URL("./peak.js", import.meta.url).href;

/** A program of Node.js that writes its peak of memory (VmHWM, in bytes) into a file when it ends. */
export function startProgram({ env }: Stage, args: readonly string[], peak: string): ChildProcess {
	return spawn(process.execPath, ["--import", PEAK_HOOK, ...args], {
		env: { ...env, BENCH_PEAK: peak },
		stdio: ["ignore", "pipe", "inherit"],
	});
}

/** Where a server listens, once it says so. @throws Error where it ends before */
export async function addressOf(child: ChildProcess): Promise<string> {
	let output = "";
	for await (const text of child.stdout ?? []) {
		output += text;
		const url = /listens on (\S+)\n/.exec(output)?.[1];
		if (url !== undefined) {
			child.stdout?.resume();
			return url;
		}
	}
	throw new Error(`The server ended before it listened: ${output}`);
}

export async function stopServer(child: ChildProcess): Promise<void> {
	const ended = once(child, "exit");
	child.kill("SIGTERM");
	await ended;
}
