/**
 * The limits of this process's own cgroup and of all above it, version 1 and 2, on one machine or both at once: which
 * group it is in stands in /proc/self/cgroup, where its files are in /proc/self/mountinfo (cgroups(7),
 * proc_pid_mountinfo(5), the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/).
 */
import type { FileReader } from "./file-reader.js";
import type { FoundLimit } from "./limit.js";

/** Where one hierarchy is mounted. */
interface Mount {
	/** The group that its mount point shows: not the topmost in some containers. */
	root: string;
	point: string;
	version: 1 | 2;
	/** Of version 1; one hierarchy of version 2 has them all. */
	controllers: readonly string[];
}

/** Deeper than this nobody nests, and a walk up has to end. */
const MOST_GROUPS = 64;
const ROOT_FIELD = 3;
const POINT_FIELD = 4;

/** As the kernel writes a space, a tab, a line's end and a backslash. */
const unescaped = (text: string): string =>
	text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const isCgroup = (line: string): boolean => line.includes(" - cgroup");

function mountOf(line: string): Mount[] {
	const [mounted = "", filesystem = ""] = line.split(" - ");
	const fields = mounted.split(" ");
	const [type, , options = ""] = filesystem.split(" ");
	if (type !== "cgroup" && type !== "cgroup2") return [];
	return [
		{
			root: unescaped(fields[ROOT_FIELD] ?? "/"),
			point: unescaped(fields[POINT_FIELD] ?? ""),
			version: type === "cgroup2" ? 2 : 1,
			controllers: options.split(","),
		},
	];
}

/** Paths of this process's group by controller; that of version 2 under "". */
function ownGroups(read: FileReader): Map<string, string> {
	const rows = (read("/proc/self/cgroup") ?? "").matchAll(/^\d+:([^:]*):(.*)$/gm);
	return new Map([...rows].flatMap(([, names = "", path = "/"]) => names.split(",").map((name) => [name, path])));
}

/** A group's path below what a mount shows; nothing where it shows another part. */
function pathBelow(root: string, group: string): string {
	if (root === "/") return group;
	return group.startsWith(`${root}/`) ? group.slice(root.length) : "";
}

/** The folder of the process's group and those above it, as far as the mount shows them; the group's own first. */
function foldersUp({ root, point }: Mount, group: string): string[] {
	const parts = pathBelow(root, group).split("/");
	const names = parts.filter((name) => name !== "" && name !== "..").slice(0, MOST_GROUPS);
	return [...names.map((_, index) => `${point}/${names.slice(0, names.length - index).join("/")}`), point];
}

/** Without a limit, version 2 says "max", and version 1 a number that no machine has. */
function bytesIn(text: string | null): number | null {
	const bytes = Number(text?.trim() || Number.NaN);
	return Number.isSafeInteger(bytes) ? bytes : null;
}

/** CPU time in a period, over the period: CPUs, perhaps a part of one. "max" and -1 are no limit. */
function quotaIn(text: string | null): number | null {
	const [quota = Number.NaN, period = Number.NaN] = (text ?? "").trim().split(/\s+/).map(Number);
	return quota > 0 && period > 0 ? quota / period : null;
}

/** What a folder says, by the name of the file that says it. */
function limitsIn(folder: string, controller: string, version: 1 | 2, read: FileReader): [by: string, number | null][] {
	const file = (name: string): string | null => read(`${folder}/${name}`);
	if (controller === "memory") {
		const name = version === 2 ? "memory.max" : "memory.limit_in_bytes";
		return [[name, bytesIn(file(name))]];
	}
	if (version === 2) return [["cpu.max", quotaIn(file("cpu.max"))]];
	const quota = file("cpu.cfs_quota_us");
	return quota === null ? [] : [["cpu.cfs_quota_us", quotaIn(`${quota.trim()} ${file("cpu.cfs_period_us")}`)]];
}

const CONTROLLERS = [
	["memory", "memoryBytes"],
	["cpu", "cpus"],
] as const;

/** Every limit of memory and of CPU time. Never throws. */
export function cgroupLimits(read: FileReader): FoundLimit[] {
	const groups = ownGroups(read);
	const mounts = (read("/proc/self/mountinfo") ?? "").split("\n").filter(isCgroup).flatMap(mountOf);
	return CONTROLLERS.flatMap(([controller, limit]) => {
		const first = mounts.filter(({ controllers }) => controllers.includes(controller));
		// Of both versions at once, only one has a controller.
		const holding = first.length > 0 ? first : mounts.filter(({ version }) => version === 2);
		return holding.flatMap((mount) => {
			const group = groups.get(mount.version === 2 ? "" : controller);
			const folders = group === undefined ? [] : foldersUp(mount, group);
			const found = folders.flatMap((folder) => limitsIn(folder, controller, mount.version, read));
			return found.flatMap(([by, value]) => (value === null ? [] : [{ limit, value, by: `cgroup, ${by}` }]));
		});
	});
}
