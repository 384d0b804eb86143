/**
 * The reports of a command under `et run`: one before it, one after. Nothing here throws, prints or
 * takes longer than a small local write: whatever goes wrong in ET, the command runs as it would.
 */
import type { ClientContext } from "../client/context.js";
import { dropped, enqueueIn, type Keeper } from "../client/enqueue.js";
import { everMoreSeldom } from "../client/ever-more-seldom.js";
import { loadManifest } from "../client/manifest-file.js";
import { keepMarked, markOnly } from "../client/marking.js";
import type { OpenRun } from "../client/open-run.js";
import type { EnqueueResult } from "../client/result.js";
import { newRun } from "../client/run-identity.js";
import { type ChildUsage, watchChild } from "../host/child-usage.js";
import type { Figure } from "../host/figure.js";
import { hasKilledSince, type OomCount, oomCount } from "../host/memory-cgroup.js";
import type { Measure, ReportInput } from "../report/types.js";
import type { ChildEnd } from "./child.js";
import { dataFrom, type InputSizesSoFar, measureInputs } from "./inputs.js";

export interface RunReportOptions {
	/** Path of the author's et.json. */
	manifest: string;
	phoneHome: boolean;
	test: boolean;
	/** The author's name for what runs. */
	command: string;
	version: string | undefined;
	/** As the command line gives them. */
	inputs: readonly string[];
	data: readonly string[];
	/** Hears what became of each report. */
	tell: (event: "start" | "end", result: EnqueueResult) => void;
}

export interface RunReport {
	/** The command runs now, under this pid. */
	follow(pid: number): void;
	/** The command has ended. */
	end(end: ChildEnd): void;
}

const NOT_REPORTED: RunReport = { follow() {}, end() {} };

/** Signals that a limit of the system's own (setrlimit(2)) sends. */
const LIMIT_OF: Partial<Record<NodeJS.Signals, string>> = { SIGXCPU: "cpu_limit", SIGXFSZ: "file_size_limit" };
/** What a shell ends with whose command was killed. */
const KILLED_IN_SHELL = 128 + 9;

/** A signal or an exit code, as a report says it. @param oom the count before the command began */
function outcomeOf(end: ChildEnd, oom: OomCount | null): ReportInput {
	const wasOutOfMemory = () => oom !== null && hasKilledSince(oom) === true;
	if ("signal" in end) {
		const killReason = end.signal === "SIGKILL" && wasOutOfMemory() ? "oom" : (LIMIT_OF[end.signal] ?? null);
		return { outcome: "killed", signal: end.signal, killReason };
	}
	const killReason = end.code === KILLED_IN_SHELL && wasOutOfMemory() ? "oom" : null;
	return { outcome: end.code === 0 ? "ok" : "failed", exitCode: end.code, killReason };
}

/** More digits than these are noise. */
const microseconds = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;

/** What was measured, as a report says it: a figure that is not known is null and has no method. */
function measured(wallS: number, used: ChildUsage): ReportInput {
	const { cpuUserS, cpuSystemS, maxRssBytes, threads, readBytes, writtenBytes } = used;
	const figures: readonly [Measure, Figure | null][] = [
		["wall_s", { value: wallS, by: "monotonic" }],
		["cpu_user_s", cpuUserS],
		["cpu_system_s", cpuSystemS],
		["max_rss_bytes", maxRssBytes],
		["threads", threads],
		["read_bytes", readBytes],
		["written_bytes", writtenBytes],
	];
	const known = figures.flatMap(([measure, figure]) => (figure === null ? [] : [[measure, figure.by] as const]));
	return {
		wallS,
		cpuUserS: cpuUserS?.value ?? null,
		cpuSystemS: cpuSystemS?.value ?? null,
		maxRssBytes: maxRssBytes?.value ?? null,
		threads: threads?.value ?? null,
		readBytes: readBytes?.value ?? null,
		writtenBytes: writtenBytes?.value ?? null,
		measuredBy: Object.fromEntries(known),
		sinceStartS: wallS,
	};
}

/** Other runs that died here are reported while the command runs, and so many at most. */
const MOST_TAKEN_UP = 64;

/** The report of the start; what follows it where the user has agreed. @throws where the manifest can't be used */
function begin(context: ClientContext, options: RunReportOptions): RunReport {
	const { manifest: path, phoneHome, test, command, version, tell } = options;
	const manifest = loadManifest(path);
	const identity = newRun(manifest, context);
	if (identity === null) return NOT_REPORTED;
	const data = dataFrom(options.data, manifest);
	const known: ReportInput = { command, ...(version === undefined ? {} : { version }), test, data };
	const report = (event: "start" | "prelim" | "end", figures: () => ReportInput, keeper?: Keeper): EnqueueResult => {
		const given = () => ({ ...known, ...figures(), event });
		// An uploader that is started now would be waited for, and weighed, with the command.
		const running = { ...context, startsUploader: event === "end", readsLimits: true };
		return enqueueIn(running, given, { manifest: path, phoneHome }, identity, keeper);
	};
	const keep = (event: "start" | "end", figures: () => ReportInput, keeper?: Keeper): EnqueueResult => {
		const result = report(event, figures, keeper);
		tell(event, result);
		return result;
	};
	let open: OpenRun | null = null;
	const marked = keepMarked((marker) => {
		open = marker;
	});
	// Where the end is never told, the start has told what the run was given. Without consent no file is looked at.
	let sizes: InputSizesSoFar = () => ({});
	const begins = (): ReportInput => {
		sizes = measureInputs(options.inputs, manifest);
		return { sinceStartS: 0, inputs: sizes() };
	};
	if (keep("start", begins, marked).status === "not_consented") return NOT_REPORTED;
	const oom = oomCount();
	const watch = watchChild();
	const startedS = context.monotonicS();
	const measuredSoFar = (used: ChildUsage) => measured(microseconds(context.monotonicS() - startedS), used);
	const remember = (): void => {
		const { wallS: _unknown, ...figures } = measuredSoFar(watch.soFar());
		if (open !== null) report("prelim", () => ({ ...figures, inputs: sizes() }), markOnly(open));
	};
	const forgetTimer = everMoreSeldom(() => quietly(remember));
	return {
		follow(pid) {
			watch.follow(pid);
			open?.follow(pid);
			open?.takeUpOthers(MOST_TAKEN_UP);
		},
		end(end) {
			forgetTimer();
			const figures = measuredSoFar(watch.end());
			keep("end", () => ({ ...outcomeOf(end, oom), ...figures, inputs: sizes() }));
			open?.remove();
		},
	};
}

function quietly(work: () => void): void {
	try {
		work();
	} catch {
		// ET's trouble is none of the command's.
	}
}

/** Reports a run's start. To be called right before the command is started. */
export function reportRun(context: ClientContext, options: RunReportOptions): RunReport {
	let report = NOT_REPORTED;
	try {
		report = begin(context, options);
	} catch (error) {
		quietly(() => options.tell("start", dropped("invalid_manifest", String(error))));
	}
	return {
		follow: (pid) => quietly(() => report.follow(pid)),
		end: (end) => quietly(() => report.end(end)),
	};
}
