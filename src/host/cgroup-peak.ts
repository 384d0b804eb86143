/**
 * The memory cgroup that this process stands in, and the most that it has held since it was made: all
 * its processes together, shared memory counted once, the files that the kernel keeps in memory for
 * them included. No tree of processes in it can have held more.
 *
 * Version 1 and version 2 name the same thing differently (cgroups(7), the kernel's
 * admin-guide/cgroup-v1/memory.rst and admin-guide/cgroup-v2.rst).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Hierarchy {
	/** Its line in /proc/PID/cgroup. */
	line: RegExp;
	/** Its line in mountinfo (proc_pid_mountinfo(5)): the folder that is mounted, and where. */
	mount: RegExp;
	peak: string;
}

const VERSION_1: Hierarchy = {
	line: /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.*)$/m,
	mount: /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup \S+ (?:\S*,)?memory(?:,\S*)?$/m,
	peak: "memory.max_usage_in_bytes",
};
const VERSION_2: Hierarchy = {
	line: /^0::(.*)$/m,
	mount: /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /m,
	// Since Linux 5.19; the root of all has none.
	peak: "memory.peak",
};

/** Only the root of a hierarchy of version 1 has this file; what it counts there is not all. */
const ROOT_ONLY = "release_agent";

/** Spaces and the like, as mountinfo writes them. */
const unescaped = (path: string): string =>
	path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));

/** A cgroup's folder, where what is mounted may begin below the root of all (in a container). */
function folderOf(cgroup: string, root: string, mountPoint: string): string | null {
	if (root === "/") return join(mountPoint, cgroup);
	if (cgroup !== root && !cgroup.startsWith(`${root}/`)) return null;
	return join(mountPoint, cgroup.slice(root.length));
}

/** @returns the file with the peak of this process' cgroup */
function peakFile({ line, mount, peak }: Hierarchy, cgroups: string, mounts: string): string | null {
	const cgroup = line.exec(cgroups)?.[1];
	const [, root, mountPoint] = mount.exec(mounts) ?? [];
	if (cgroup === undefined || root === undefined || mountPoint === undefined) return null;
	const folder = folderOf(cgroup, unescaped(root), unescaped(mountPoint));
	if (folder === null || existsSync(join(folder, ROOT_ONLY)) || !existsSync(join(folder, peak))) return null;
	return join(folder, peak);
}

export interface CgroupPeak {
	/** Bytes; null where it can't be read. */
	peakBytes(): number | null;
	/** Whether a process stands in it; false where that can't be told. */
	holds(pid: number): boolean;
}

/**
 * Null where there is none, or none that tells.
 *
 * @param proc the folder of this process under /proc
 */
export function cgroupPeak(proc = "/proc/self"): CgroupPeak | null {
	try {
		const cgroups = readFileSync(`${proc}/cgroup`, "utf8");
		const mounts = readFileSync(`${proc}/mountinfo`, "utf8");
		for (const hierarchy of [VERSION_1, VERSION_2]) {
			const file = peakFile(hierarchy, cgroups, mounts);
			if (file !== null) return cgroupAt(file, hierarchy.line, hierarchy.line.exec(cgroups)?.[1]);
		}
	} catch {
		// No /proc.
	}
	return null;
}

function cgroupAt(file: string, line: RegExp, own: string | undefined): CgroupPeak {
	return {
		peakBytes() {
			try {
				return Number(readFileSync(file, "latin1")) || null;
			} catch {
				return null;
			}
		},
		holds(pid) {
			try {
				return line.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] === own;
			} catch {
				return false;
			}
		},
	};
}
