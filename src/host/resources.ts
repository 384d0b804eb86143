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

/** Seconds of CPU time. */
export interface CpuTime {
	userS: number;
	systemS: number;
}

/** Clock ticks a second in /proc: USER_HZ, 100 on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** Place of utime in /proc/PID/stat behind the command's name; stime, cutime and cstime follow (proc_pid_stat(5), field 14). */
const UTIME_FIELD = 11;

/** A process' own CPU time and that of the children that it waited for, each to a hundredth of a second. */
function cpuTimes(pid: number | "self"): { own: CpuTime; children: CpuTime } | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const [utime = Number.NaN, stime = Number.NaN, cutime = Number.NaN, cstime = Number.NaN] = fields
			.slice(UTIME_FIELD, UTIME_FIELD + 4)
			.map((ticks) => Number(ticks) / TICKS_PER_SECOND);
		if (!Number.isFinite(utime + stime + cutime + cstime)) return null;
		return { own: { userS: utime, systemS: stime }, children: { userS: cutime, systemS: cstime } };
	} catch {
		return null;
	}
}

/** CPU seconds, to a hundredth, of all children that were waited for, and theirs; null where the system does not tell. */
export function reapedChildren(): CpuTime | null {
	return cpuTimes("self")?.children ?? null;
}

/** CPU seconds, to a hundredth, of a process and of the children that it waited for; null where it is gone. */
export function cpuTimeOf(pid: number): CpuTime | null {
	const times = cpuTimes(pid);
	if (times === null) return null;
	const { own, children } = times;
	return { userS: own.userS + children.userS, systemS: own.systemS + children.systemS };
}

/**
 * The kernel's high-water mark of this program's memory. getrusage's ru_maxrss would do elsewhere,
 * but on Linux it survives exec: a small script started by a big one would report the big one's.
 */
function highWaterMarkBytes(): number | null {
	try {
		const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
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
