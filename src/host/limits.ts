/**
 * What the job was given: memory, wall time and CPUs, by the variables of its scheduler, its cgroups (version 1 and 2),
 * its resource limits and its CPU mask. The smallest applies; what nothing says is null. docs/platforms.md names the
 * documentation of each, and docs/platforms.json has VARIABLE_LIMITS for clients in other languages.
 */
import { cgroupLimits } from "./cgroup.js";
import { type FileReader, readerAt } from "./file-reader.js";
import type { FoundLimit, LimitName } from "./limit.js";
import type { PlatformKind } from "./platforms.js";

export type Limits = Record<LimitName, number | null>;

export interface VariableLimit {
	limit: LimitName;
	/** Counts only on this platform: elsewhere the variable may be anybody's. */
	platform: PlatformKind;
	/** Variables and numbers, multiplied; of two such parts, the second is taken from the first. */
	value: string;
	/** Counts only where each of these variables matches. */
	onlyIf?: Readonly<Record<string, string>>;
	/** More than this means that there is no limit. */
	most?: number;
}

/** Slurm gives a job without a time limit an end a year after its start. */
const UNDER_A_YEAR_S = 365 * 24 * 60 * 60 - 1;

export const VARIABLE_LIMITS: readonly VariableLimit[] = [
	{ limit: "memoryBytes", platform: "galaxy", value: "GALAXY_MEMORY_MB * 1048576" },
	{ limit: "memoryBytes", platform: "slurm", value: "SLURM_MEM_PER_NODE * 1048576" },
	{ limit: "memoryBytes", platform: "slurm", value: "SLURM_MEM_PER_CPU * SLURM_CPUS_ON_NODE * 1048576" },
	{
		limit: "wallS",
		platform: "slurm",
		value: "SLURM_JOB_END_TIME - SLURM_JOB_START_TIME",
		most: UNDER_A_YEAR_S,
	},
	{ limit: "wallS", platform: "pbs", value: "PBS_WALLTIME" },
	{ limit: "cpus", platform: "galaxy", value: "GALAXY_SLOTS" },
	{ limit: "cpus", platform: "snakemake", value: "OMP_NUM_THREADS" },
	{ limit: "cpus", platform: "slurm", value: "SLURM_CPUS_PER_TASK" },
	{ limit: "cpus", platform: "slurm", value: "SLURM_CPUS_ON_NODE" },
	{ limit: "cpus", platform: "pbs", value: "NCPUS" },
	{ limit: "cpus", platform: "pbs", value: "PBS_NUM_PPN" },
	{ limit: "cpus", platform: "sge", value: "NSLOTS", onlyIf: { NHOSTS: "^1$" } },
	{ limit: "cpus", platform: "lsf", value: "LSB_DJOB_NUMPROC", onlyIf: { LSB_MCPU_HOSTS: "^\\S+\\s+\\d+\\s*$" } },
];

/** A whole number of a variable; not a number where the variable is missing or says anything else. */
function numberOf(env: NodeJS.ProcessEnv, word: string): number {
	const text = /^\d+$/.test(word) ? word : (env[word] ?? "").trim();
	return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function productOf(env: NodeJS.ProcessEnv, words: string): number {
	return words.split(" * ").reduce((product, word) => product * numberOf(env, word), 1);
}

function variableLimit(env: NodeJS.ProcessEnv, rule: VariableLimit): FoundLimit[] {
	const { limit, value: by, onlyIf = {}, most = Number.MAX_SAFE_INTEGER } = rule;
	const [whole = "", ...less] = by.split(" - ");
	const value = less.reduce((left, words) => left - productOf(env, words), productOf(env, whole));
	const counts = Object.entries(onlyIf).every(([name, pattern]) => new RegExp(pattern).test(env[name] ?? ""));
	return counts && value > 0 && value <= most ? [{ limit, value, by }] : [];
}

/** Soft limits of virtual memory: what is resident can't be more. Their CPU limit is no wall time, and not taken for one. */
function resourceLimits(read: FileReader): FoundLimit[] {
	const rows = (read("/proc/self/limits") ?? "").matchAll(/^Max (address space|data size) +(\d+) /gm);
	return [...rows].map(([, what, bytes]) => ({ limit: "memoryBytes", value: Number(bytes), by: `ulimit, ${what}` }));
}

/** How many CPUs a list of the kernel's names, such as `0-3,8`. */
function cpusIn(list: string): number {
	const ranges = list.trim().split(",");
	return ranges.reduce((sum, range) => {
		const [first = Number.NaN, last = first] = range.split("-").map(Number);
		return sum + last - first + 1;
	}, 0);
}

/** A mask that leaves CPUs out is a limit; one with all that there are is none. */
function affinity(read: FileReader): FoundLimit[] {
	const [, allowed] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read("/proc/self/status") ?? "") ?? [];
	const online = read("/sys/devices/system/cpu/online");
	if (allowed === undefined || online === null) return [];
	const value = cpusIn(allowed);
	return value > 0 && value < cpusIn(online) ? [{ limit: "cpus", value, by: "CPU mask" }] : [];
}

/**
 * Every limit that is known of this process, by each who says so. Never throws.
 *
 * @param root stands before every path, so that a test can give another machine
 */
export function foundLimits(env: NodeJS.ProcessEnv, platforms: readonly PlatformKind[], root = ""): FoundLimit[] {
	const read = readerAt(root);
	const rules = VARIABLE_LIMITS.filter(({ platform }) => platforms.includes(platform));
	const found = [
		...rules.flatMap((rule) => variableLimit(env, rule)),
		...cgroupLimits(read),
		...resourceLimits(read),
		...affinity(read),
	];
	return found.filter(({ value }) => value > 0 && value <= Number.MAX_SAFE_INTEGER);
}

/** The smallest of each; null where nothing says. */
export function smallest(found: readonly FoundLimit[], limit: LimitName): FoundLimit | null {
	const candidates = found.filter((each) => each.limit === limit);
	return candidates.sort((a, b) => a.value - b.value)[0] ?? null;
}

/** {@link foundLimits}, the smallest of each; null where nothing is known at all. */
export function limitsOf(env: NodeJS.ProcessEnv, platforms: readonly PlatformKind[], root = ""): Limits | null {
	const found = foundLimits(env, platforms, root);
	if (found.length === 0) return null;
	const least = (limit: LimitName) => smallest(found, limit)?.value ?? null;
	return { memoryBytes: least("memoryBytes"), wallS: least("wallS"), cpus: least("cpus") };
}
