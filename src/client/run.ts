/** A run as a script lives it: started, perhaps with sizes known before the work, and ended. */
import { type ProcessUsage, processUsage } from "../host/resources.js";
import type { Manifest } from "../report/manifest.js";
import type { InputSizes, Measure, Platform, ReportEvent, ReportInput } from "../report/types.js";
import { type ClientContext, systemContext } from "./context.js";
import { declared } from "./declared.js";
import { type EndingRun, unwatchEnding, watchEnding } from "./endings.js";
import { dropped, type EnqueueOptions, enqueueIn, type Keeper, neverThrowing } from "./enqueue.js";
import { loadManifest } from "./manifest-file.js";
import { keepMarked, markOnly } from "./marking.js";
import { type OpenRun, takeOut } from "./open-run.js";
import type { EnqueueResult } from "./result.js";
import { newRun, type RunIdentity } from "./run-identity.js";

export interface RunOptions extends EnqueueOptions {
	/** The author's name for what runs, such as `align`: never a command line. */
	command?: string;
	version?: string;
	/** Sizes by the manifest's names, each in its declared unit. */
	inputs?: InputSizes;
	data?: Record<string, unknown>;
	/** A run of the author's own. @defaultValue false */
	test?: boolean;
	platform?: Platform;
}

/** What can be said of a run while it lasts, and at its end; what was measured need not be said. */
export type RunFigures = Omit<ReportInput, "event" | "occurredAt" | "sinceStartS">;

/** Seconds without the digits that no clock has, so that people can read them. */
const microseconds = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;

/** What the process used between two moments, as a report says it. */
function usedSince(before: ProcessUsage, wallS: number): RunFigures {
	const after = processUsage();
	const measuredBy: Partial<Record<Measure, string>> = {
		wall_s: "monotonic",
		cpu_user_s: after.cpuBy,
		cpu_system_s: after.cpuBy,
		max_rss_bytes: after.maxRssBy,
	};
	return {
		wallS: microseconds(wallS),
		cpuUserS: microseconds(after.cpuUserS - before.cpuUserS),
		cpuSystemS: microseconds(after.cpuSystemS - before.cpuSystemS),
		maxRssBytes: after.maxRssBytes,
		measuredBy,
	};
}

/** What is known of a run that goes on: no more than that it has lasted so long. */
function soFar(before: ProcessUsage): RunFigures {
	const { wallS: _unknown, measuredBy, ...used } = usedSince(before, 0);
	const { wall_s: _without, ...methods } = measuredBy ?? {};
	return { ...used, measuredBy: methods };
}

/** A run under way. Its methods are synchronous, and never throw or print. */
export class Run {
	private readonly startedS: number;
	private readonly before: ProcessUsage;
	/** The marker; null before the start is kept. */
	private open: OpenRun | null = null;
	private readonly ending: EndingRun;
	/** What was said with {@link prelim}, for the report of its vanishing. */
	private known: RunFigures = {};
	private isWatched = false;
	private ended = false;
	/** The end that this process's own gave, before the script said anything. */
	private automatic: EnqueueResult | null = null;

	constructor(
		private readonly context: ClientContext,
		private readonly options: RunOptions,
		/** Null where the run can't be reported: not sampled, or no usable manifest. */
		private readonly identity: RunIdentity | null,
		private readonly refused: EnqueueResult | null,
	) {
		this.startedS = context.monotonicS();
		this.before = processUsage();
		this.ending = {
			exits: (code, error) => this.endWithProcess({ outcome: code === 0 ? "ok" : "failed", exitCode: code, error }),
			dies: (signal) => this.endWithProcess({ outcome: "killed", signal }),
			goesOn: () => this.remember(),
		};
	}

	/** The run's public name, or null where it can't be reported. */
	get id(): string | null {
		return this.identity?.runId ?? null;
	}

	/** What is known before the work, such as the sizes of the inputs. */
	prelim(figures: RunFigures = {}): EnqueueResult {
		return neverThrowing(() => {
			const { inputs, data } = this.known;
			this.known = {
				...this.known,
				...figures,
				inputs: { ...inputs, ...figures.inputs },
				data: { ...data, ...figures.data },
			};
			const result = this.report("prelim", figures);
			if (result.status === "queued") this.remember();
			return result;
		});
	}

	/**
	 * The run's end: wall time, CPU and peak memory are measured here. Further calls change nothing. Without it, a run
	 * ends with its process: where that exits, throws what nobody catches, or gets SIGINT or SIGTERM.
	 *
	 * @param figures what the script knows; `outcome` is `ok` where nothing else is said, and `failed` with an `error`
	 */
	end(figures: RunFigures = {}): EnqueueResult {
		return neverThrowing(() => {
			const before = this.automatic;
			if (this.ended && before === null) return dropped("run_ended", "this run has ended before");
			this.ended = true;
			this.automatic = null;
			const used = usedSince(this.before, this.context.monotonicS() - this.startedS);
			const outcome = (figures.error ?? null) === null ? "ok" : "failed";
			const result = this.report("end", { outcome, ...used, ...figures });
			// What an exit handler of the script's own says stands for what the exit alone told.
			if (before?.status === "queued" && result.status === "queued") takeOut(before.path);
			this.close();
			return result;
		});
	}

	/** The start is known: from here on its end is, too, also where nobody tells it. @internal */
	begin(): void {
		const marked = keepMarked((open) => {
			this.open = open;
		});
		const started = this.report("start", {}, marked);
		if (started.status === "not_consented") return;
		neverThrowing(() => {
			// One, since the script waits for it.
			this.open?.takeUpOthers(1);
			watchEnding(this.ending);
			this.isWatched = true;
			return started;
		});
	}

	private endWithProcess(figures: RunFigures): void {
		if (this.ended) return;
		this.automatic = this.end(figures);
	}

	private close(): void {
		this.open?.remove();
		if (this.isWatched) unwatchEnding(this.ending);
	}

	/** Writes down what the run is reported with if it is never heard of again. */
	private remember(): void {
		const open = this.open;
		if (open === null || this.ended) return;
		this.report("prelim", { ...soFar(this.before), ...this.known }, markOnly(open));
	}

	private report(event: ReportEvent, figures: RunFigures, keeper?: Keeper): EnqueueResult {
		return neverThrowing(() => {
			if (this.identity === null) return this.refused ?? dropped("internal_error", "this run has no identity");
			const { command, version, inputs, data, test, platform } = this.options;
			const given: ReportInput = {
				...(command === undefined ? {} : { command }),
				...(version === undefined ? {} : { version }),
				...(test === undefined ? {} : { test }),
				...(platform === undefined ? {} : { platform }),
				...figures,
				inputs: { ...inputs, ...figures.inputs },
				data: { ...data, ...figures.data },
				event,
				sinceStartS: microseconds(this.context.monotonicS() - this.startedS),
			};
			return enqueueIn({ ...this.context, readsLimits: true }, given, this.options, this.identity, keeper);
		});
	}
}

function manifestOf({ manifest }: RunOptions, { folders }: ClientContext): Manifest {
	return folders === null ? loadManifest(manifest) : declared(manifest, folders.consent).manifest;
}

/** {@link startRun} on a given machine. */
export function startRunIn(context: ClientContext, options: RunOptions): Run {
	let identity: RunIdentity | null = null;
	const refused = neverThrowing(() => {
		identity = newRun(manifestOf(options, context), context);
		return dropped("sampled_out", "the author's sampling leaves this run out");
	});
	const run = new Run(context, options, identity, refused);
	if (identity !== null) run.begin();
	return run;
}

/**
 * Begins a run: says that it started, and measures from here.
 *
 * Never throws, never prints, opens no socket. Without the user's consent nothing is written, and
 * the run's methods say so in their results.
 *
 * @example
 * const run = startRun({ manifest: new URL("./et.json", import.meta.url), command: "align", version: "1.2" });
 * // the work
 * run.end({ outcome: "ok", inputs: { reads: 4e6 } });
 */
export function startRun(options: RunOptions): Run {
	return startRunIn(systemContext(), options);
}
