/** How often the kernel has killed for want of memory in a control group, which is how an out-of-memory kill is told. */
import { readFileSync } from "node:fs";

export interface OomCount {
	/** The kernel's file that counts. */
	file: string;
	kills: number;
}

const CGROUPS = "/sys/fs/cgroup";

/** Where the two versions count (cgroups(7); the kernel's cgroup-v1/memory and cgroup-v2). Pure. */
export function oomFiles(procCgroup: string): string[] {
	const files: string[] = [];
	for (const line of procCgroup.split("\n")) {
		const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
		if (path === undefined) continue;
		const folder = path === "/" ? "" : path;
		if (controllers === "")
			files.push(`${CGROUPS}${folder}/memory.events`, `${CGROUPS}/unified${folder}/memory.events`);
		if (controllers?.split(",").includes("memory")) files.push(`${CGROUPS}/memory${folder}/memory.oom_control`);
	}
	return files;
}

function killsIn(file: string): number | null {
	try {
		const match = /^oom_kill (\d+)$/m.exec(readFileSync(file, "utf8"));
		return match === null ? null : Number(match[1]);
	} catch {
		return null;
	}
}

/** The count of this process's control group; null where none is kept. Never throws. */
export function oomCount(): OomCount | null {
	try {
		for (const file of oomFiles(readFileSync("/proc/self/cgroup", "utf8"))) {
			const kills = killsIn(file);
			if (kills !== null) return { file, kills };
		}
	} catch {
		// No such file: not Linux.
	}
	return null;
}

/** Whether the kernel has killed there since it was counted; null where that can't be told any more. */
export function hasKilledSince({ file, kills }: OomCount): boolean | null {
	const now = killsIn(file);
	return now === null ? null : now > kills;
}

/** Whether the kernel says that it killed for want of memory where a process of this boot was that is gone. */
export function diedOfMemory(
	gone: { oom: OomCount | null; boot_id: string | null },
	here: { boot_id: string | null },
): boolean {
	return gone.oom !== null && gone.boot_id === here.boot_id && hasKilledSince(gone.oom) === true;
}
