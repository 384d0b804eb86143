/**
 * What a report is. The names here are the wire's, in snake case, and they are the same in the
 * spool, on the wire and in the store; the camelCase mirror is {@link ReportInput}, which authors'
 * scripts use and which exists nowhere else.
 */

export const EVENTS = ["start", "prelim", "end", "vanished"] as const;
/** One moment in the life of a run. */
export type ReportEvent = (typeof EVENTS)[number];

export const OUTCOMES = ["ok", "failed", "killed", "unknown"] as const;
/** How a run ended; `killed` is by a signal or by the system (memory, wall time). */
export type Outcome = (typeof OUTCOMES)[number];

export const PLATFORMS = [
	"galaxy",
	"slurm",
	"pbs",
	"sge",
	"lsf",
	"nextflow",
	"snakemake",
	"cwl",
	"ci",
	"container",
] as const;
/** What the run was started by, as far as the machine tells. */
export type Platform = (typeof PLATFORMS)[number];

/** The size of one input in its unit; `null` where it is not known, never 0 for unknown. */
export interface WireInput {
	name: string;
	unit: string;
	size: number | null;
	/** How the size was found (`counted`, `estimated`), where that is known. */
	measured_by?: string;
}

/** The unit of a size of which nobody said in what it counts, as in the predecessor's reports: never added up with others. */
export const UNKNOWN_UNIT = "unspecified";

/** What the job was given, so that a killed run's size can be read as a lower bound. */
export interface WireLimits {
	memory_bytes: number | null;
	wall_s: number | null;
	cpus: number | null;
}

export interface WireFrame {
	/** Base name, only of the project's own files. */
	file: string;
	line: number | null;
	function: string | null;
}

/** A scrubbed exception: no message, no locals, no paths. */
export interface WireException {
	type: string;
	frames: WireFrame[];
}

export type DataValue = string | number | boolean | null;

export const MEASURES = [
	"wall_s",
	"cpu_user_s",
	"cpu_system_s",
	"max_rss_bytes",
	"threads",
	"read_bytes",
	"written_bytes",
] as const;
/** A measured figure of a run. */
export type Measure = (typeof MEASURES)[number];

/** One report, as it is stored in an envelope and as it travels: at most 64 KiB of JSON. */
export interface WireReport {
	/** UUIDv7: the key that makes re-sending harmless. */
	id: string;
	/** SHA-256 of the run's erase key, shortened to 128 bits; shared by all events of the run. */
	run_id: string;
	event: ReportEvent;
	project: string;
	command: string | null;
	version: string | null;
	/** The version of the notice under which the report was recorded. */
	manifest_notice: number | null;
	/** The client's clock, ISO 8601, UTC, with milliseconds. */
	occurred_at: string;
	/** Seconds since the run's start, from a monotonic clock. */
	since_start_s: number | null;
	test: boolean;
	/** The outermost platform, which is the one that the user works with. */
	platform: Platform | null;
	/** The innermost platform where there are two (Galaxy's job under Slurm: `slurm`). */
	platform_inner: Platform | null;
	outcome: Outcome | null;
	exit_code: number | null;
	/** Name of the signal of death (`SIGKILL`). */
	signal: string | null;
	/** Wall time in seconds. */
	wall_s: number | null;
	/** CPU time in user mode in seconds, children included. */
	cpu_user_s: number | null;
	/** CPU time in kernel mode in seconds, children included. */
	cpu_system_s: number | null;
	/** Peak resident memory in bytes. */
	max_rss_bytes: number | null;
	threads: number | null;
	/** Bytes read from and written to storage. */
	read_bytes: number | null;
	written_bytes: number | null;
	/** The method by which each known figure was measured (`{ "wall_s": "monotonic" }`). */
	measured_by: Partial<Record<Measure, string>>;
	limits: WireLimits | null;
	/** Why the run was killed (`oom`, `walltime`), where known. */
	kill_reason: string | null;
	/** How many runs this one stands for: 1 / sampling rate. */
	weight: number;
	inputs: WireInput[];
	exception: WireException | null;
	data: Record<string, DataValue>;
}

/** A size, and how it was found, as `inputSize()` tells it. */
export interface MeasuredSize {
	/** Null where it is not known. */
	size: number | null;
	/** Where it is not the one that the manifest declares, the size is not kept. @defaultValue the declared one */
	unit?: string;
	/** Such as `counted`, or `estimated`. @defaultValue not told */
	measuredBy?: string | null;
}

/** Inputs as an author's script gives them: each one's size in the unit that the manifest declares. */
export type InputSizes = Record<string, number | null | MeasuredSize>;

/** An exception without its message; frames stand innermost first. */
export interface ExceptionInput {
	type: string;
	frames?: ReadonlyArray<{ file: string; line?: number | null; function?: string | null }>;
}

/**
 * A report as an author's script gives it. Everything but the event may be left out; what is left
 * out is unknown (`null`), never 0. What the manifest does not declare is stripped.
 */
export interface ReportInput {
	/** @defaultValue "end" */
	event?: ReportEvent;
	command?: string;
	version?: string;
	/** @defaultValue now */
	occurredAt?: Date;
	/** Seconds since the run's start. */
	sinceStartS?: number;
	/** A run of the author's own, kept apart from users' runs. @defaultValue false */
	test?: boolean;
	platform?: Platform | null;
	platformInner?: Platform | null;
	outcome?: Outcome;
	exitCode?: number | null;
	signal?: string | null;
	/** Seconds. */
	wallS?: number | null;
	/** Seconds. */
	cpuUserS?: number | null;
	/** Seconds. */
	cpuSystemS?: number | null;
	/** Bytes. */
	maxRssBytes?: number | null;
	threads?: number | null;
	/** Bytes. */
	readBytes?: number | null;
	/** Bytes. */
	writtenBytes?: number | null;
	measuredBy?: Partial<Record<Measure, string>>;
	limits?: { memoryBytes?: number | null; wallS?: number | null; cpus?: number | null } | null;
	killReason?: string | null;
	inputs?: InputSizes;
	/**
	 * An exception's parts, or a traceback as Python, Node.js, R, Perl or bash printed it. Only its type and the
	 * project's own lines are kept.
	 */
	exception?: ExceptionInput | string | null;
	/** What was thrown, instead of `exception`: only its type and the project's own lines are kept. */
	error?: unknown;
	data?: Record<string, unknown>;
}
