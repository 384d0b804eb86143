/**
 * Runs as they come in over two years, made up: three projects, some of whose commands take time and memory by the size
 * of their input, some of whose versions are slower, and whose jobs are mostly small and now and then huge. Pure, and
 * the same for the same seed.
 *
 * The shapes are those that real tables of jobs show (docs/benchmarks.md): sizes log-normal with a tail of Pareto's,
 * times flat until the input outweighs the start-up, and few users who run most of the jobs.
 */
import type { Platform, WireReport } from "../src/report/types.js";
import { choose, type Draw, hexadecimal, logNormal, normal, pareto, randomSequence } from "./random.js";

interface Command {
	name: string;
	share: number;
	input: { name: string; unit: string; median: number; sigma: number };
	/** Seconds of any run, and of each unit of input. */
	startS: number;
	perUnitS: number;
	/** How CPU time and wall time grow with the size: 1 is linear. */
	exponent: number;
	baseBytes: number;
	perUnitBytes: number;
	threads: number;
	failing: number;
}

interface Project {
	name: string;
	share: number;
	versions: readonly { version: string; slower: number }[];
	commands: readonly Command[];
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const reads = (median: number, sigma: number) => ({ name: "pairs", unit: "reads", median, sigma });
const bytes = (median: number, sigma: number) => ({ name: "reads", unit: "bytes", median, sigma });

// biome-ignore format: tables are read by their columns
const PROJECTS: readonly Project[] = [
	{
		name: "dunovo",
		share: 5,
		versions: [
			{ version: "2.14", slower: 1 }, { version: "2.15", slower: 0.8 }, { version: "2.16", slower: 0.8 },
			{ version: "3.0.0", slower: 1.3 }, { version: "3.0.1", slower: 0.75 }, { version: "3.0.2", slower: 0.75 },
		],
		commands: [
			{ name: "align-families", share: 4, input: reads(4e6, 1.4), startS: 3, perUnitS: 9e-4, exponent: 1, baseBytes: 90 * MIB, perUnitBytes: 60, threads: 4, failing: 0.04 },
			{ name: "make-consensi", share: 4, input: reads(4e6, 1.4), startS: 1, perUnitS: 2e-4, exponent: 1, baseBytes: 60 * MIB, perUnitBytes: 20, threads: 2, failing: 0.02 },
			{ name: "correct", share: 2, input: reads(2e6, 1.6), startS: 2, perUnitS: 1e-6, exponent: 1.4, baseBytes: 200 * MIB, perUnitBytes: 900, threads: 1, failing: 0.06 },
		],
	},
	{
		name: "bwa-wrapper",
		share: 4,
		versions: [{ version: "0.7.15.1", slower: 1 }, { version: "0.7.17.4", slower: 0.9 }, { version: "0.7.17.5", slower: 0.9 }],
		commands: [
			{ name: "bwa-mem", share: 9, input: bytes(1.5 * GIB, 1.5), startS: 12, perUnitS: 1.4e-6, exponent: 1, baseBytes: 5.5 * GIB, perUnitBytes: 0.2, threads: 8, failing: 0.05 },
			{ name: "index", share: 1, input: { name: "reference", unit: "bases", median: 1e8, sigma: 2 }, startS: 1, perUnitS: 6e-7, exponent: 1.05, baseBytes: 30 * MIB, perUnitBytes: 5.4, threads: 1, failing: 0.01 },
		],
	},
	{
		name: "tidy-vcf",
		share: 1,
		versions: [{ version: "1.0.0", slower: 1 }, { version: "1.1.0", slower: 1.05 }],
		commands: [
			{ name: "normalise", share: 1, input: { name: "variants", unit: "records", median: 4e5, sigma: 1.8 }, startS: 0.4, perUnitS: 2e-5, exponent: 1, baseBytes: 40 * MIB, perUnitBytes: 3, threads: 1, failing: 0.02 },
		],
	},
];

/** Few users run most of the jobs; each has a machine of its own, and works in one place. */
interface User {
	/** How much longer their machine takes. */
	slower: number;
	platform: Platform | null;
	inner: Platform | null;
	limits: { memory_bytes: number | null; wall_s: number | null; cpus: number | null };
	prompt: boolean;
}

const USERS = 2000;
const USER_SHAPE = 1.1;

type Place = readonly [Platform | null, Platform | null];
const PLACES: readonly (readonly [Place, number])[] = [
	[["galaxy", "slurm"], 25],
	[["galaxy", null], 10],
	[["slurm", null], 20],
	[["nextflow", "slurm"], 8],
	[["snakemake", null], 5],
	[["pbs", null], 3],
	[["sge", null], 2],
	[["container", null], 5],
	[["ci", null], 2],
	[[null, null], 20],
];
const BATCH_SYSTEMS: readonly (Platform | null)[] = ["slurm", "pbs", "sge", "lsf"];
const LIMITS_GIB = [4, 8, 16, 32, 64, 128] as const;
const WALL_LIMITS_H = [1, 4, 24, 72, 168] as const;

function makeUser(draw: Draw): User {
	const [platform, inner] = choose(draw, PLACES);
	const inBatch = BATCH_SYSTEMS.includes(platform) || BATCH_SYSTEMS.includes(inner);
	const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(draw() * items.length)];
	return {
		slower: logNormal(draw, 0.35),
		platform,
		inner,
		limits: {
			memory_bytes: inBatch ? (pick(LIMITS_GIB) ?? 0) * GIB : null,
			wall_s: inBatch ? (pick(WALL_LIMITS_H) ?? 0) * 3600 : null,
			cpus: inBatch ? 2 ** Math.floor(draw() * 5) : null,
		},
		prompt: draw() < 0.9,
	};
}

export interface SeededReport {
	report: WireReport;
	/** Milliseconds since the epoch, by the server's clock. */
	receivedAtMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const SPAN_MS = 730 * DAY_MS;
/** What a timestamp of UUIDv7 leaves to chance, in bytes. */
const UUID_RANDOM_BYTES = 10;

function uuid7(draw: Draw, atMs: number): string {
	const time = Math.floor(atMs).toString(16).padStart(12, "0");
	const chance = hexadecimal(draw, UUID_RANDOM_BYTES);
	const variant = (8 + (Number.parseInt(chance.charAt(3), 16) & 3)).toString(16);
	return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(0, 3)}-${variant}${chance.slice(4, 7)}-${chance.slice(8)}`;
}

/** Whose new versions come evenly over the time; half of the users take the newest, the others the one before. */
function versionAt(draw: Draw, { versions }: Project, passed: number) {
	const newest = Math.floor(passed * versions.length);
	const chosen = Math.max(0, newest - (draw() < 0.5 ? 0 : 1));
	return versions[chosen] ?? { version: "0", slower: 1 };
}

/** What a run took and how it ended. Memory and time grow with its input; a limit ends it, and so does chance. */
function fate(draw: Draw, command: Command, size: number, slower: number, { limits }: User) {
	const cpuS = slower * logNormal(draw, 0.2) * (command.startS + command.perUnitS * size ** command.exponent);
	const peak = logNormal(draw, 0.08) * (command.baseBytes + command.perUnitBytes * size);
	const efficiency = 0.6 + 0.35 * draw();
	const wallS = cpuS / Math.max(1, command.threads * efficiency);
	const system = 0.02 + 0.05 * draw();
	const whole = (share: number) => ({
		wall_s: round(wallS * share),
		cpu_user_s: round(cpuS * share * (1 - system)),
		cpu_system_s: round(cpuS * share * system),
	});
	if (limits.memory_bytes !== null && peak > limits.memory_bytes) {
		const reached = 0.2 + 0.7 * draw();
		const allowed = limits.wall_s === null ? 1 : limits.wall_s / wallS;
		return { ...whole(Math.min(reached, allowed)), max_rss_bytes: limits.memory_bytes, end: "oom" as const };
	}
	if (limits.wall_s !== null && wallS > limits.wall_s) {
		return { ...whole(limits.wall_s / wallS), max_rss_bytes: Math.round(peak), end: "walltime" as const };
	}
	const failed = draw() < command.failing;
	return {
		...whole(failed ? draw() : 1),
		max_rss_bytes: Math.round(peak),
		end: failed ? ("failed" as const) : ("ok" as const),
	};
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

const ERRORS = [
	["FileNotFoundError", 4],
	["ValueError", 3],
	["KeyError", 2],
	["MemoryError", 1],
] as const;

/** Each run with its reports, in the order in which the server hears of them: that of their runs' ends, about. */
export function* seededRuns(runs: number, seed: number, untilMs: number): Generator<SeededReport[]> {
	const draw: Draw = randomSequence(seed);
	const users = Array.from({ length: USERS }, () => makeUser(draw));
	for (let index = 0; index < runs; index++) {
		const passed = index / runs;
		const user = users[Math.min(USERS - 1, Math.floor(pareto(draw, USER_SHAPE)) - 1)] ?? makeUser(draw);
		yield run(draw, user, passed, untilMs - SPAN_MS * (1 - passed));
	}
}

function run(draw: Draw, user: User, passed: number, endMs: number): SeededReport[] {
	const project = choose(
		draw,
		PROJECTS.map((each) => [each, each.share] as const),
	);
	const command = choose(
		draw,
		project.commands.map((each) => [each, each.share] as const),
	);
	const { version, slower } = versionAt(draw, project, passed);
	const tail = draw() < 0.02 ? pareto(draw, 1.2) : 1;
	const size = Math.max(1, Math.round(command.input.median * Math.exp(command.input.sigma * normal(draw)) * tail));
	const took = fate(draw, command, size, slower * user.slower, user);
	const runId = hexadecimal(draw, 16);
	const common = {
		run_id: runId,
		project: project.name,
		command: command.name,
		version,
		manifest_notice: 1,
		test: draw() < 0.01,
		platform: user.platform,
		platform_inner: user.inner,
		limits: user.platform === null ? null : user.limits,
		weight: 1,
		inputs: [{ name: command.input.name, unit: command.input.unit, size }],
		data: {},
	};
	const nothing = {
		outcome: null,
		exit_code: null,
		signal: null,
		wall_s: null,
		cpu_user_s: null,
		cpu_system_s: null,
		max_rss_bytes: null,
		threads: null,
		read_bytes: null,
		written_bytes: null,
		measured_by: {},
		kill_reason: null,
		exception: null,
	};
	const delayMs = user.prompt ? draw() * 60_000 : draw() * 5 * DAY_MS;
	const at = (
		event: WireReport["event"],
		ms: number,
		sinceS: number | null,
		rest: Partial<WireReport>,
	): SeededReport => ({
		report: {
			...common,
			...nothing,
			...rest,
			id: uuid7(draw, ms),
			event,
			occurred_at: new Date(ms).toISOString(),
			since_start_s: sinceS,
		},
		receivedAtMs: Math.round(ms + delayMs),
	});
	const { end, ...figures } = took;
	const reports: SeededReport[] = [];
	// One script in five tells of its start, too; and some of those are never heard of again.
	const tellsStart = draw() < 0.2;
	if (tellsStart) reports.push(at("start", endMs - took.wall_s * 1000, 0, {}));
	if (tellsStart && draw() < 0.03) return reports;
	const measured = {
		...figures,
		threads: command.threads,
		read_bytes: Math.round(size * (command.input.unit === "bytes" ? 1 : 250)),
		measured_by: { wall_s: "monotonic", cpu_user_s: "rusage", cpu_system_s: "rusage", max_rss_bytes: "rusage" },
	};
	if (end === "oom" || end === "walltime") {
		const killed = { ...measured, outcome: "killed", signal: "SIGKILL", kill_reason: end } as const;
		reports.push(at("vanished", endMs, took.wall_s, killed));
	} else if (end === "failed") {
		const exception = {
			type: choose(draw, ERRORS),
			frames: [{ file: `${command.name}.py`, line: 1 + Math.floor(draw() * 400), function: "main" }],
		};
		reports.push(at("end", endMs, took.wall_s, { ...measured, outcome: "failed", exit_code: 1, exception }));
	} else {
		reports.push(at("end", endMs, took.wall_s, { ...measured, outcome: "ok", exit_code: 0 }));
	}
	return reports;
}
