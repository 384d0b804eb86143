/** What this process has used so far. */
import { readFileSync } from "node:fs";

export interface ProcessUsage {
	/** Seconds in user mode, children that were waited for included where the system tells. */
	cpuUserS: number;
	/** Seconds in kernel mode, likewise. */
	cpuSystemS: number;
	/** Peak resident memory in bytes, of this process alone. */
	maxRssBytes: number;
	/** The method of the two CPU figures, and of the peak. */
	cpuBy: string;
	maxRssBy: string;
}

/** Clock ticks a second in /proc: USER_HZ, 100 on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** Places of cutime and cstime in /proc/self/stat behind the command's name (proc_pid_stat(5), fields 16 and 17). */
const CUTIME_FIELD = 13;
const CSTIME_FIELD = 14;

/** CPU seconds, to a hundredth, of all children that were waited for, and theirs; null where the system does not tell. */
export function reapedChildren(): { userS: number; systemS: number } | null {
	try {
		const stat = readFileSync("/proc/self/stat", "latin1");
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const userS = Number(fields[CUTIME_FIELD]) / TICKS_PER_SECOND;
		const systemS = Number(fields[CSTIME_FIELD]) / TICKS_PER_SECOND;
		return Number.isFinite(userS + systemS) ? { userS, systemS } : null;
	} catch {
		return null;
	}
}

/**
 * The kernel's high-water mark of this program's memory. getrusage's ru_maxrss would do elsewhere,
 * but on Linux it survives exec: a small script started by a big one would report the big one's.
 */
function highWaterMarkBytes(): number | null {
	try {
		const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"));
		return match === null ? null : Number(match[1]) * 1024;
	} catch {
		return null;
	}
}

/** What this process has used since it began. */
export function processUsage(): ProcessUsage {
	const own = process.resourceUsage();
	const children = reapedChildren();
	const peak = highWaterMarkBytes();
	return {
		cpuUserS: own.userCPUTime / 1e6 + (children?.userS ?? 0),
		cpuSystemS: own.systemCPUTime / 1e6 + (children?.systemS ?? 0),
		maxRssBytes: peak ?? own.maxRSS * 1024,
		cpuBy: children === null ? "getrusage" : "getrusage+cutime",
		maxRssBy: peak === null ? "getrusage" : "VmHWM",
	};
}
