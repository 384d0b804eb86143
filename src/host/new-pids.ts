/**
 * Which processes have begun since the last look, without a list of all where that can be spared: the
 * kernel says which pid it gave last (proc_loadavg(5), the last field), and gives them in order.
 */
import { readdirSync, readFileSync, statfsSync } from "node:fs";

/** statfs(2)'s number for /proc. What a container puts in its place (lxcfs) counts pids in its own way. */
const PROC_MAGIC = 0x9fa0;
/** A list of all is cheaper than to try more. */
const MOST_TRIED = 64;

function lastPid(): number | null {
	try {
		if (statfsSync("/proc/loadavg").type !== PROC_MAGIC) return null;
		return Number(/ (\d+)\s*$/.exec(readFileSync("/proc/loadavg", "latin1"))?.[1] ?? 0) || null;
	} catch {
		return null;
	}
}

const allPids = (): number[] => readdirSync("/proc").map(Number).filter(Number.isInteger);

export class NewPids {
	/** Those listed before, where the kernel does not say which pid was the last. */
	private listed: ReadonlySet<number> = new Set();

	/** @param last the pid behind which to begin */
	constructor(private last: number) {}

	/** Pids that may be new; some are of threads, and some of nothing any more. */
	next(): Iterable<number> {
		const last = lastPid();
		if (last === null) return this.notListed();
		const before = this.last;
		this.last = last;
		if (last >= before && last - before <= MOST_TRIED) {
			return Array.from({ length: last - before }, (_, index) => before + 1 + index);
		}
		// Behind the highest pid, the kernel begins anew with low ones.
		return allPids().filter((pid) => (last > before ? pid > before && pid <= last : pid > before || pid <= last));
	}

	private notListed(): number[] {
		const all = allPids();
		const fresh = all.filter((pid) => !this.listed.has(pid));
		this.listed = new Set(all);
		return fresh;
	}
}
