/** How this process stands to a terminal, and to its end. */
import { readFileSync } from "node:fs";

/** Places in /proc/self/stat behind the command's name (proc_pid_stat(5), fields 5 and 8). */
const GROUP_FIELD = 2;
const FOREGROUND_GROUP_FIELD = 5;

/**
 * Whether what is typed at the terminal (Ctrl-C) reaches this process, and so the whole group of
 * processes that it stands in. Where /proc does not tell, a terminal is taken to be this group's.
 */
export function isInForeground(): boolean {
	try {
		const stat = readFileSync("/proc/self/stat", "utf8");
		const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
		return fields[GROUP_FIELD] === fields[FOREGROUND_GROUP_FIELD];
	} catch {
		return usesTerminal();
	}
}

const HANGUP_BIT = 1n;

function parentIgnoresHangup(): boolean {
	try {
		const status = readFileSync(`/proc/${process.ppid}/status`, "utf8");
		const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
		return (BigInt(`0x${ignored}`) & HANGUP_BIT) !== 0n;
	} catch {
		return false;
	}
}

/**
 * Whether this process was started to outlive its terminal: by nohup, or by a script that was.
 * Node.js forgets at its start which signals it was told to ignore, so the caller is asked: a shell
 * names what it started in `_`, and a parent that ignores the hangup has its children ignore it.
 */
export function outlivesTerminal(env: NodeJS.ProcessEnv): boolean {
	return /(?:^|\/)nohup$/.test(env["_"] ?? "") || parentIgnoresHangup();
}

/** Whether one of the standard descriptors is a terminal. */
export function usesTerminal(): boolean {
	const { isatty } = process.getBuiltinModule("node:tty");
	return [0, 1, 2].some((descriptor) => isatty(descriptor));
}
