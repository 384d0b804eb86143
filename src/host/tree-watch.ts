/** Follows what a tree of processes holds while it runs, and never for more than a share of a core. */
import { type CgroupPeak, cgroupPeak } from "./cgroup-peak.js";
import type { Figure } from "./figure.js";
import { type Look, ProcessTree } from "./process-tree.js";
import type { CpuTime } from "./resources.js";

/** When to look: often while processes begin, and seldom while nothing changes. */
const LOOKS = {
	/** Not at once: what has only just been loaded says nothing yet of what it will need. */
	firstMs: 2,
	leastMs: 5,
	growth: 2,
	mostMs: 50,
	/** Of a core. */
	share: 5 / 1000,
	/** CPU time that may be spent ahead of that share: a command starts its children early. */
	aheadMs: 30,
	/** CPU time that waking up takes, beside the look itself. */
	wakeMs: 0.2,
} as const;

/** Milliseconds of CPU time that work took: on a busy machine it lasts longer, and costs no more. */
function costMs(work: () => void): number {
	const before = process.cpuUsage();
	work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

const NANOSECONDS_IN_MS = 1e6;

/** Loading `performance` would take some milliseconds. */
const nowMs = (): number => Number(process.hrtime.bigint()) / NANOSECONDS_IN_MS;

/** CPU time that may be spent: it is earned as time passes, and kept up to a bound. */
class Budget {
	private leftMs: number = LOOKS.aheadMs;
	private sinceMs = nowMs();

	spend(milliseconds: number): void {
		const thenMs = nowMs();
		const earnedMs = (thenMs - this.sinceMs) * LOOKS.share;
		this.leftMs = Math.min(LOOKS.aheadMs, this.leftMs + earnedMs) - milliseconds;
		this.sinceMs = thenMs;
	}

	/** Milliseconds until what was spent too much is earned. */
	get waitMs(): number {
		return Math.max(0, -this.leftMs) / LOOKS.share;
	}
}

export interface TreeUsage {
	maxRssBytes: Figure | null;
	threads: Figure | null;
	/** CPU time that the kernel does not add up for the root; null where there was none. */
	orphans: CpuTime | null;
}

export class TreeWatch {
	private readonly tree: ProcessTree;
	private readonly cgroup: CgroupPeak | null = cgroupPeak();
	private readonly budget = new Budget();
	private peak: Figure = { value: 0, by: "" };
	private threads = 0;
	private intervalMs: number = LOOKS.firstMs;
	private timer: NodeJS.Timeout;

	constructor(root: number) {
		this.tree = new ProcessTree(root);
		this.timer = setTimeout(() => this.look(), LOOKS.firstMs);
	}

	/** What has been seen so far. */
	soFar(): Omit<TreeUsage, "orphans"> {
		return {
			maxRssBytes: this.peak.value === 0 ? null : this.peak,
			threads: this.threads === 0 ? null : { value: this.threads, by: "Threads, sampled" },
		};
	}

	/** To be called once the root was waited for. */
	end(): TreeUsage {
		clearTimeout(this.timer);
		return { ...this.soFar(), orphans: this.tree.end() };
	}

	private look(): void {
		let hasGrown = false;
		const cost = costMs(() => {
			const look = this.tree.look();
			this.weigh(look);
			hasGrown = look.hasGrown;
		});
		this.budget.spend(cost + LOOKS.wakeMs);
		this.intervalMs = hasGrown ? LOOKS.leastMs : Math.min(LOOKS.mostMs, this.intervalMs * LOOKS.growth);
		this.timer = setTimeout(() => this.look(), Math.max(this.intervalMs, this.budget.waitMs));
	}

	private weigh({ largestPeakBytes, togetherBytes, threads }: Look): void {
		this.threads = Math.max(this.threads, threads);
		this.raise({ value: largestPeakBytes, by: "VmHWM, sampled" });
		if (togetherBytes > this.peak.value) this.raise(this.together(togetherBytes));
	}

	private raise(figure: Figure): void {
		if (figure.value > this.peak.value) this.peak = figure;
	}

	/** What all hold at once: what several share counts for each, so that it may be more than there ever was. */
	private together(bytes: number): Figure {
		const peakBytes = this.cgroup?.peakBytes() ?? Number.POSITIVE_INFINITY;
		if (peakBytes >= bytes || ![...this.tree.pids].every((pid) => this.cgroup?.holds(pid))) {
			return { value: bytes, by: "VmRSS, sampled" };
		}
		return { value: peakBytes, by: "cgroup peak" };
	}
}
