/** GNU time, to measure the same processes as `et run` does. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface TimeSays {
	wallS: number;
	/** User and system together; the program prints hundredths of each. */
	cpuS: number;
	/** Of the largest process. */
	maxRssBytes: number;
}

const KIBIBYTE = 1024;

export function hasGnuTime(): boolean {
	const { stdout, stderr } = spawnSync("time", ["--version"], { encoding: "utf8" });
	return /GNU/.test(`${stdout}${stderr}`);
}

/** The command line that measures `command`, and writes its findings to a file. */
export function timed(file: string, command: readonly string[]): string[] {
	return ["time", "--quiet", "-o", file, "-f", "%e %U %S %M", "--", ...command];
}

export function timeSays(file: string): TimeSays {
	const [wallS = 0, userS = 0, systemS = 0, kibibytes = 0] = readFileSync(file, "utf8").split(" ").map(Number);
	return { wallS, cpuS: userS + systemS, maxRssBytes: kibibytes * KIBIBYTE };
}
