/**
 * What a command that this process started uses, with all that the command starts.
 *
 * CPU time and storage are exact: the kernel adds up what was waited for. Peak memory and threads are
 * not kept for a tree of processes, so they are sampled. Each figure names its method, and is null where
 * nothing tells.
 */
import { readlinkSync } from "node:fs";
import type { Figure } from "./figure.js";
import { type CpuTime, reapedChildren } from "./resources.js";
import { type SampledMemory, sampleMemory } from "./sampled-memory.js";
import { reapedStorageUse } from "./storage-use.js";
import { TreeWatch } from "./tree-watch.js";

export interface ChildUsage {
	/** Seconds in user mode, all that the child waited for included. */
	cpuUserS: Figure | null;
	/** Seconds in kernel mode, likewise. */
	cpuSystemS: Figure | null;
	/**
	 * Peak resident memory in bytes: the most that all its processes were seen to hold at once, and at
	 * least the peak of its largest; null where no look was in time.
	 */
	maxRssBytes: Figure | null;
	/** The most threads that all its processes were seen to have at once. */
	threads: Figure | null;
	/** Bytes that had to come from storage, and that were to be written there, by all that were waited for. */
	readBytes: Figure | null;
	writtenBytes: Figure | null;
}

/** The kernel counts hundredths; a difference of two decimals in binary does not. */
const hundredths = (seconds: number): number => Math.round(seconds * 100) / 100;

/** Whether /proc shows this process, and so its children, under the pids that it knows them by. */
function isOwnProc(): boolean {
	try {
		return readlinkSync("/proc/self") === String(process.pid);
	} catch {
		return false;
	}
}

/** What was waited for since, and what was seen of those whom nobody waited for. */
function cpuSince(before: CpuTime | null, orphans: CpuTime | null): Pick<ChildUsage, "cpuUserS" | "cpuSystemS"> {
	const after = before === null ? null : reapedChildren();
	if (before === null || after === null) return { cpuUserS: null, cpuSystemS: null };
	const by = orphans === null ? "cutime" : "cutime, sampled";
	const userS = after.userS - before.userS + (orphans?.userS ?? 0);
	const systemS = after.systemS - before.systemS + (orphans?.systemS ?? 0);
	return { cpuUserS: { value: hundredths(userS), by }, cpuSystemS: { value: hundredths(systemS), by } };
}

function storageUse(): () => Pick<ChildUsage, "readBytes" | "writtenBytes"> {
	const before = reapedStorageUse();
	return () => {
		const after = before === null ? null : reapedStorageUse();
		if (before === null || after === null) return { readBytes: null, writtenBytes: null };
		// Our own threads go on while they are looked at.
		const since = (key: "readBytes" | "writtenBytes") => ({ value: Math.max(0, after[key] - before[key]), by: "io" });
		return { readBytes: since("readBytes"), writtenBytes: since("writtenBytes") };
	};
}

const NOTHING_SEEN = { maxRssBytes: null, threads: null, orphans: null };
const NOT_YET = { cpuUserS: null, cpuSystemS: null, readBytes: null, writtenBytes: null };

function sampled(memory: SampledMemory | null) {
	const bytes = memory?.end() ?? null;
	return { ...NOTHING_SEEN, maxRssBytes: bytes === null ? null : { value: bytes, by: "pidusage, sampled" } };
}

export interface ChildWatch {
	/** To be called once the child runs. */
	follow(pid: number): void;
	/** What is known while the child runs: that of which the kernel tells only in the end is null. */
	soFar(): ChildUsage;
	/** To be called once the child was waited for; ends the watch. */
	end(): ChildUsage;
}

/** Begins before the child does. This process must wait for no other child meanwhile. Never throws. */
export function watchChild(): ChildWatch {
	const before = reapedChildren();
	const stored = storageUse();
	let tree: TreeWatch | null = null;
	let memory: SampledMemory | null = null;
	return {
		follow(pid) {
			if (isOwnProc()) tree = new TreeWatch(pid);
			// Where there is a /proc of others' pids, nobody can say which of them is the child.
			else if (before === null) memory = sampleMemory(pid);
		},
		soFar: () => ({ ...NOT_YET, ...(tree?.soFar() ?? { maxRssBytes: null, threads: null }) }),
		end() {
			const { orphans, ...seen } = tree?.end() ?? sampled(memory);
			return { ...cpuSince(before, orphans), ...seen, ...stored() };
		},
	};
}
