/** A memory cgroup of a test's own, where one may be made: as root, below the one that the test stands in. */
import { existsSync, mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

export interface TestCgroup {
	folder: string;
	/** A file that, once a pid is written to it, moves that process in. */
	procs: string;
	/** Bytes, the most that it has held. */
	peakBytes(): number;
	remove(): void;
}

const PEAKS = ["memory.max_usage_in_bytes", "memory.peak"] as const;

function parents(): string[] {
	const cgroups = readFileSync("/proc/self/cgroup", "utf8");
	const version1 = /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m.exec(cgroups)?.[1];
	const version2 = /^0::(.*)$/m.exec(cgroups)?.[1];
	return [
		...(version1 === undefined ? [] : [join("/sys/fs/cgroup/memory", version1)]),
		...(version2 === undefined ? [] : [join("/sys/fs/cgroup", version2)]),
	];
}

export function makeCgroup(): TestCgroup | null {
	for (const parent of parents()) {
		try {
			const folder = mkdtempSync(join(parent, "et-test-"));
			const peak = PEAKS.map((name) => join(folder, name)).find(existsSync);
			const remove = () => rmdirSync(folder);
			if (peak !== undefined) {
				return {
					folder,
					procs: join(folder, "cgroup.procs"),
					peakBytes: () => Number(readFileSync(peak, "utf8")),
					remove,
				};
			}
			remove();
		} catch {
			// It may not be made here.
		}
	}
	return null;
}

/** Whether one can be made. */
export function canMakeCgroup(): boolean {
	const made = makeCgroup();
	made?.remove();
	return made !== null;
}
