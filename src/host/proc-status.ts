/** What /proc/PID/status tells of a process, read cheaply and often. */
import { closeSync, openSync, readSync } from "node:fs";

export interface ProcessStatus {
	parent: number;
	/** Resident now, and at most so far, in bytes; 0 for a zombie, which holds none. */
	rssBytes: number;
	peakBytes: number;
	threads: number;
}

const KIBIBYTE = 1024;
/** Several times what a status takes (proc_pid_status(5)). */
const buffer = Buffer.allocUnsafe(16 * KIBIBYTE);

/** Kept open, so that a look costs half; beyond these, a file is opened for each look. */
const MOST_KEPT_OPEN = 64;
let keptOpen = 0;

function textOf(descriptor: number): string {
	return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
}

function field(text: string, pattern: RegExp): number {
	return Number(pattern.exec(text)?.[1] ?? 0);
}

/** A process under its pid, or null for a thread under its own id, which /proc shows when it is asked. */
function parse(text: string, pid: number): ProcessStatus | null {
	if (field(text, /^Tgid:\s+(\d+)$/m) !== pid) return null;
	return {
		parent: field(text, /^PPid:\s+(\d+)$/m),
		rssBytes: field(text, /^VmRSS:\s+(\d+) kB$/m) * KIBIBYTE,
		peakBytes: field(text, /^VmHWM:\s+(\d+) kB$/m) * KIBIBYTE,
		threads: field(text, /^Threads:\s+(\d+)$/m),
	};
}

/** @throws where there is no such process, or it may not be looked at */
export function readStatus(pid: number): ProcessStatus | null {
	const descriptor = openSync(`/proc/${pid}/status`, "r");
	try {
		return parse(textOf(descriptor), pid);
	} finally {
		closeSync(descriptor);
	}
}

/** The status of one process, to be read again and again: a pid that comes back is not taken for it. */
export class StatusFile {
	private descriptor: number | null;

	constructor(private readonly pid: number) {
		this.descriptor = keptOpen < MOST_KEPT_OPEN ? openSync(`/proc/${pid}/status`, "r") : null;
		if (this.descriptor !== null) keptOpen++;
	}

	/** Null once the process is gone and waited for; the file is closed then. */
	read(): ProcessStatus | null {
		try {
			return this.descriptor === null ? readStatus(this.pid) : parse(textOf(this.descriptor), this.pid);
		} catch {
			this.close();
			return null;
		}
	}

	close(): void {
		if (this.descriptor === null) return;
		keptOpen--;
		closeSync(this.descriptor);
		this.descriptor = null;
	}
}
