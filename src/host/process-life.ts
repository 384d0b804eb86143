/**
 * Which process this is, so that another can tell later whether it still lives: a pid alone is reused, means another
 * process in another namespace, and nothing after a reboot. Linux tells all of it in /proc; elsewhere only the pid is
 * known. Where there is doubt, a process is taken to live.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { systemErrorCode } from "../errors.js";

/** Where pids mean something: those of two equal places are of the same processes. */
export interface Place {
	/** Stands for the machine's name. */
	host: string;
	/** Stands for the machine itself, since some share a name; null where the system has no id of it. */
	machine: string | null;
	/** Of this boot of the kernel; containers have that of their host. */
	boot_id: string | null;
	/** The pid namespace (`pid:[4026531836]`); null where the system has none. */
	pid_ns: string | null;
	/** The time namespace, in which the start of a process is counted (time_namespaces(7)). */
	time_ns: string | null;
}

/** A process in its place. */
export interface ProcessMark {
	pid: number;
	/** When it began, in clock ticks since the boot (proc_pid_stat(5), field 22); null where that is not known. */
	start_ticks: number | null;
}

/** `maybe`: something has its pid. `unseen`: it runs, or ran, where nobody here can look. */
export type Life = "alive" | "maybe" | "dead" | "unseen";

const MACHINE_ID = "/etc/machine-id";
/** Places in /proc/PID/stat behind the command's name. */
const STATE_FIELD = 0;
const START_FIELD = 19;
/** It has ended, and its parent has not asked yet how. */
const ENDED_STATES = ["Z", "X", "x"];

function textOf(path: string): string | null {
	try {
		return readFileSync(path, "utf8").trim() || null;
	} catch {
		return null;
	}
}

function linkOf(path: string): string | null {
	try {
		return readlinkSync(path);
	} catch {
		return null;
	}
}

/** The systemd project's id of this machine (machine-id(5)), which is not to be passed on as it is. Never throws. */
export function machineId(): string | null {
	return textOf(MACHINE_ID);
}

/** Where this process is. @param host and machine stand for the name and the id of this machine. Never throws */
export function placeHere(host: string, machine: string | null): Place {
	return {
		host,
		machine,
		boot_id: textOf("/proc/sys/kernel/random/boot_id"),
		pid_ns: linkOf("/proc/self/ns/pid"),
		time_ns: linkOf("/proc/self/ns/time"),
	};
}

type Stat = { pid: number; state: string; startTicks: number };

/** @returns "none" where there is no such process, "hidden" where it can't be read */
function statOf(pid: number | "self"): Stat | "none" | "hidden" {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		// The command's name stands in parentheses and may hold any character.
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		const startTicks = Number(fields[START_FIELD]);
		return { pid: Number.parseInt(stat, 10), state: fields[STATE_FIELD] ?? "", startTicks };
	} catch (error) {
		return ["ENOENT", "ESRCH"].includes(systemErrorCode(error) ?? "") ? "none" : "hidden";
	}
}

/** A process that runs now, as a marker names it; by default this one. Never throws. */
export function markProcess(pid: number = process.pid): ProcessMark {
	const stat = statOf(pid === process.pid ? "self" : pid);
	// Another /proc than that of this namespace may be mounted here.
	const isKnown = typeof stat === "object" && stat.pid === pid && Number.isSafeInteger(stat.startTicks);
	return { pid, start_ticks: isKnown ? stat.startTicks : null };
}

/** Whether /proc, where there is one, shows the processes of this namespace. */
function seesOwnProcesses(): boolean {
	const self = statOf("self");
	return typeof self === "object" ? self.pid === process.pid : process.platform !== "linux";
}

function pidIsTaken(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return systemErrorCode(error) !== "ESRCH";
	}
}

/** A process whose first thread has ended is shown as a zombie while others go on. */
function hasThreads(pid: number): boolean {
	try {
		return readdirSync(`/proc/${pid}/task`).length > 1;
	} catch {
		return false;
	}
}

function lifeOfOne({ pid, start_ticks }: ProcessMark, sameClock: boolean): Life {
	const stat = statOf(pid);
	// A /proc that hides the processes of others (hidepid) says that there are none.
	if (stat === "none") return pidIsTaken(pid) ? "maybe" : "dead";
	if (stat === "hidden") return "maybe";
	if (ENDED_STATES.includes(stat.state) && !hasThreads(pid)) return "dead";
	if (start_ticks === null || !sameClock) return "maybe";
	return stat.startTicks === start_ticks ? "alive" : "dead";
}

/** When this machine was booted, milliseconds since the epoch; null where that is not known. */
function bootedAtMs(): number | null {
	const match = /^btime (\d+)$/m.exec(textOf("/proc/stat") ?? "");
	return match === null ? null : Number(match[1]) * 1000;
}

/** Whether a boot of another id was one of this machine's before, and not one of a machine of the same name. */
function wasBootHere(asked: Place, seenAtMs: number, here: Place): boolean {
	if (asked.boot_id === null || here.boot_id === null) return false;
	if (asked.machine !== null && here.machine !== null) return true;
	const booted = bootedAtMs();
	return booted !== null && seenAtMs < booted;
}

/**
 * Whether any of some processes lives. One that is suspended lives; a zombie does not.
 *
 * @param seenAtMs when they were last known to live, milliseconds since the epoch
 * @param here where the process that asks is. Never throws
 */
export function lifeOf(asked: Place, processes: readonly ProcessMark[], seenAtMs: number, here: Place): Life {
	if (asked.host !== here.host) return "unseen";
	if (asked.machine !== null && here.machine !== null && asked.machine !== here.machine) return "unseen";
	if (asked.boot_id !== here.boot_id) return wasBootHere(asked, seenAtMs, here) ? "dead" : "unseen";
	if (asked.pid_ns !== here.pid_ns || !seesOwnProcesses()) return "unseen";
	const sameClock = asked.time_ns === null || here.time_ns === null || asked.time_ns === here.time_ns;
	const lives = processes.map((one) => lifeOfOne(one, sameClock));
	return lives.find((life) => life === "alive") ?? lives.find((life) => life === "maybe") ?? "dead";
}
