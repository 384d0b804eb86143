/** Keeps this process from leaving an image of its memory where that of a command belongs. */
import { readFileSync } from "node:fs";

function coreLimit(): string | null {
	try {
		return /^Max core file size\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? null;
	} catch {
		return null;
	}
}

/**
 * Forbids this process to dump core; Node.js has no call for it, util-linux has a program.
 *
 * @returns whether no core will be dumped. Never throws
 */
export function forbidCoreDump(): boolean {
	if (coreLimit() === "0") return true;
	const { spawnSync } = process.getBuiltinModule("node:child_process");
	const { status } = spawnSync("prlimit", ["--core=0:", `--pid=${process.pid}`], { stdio: "ignore" });
	return status === 0 && coreLimit() === "0";
}
