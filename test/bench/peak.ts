/** Loaded into a program (`--import`) to learn its peak of memory: written, in bytes, to the file that BENCH_PEAK names. */
import { readFileSync, writeFileSync } from "node:fs";

process.on("exit", () => {
	const path = process.env["BENCH_PEAK"];
	if (path === undefined) return;
	const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"));
	writeFileSync(path, String(Number(match?.[1]) * 1024));
});
