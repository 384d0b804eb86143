/**
 * What a command that this process started uses, with all that the command starts.
 *
 * CPU time is exact: the kernel adds up what was waited for (cutime and cstime). Peak memory is not
 * kept for a tree of processes, so it is sampled. Where there is no /proc, both are unknown.
 */
import { readdirSync, readFileSync } from "node:fs";
import { reapedChildren } from "./resources.js";

export interface ChildUsage {
	/** Seconds in user mode, all that the child waited for included; null where not known. */
	cpuUserS: number | null;
	/** Seconds in kernel mode, likewise. */
	cpuSystemS: number | null;
	/**
	 * Peak resident memory in bytes: the most that all its processes were seen to hold at once, and at
	 * least the peak of its largest; null where no look was in time.
	 */
	maxRssBytes: number | null;
	/** The method of the two CPU figures, and of the peak; null where there is no figure. */
	cpuBy: string | null;
	maxRssBy: string | null;
}

/** When to look: often at first, since many commands are short, and never for more than a share of a core. */
const LOOKS = {
	firstMs: 2,
	growth: 2,
	mostMs: 100,
	/** Of a core, for looks and for searches of the process table each. */
	share: 1 / 500,
	/** CPU time for searches before their share is looked at: a command starts its children early. */
	freeSearchMs: 20,
} as const;

const KIBIBYTE = 1024;

interface Memory {
	rssBytes: number;
	peakBytes: number;
}

/** A process' memory and its peak; null where it is gone, or a zombie. */
function memoryOf(pid: number): Memory | null {
	try {
		const status = readFileSync(`/proc/${pid}/status`, "utf8");
		const peak = /^VmHWM:\s+(\d+) kB$/m.exec(status);
		const rss = /^VmRSS:\s+(\d+) kB$/m.exec(status);
		if (peak === null || rss === null) return null;
		return { rssBytes: Number(rss[1]) * KIBIBYTE, peakBytes: Number(peak[1]) * KIBIBYTE };
	} catch {
		return null;
	}
}

/** Place of the parent's pid in /proc/PID/stat behind the command's name (proc_pid_stat(5), field 4). */
const PARENT_FIELD = 1;

function parentOf(pid: number): number | null {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[PARENT_FIELD]);
	} catch {
		return null;
	}
}

/** `root` and all processes below it, from one look at the process table. */
function treeOf(root: number): number[] {
	const childrenOf = new Map<number, number[]>();
	for (const name of readdirSync("/proc")) {
		const pid = Number(name);
		const parent = Number.isInteger(pid) ? parentOf(pid) : null;
		if (parent === null) continue;
		const siblings = childrenOf.get(parent);
		if (siblings === undefined) childrenOf.set(parent, [pid]);
		else siblings.push(pid);
	}
	const tree = [root];
	for (const pid of tree) tree.push(...(childrenOf.get(pid) ?? []));
	return tree;
}

/** Milliseconds of CPU time that work took: on a busy machine it lasts longer, and costs no more. */
function costMs(work: () => void): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

/** Follows the memory of a tree of processes. */
class MemoryWatch {
	private peakBytes = 0;
	private pids: number[];
	private readonly startMs = performance.now();
	/** CPU time that searches took. */
	private searchedMs = 0;
	private intervalMs: number = LOOKS.firstMs;
	private timer: NodeJS.Timeout | undefined;

	constructor(root: number) {
		this.pids = [root];
		// Not at once: what has only just been loaded says nothing yet of what it will need.
		this.rest(LOOKS.firstMs);
	}

	/** @returns bytes, or null where nothing was seen */
	end(): number | null {
		clearTimeout(this.timer);
		return this.peakBytes === 0 ? null : this.peakBytes;
	}

	private rest(milliseconds: number): void {
		this.timer = setTimeout(() => this.look(), milliseconds);
	}

	private look(): void {
		const cost = costMs(() => this.weigh());
		// Behind it: a short command would end while the process table is read.
		if (this.maySearch()) this.search();
		this.intervalMs = Math.min(LOOKS.mostMs, this.intervalMs * LOOKS.growth);
		this.rest(Math.max(this.intervalMs, cost / LOOKS.share));
	}

	private maySearch(): boolean {
		const earnedMs = (performance.now() - this.startMs) * LOOKS.share;
		return this.searchedMs < LOOKS.freeSearchMs + earnedMs;
	}

	private search(): void {
		this.searchedMs += costMs(() => {
			this.pids = treeOf(this.pids[0] ?? 0);
		});
	}

	private weigh(): void {
		let together = 0;
		for (const pid of this.pids) {
			const memory = memoryOf(pid);
			if (memory === null) continue;
			together += memory.rssBytes;
			this.peakBytes = Math.max(this.peakBytes, memory.peakBytes);
		}
		this.peakBytes = Math.max(this.peakBytes, together);
	}
}

/** The kernel counts hundredths; a difference of two decimals in binary does not. */
const hundredths = (seconds: number): number => Math.round(seconds * 100) / 100;

export interface ChildWatch {
	/** To be called once the child runs. */
	follow(pid: number): void;
	/** To be called once the child was waited for; ends the watch. */
	end(): ChildUsage;
}

/** Begins before the child does. This process must wait for no other child meanwhile. Never throws. */
export function watchChild(): ChildWatch {
	const before = reapedChildren();
	let memory: MemoryWatch | null = null;
	return {
		follow(pid) {
			if (before !== null) memory = new MemoryWatch(pid);
		},
		end() {
			const maxRssBytes = memory?.end() ?? null;
			const after = before === null ? null : reapedChildren();
			const isKnown = before !== null && after !== null;
			return {
				cpuUserS: isKnown ? hundredths(after.userS - before.userS) : null,
				cpuSystemS: isKnown ? hundredths(after.systemS - before.systemS) : null,
				maxRssBytes,
				cpuBy: isKnown ? "cutime" : null,
				maxRssBy: maxRssBytes === null ? null : "VmHWM, sampled",
			};
		},
	};
}
