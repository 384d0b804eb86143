/**
 * One run out of its events. Pure, and the same whatever the order in which the events came, and
 * however often: late, repeated and missing events are the normal case.
 */
import { endingOf, RUN_ENDINGS, totalsByUnit } from "../../report/run-figures.js";
import {
	type DataValue,
	MEASURES,
	type Measure,
	type Outcome,
	type Platform,
	type ReportEvent,
	type WireException,
	type WireInput,
	type WireLimits,
} from "../../report/types.js";
import type { StoredEvent, StoredReport } from "../store/types.js";

/**
 * - `running`: nothing has been heard of its end
 * - `overdue`: nor is anything likely to be heard any more (see {@link isOverdue})
 * - `ok`, `failed`, `killed`: as its end says, or for `killed` the notice of its vanishing
 * - `vanished`: it is gone without an end, nobody knows why
 * - `unknown`: it ended, and its report does not say how
 */
export const RUN_STATUSES = ["running", "overdue", ...RUN_ENDINGS] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export interface Figure {
	value: number;
	/** The method of measurement, where the report names it. */
	measuredBy: string | null;
}

/**
 * The inputs of one unit together: null when the size of any is not known, or when one was taken out afterwards, for a
 * part is not the total.
 */
export interface InputTotal {
	unit: string;
	size: number | null;
}

/** One run. What is null is not known. Times are milliseconds since the epoch. */
export interface Run {
	project: string;
	runId: string;
	status: RunStatus;
	/** The first and the last thing known of it, in the server's clock. */
	firstAt: number;
	lastAt: number;
	command: string | null;
	version: string | null;
	/** The version of the notice under which it was recorded. */
	noticeVersion: number | null;
	platform: Platform | null;
	platformInner: Platform | null;
	test: boolean;
	/** How many runs it stands for. */
	weight: number;
	outcome: Outcome | null;
	exitCode: number | null;
	signal: string | null;
	killReason: string | null;
	/** Of the whole run once it has ended; until then as far as it had come. */
	figures: Record<Measure, Figure | null>;
	limits: WireLimits;
	inputs: WireInput[];
	totals: InputTotal[];
	exception: WireException | null;
	data: Record<string, DataValue>;
	/** In the order in which they happened. */
	events: StoredEvent[];
}

/** Which event knows best: an end beats a vanishing, which was only inferred. */
const RANK = { end: 3, vanished: 2, prelim: 1, start: 0 } as const satisfies Record<ReportEvent, number>;

/**
 * Stitches the events of one run; undefined when there are none.
 *
 * @param now milliseconds since the epoch, by the server's clock: what is overdue is so at a moment
 */
export function stitch(stored: readonly StoredEvent[], now: number): Run | undefined {
	const events = distinct(stored).sort(byTime);
	const bestFirst = events.toSorted(byKnowledge).map((event) => event.report);
	const best = bestFirst[0];
	const first = events[0];
	const last = events.at(-1);
	if (best === undefined || first === undefined || last === undefined) return undefined;
	const inputs = mergeInputs(bestFirst);
	const isWhole = !events.some(({ redacted }) => redacted.includes("inputs"));
	const limits = mergeLimits(bestFirst);
	return {
		project: best.project,
		runId: best.run_id,
		status: statusOf(best, isOverdue(events, limits, now)),
		firstAt: first.occurredAt,
		lastAt: last.occurredAt,
		command: firstKnown(bestFirst, "command"),
		version: firstKnown(bestFirst, "version"),
		noticeVersion: firstKnown(bestFirst, "manifest_notice"),
		platform: firstKnown(bestFirst, "platform"),
		platformInner: firstKnown(bestFirst, "platform_inner"),
		test: bestFirst.some((report) => report.test === true),
		weight: firstKnown(bestFirst, "weight") ?? 1,
		outcome: best.outcome ?? null,
		exitCode: best.exit_code ?? null,
		signal: best.signal ?? null,
		killReason: best.kill_reason ?? null,
		figures: figuresOf(best),
		limits,
		inputs,
		totals: [...totalsByUnit({ inputs })].map(([unit, size]) => ({ unit, size: isWhole ? size : null })),
		exception: exceptionOf(best),
		data: mergeData(bestFirst),
		events,
	};
}

function statusOf({ event, outcome = null }: StoredReport, overdue: boolean): RunStatus {
	if (event === "end" || event === "vanished") return endingOf({ event, outcome });
	return overdue ? "overdue" : "running";
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long a run is waited for of which nobody knows how long it may take. */
const USUAL_ALLOWANCE_MS = 2 * DAY_MS;
/** An uploader may be without a network, or run once a day. */
const TRANSIT_MS = DAY_MS;

/**
 * Whether a run without an end should have ended, and been heard of, by now: two days after it began or, where its job
 * had a limit of wall time, when that is over and a day more; and never within a day of the last that was heard of it,
 * since a spool that was long offline tells of its runs late, and one report after the other.
 */
function isOverdue(events: readonly StoredEvent[], { wall_s: limit }: WireLimits, now: number): boolean {
	const begun = Math.min(...events.map(({ occurredAt }) => occurredAt));
	const heard = Math.max(...events.map(({ receivedAt }) => receivedAt));
	const allowance = limit === null ? USUAL_ALLOWANCE_MS : limit * 1000 + DAY_MS;
	return now > Math.max(begun + allowance, heard + TRANSIT_MS);
}

/** Figures of one event are of one moment, and are never mixed with another's. */
function figuresOf(report: StoredReport): Record<Measure, Figure | null> {
	const figure = (measure: Measure): Figure | null => {
		const value = report[measure];
		return value === undefined || value === null ? null : { value, measuredBy: report.measured_by?.[measure] ?? null };
	};
	return Object.fromEntries(MEASURES.map((measure) => [measure, figure(measure)])) as Record<Measure, Figure | null>;
}

/** Every input that any event names; its size from the best event that knows it. */
function mergeInputs(bestFirst: readonly StoredReport[]): WireInput[] {
	const byName = new Map<string, WireInput>();
	for (const { name, unit, size = null, measured_by } of bestFirst.flatMap((report) => report.inputs ?? [])) {
		const known = byName.get(name);
		if (known !== undefined && (known.size !== null || size === null)) continue;
		const input = { name, unit, size };
		byName.set(name, measured_by ? { ...input, measured_by } : input);
	}
	return [...byName.values()];
}

function exceptionOf({ exception }: StoredReport): WireException | null {
	if (exception === undefined || exception === null) return null;
	const frames = (exception.frames ?? []).map(({ file, line, function: name }) => ({
		file,
		line: line ?? null,
		function: name ?? null,
	}));
	return { type: exception.type, frames };
}

function mergeLimits(bestFirst: readonly StoredReport[]): WireLimits {
	const limit = (name: keyof WireLimits) =>
		bestFirst.map((report) => report.limits?.[name]).find((value) => value !== undefined && value !== null) ?? null;
	return { memory_bytes: limit("memory_bytes"), wall_s: limit("wall_s"), cpus: limit("cpus") };
}

function mergeData(bestFirst: readonly StoredReport[]): Record<string, DataValue> {
	return Object.fromEntries(bestFirst.toReversed().flatMap((report) => Object.entries(report.data ?? {})));
}

function firstKnown<K extends keyof StoredReport>(bestFirst: readonly StoredReport[], field: K) {
	for (const report of bestFirst) {
		const value = report[field];
		if (value !== undefined && value !== null) return value;
	}
	return null;
}

/** The ids tell repeated events apart from others; of two copies the one received first counts. */
function distinct(events: readonly StoredEvent[]): StoredEvent[] {
	const byId = new Map<string, StoredEvent>();
	for (const event of events.toSorted((a, b) => a.seq - b.seq)) {
		if (!byId.has(event.report.id)) byId.set(event.report.id, event);
	}
	return [...byId.values()];
}

function byTime(a: StoredEvent, b: StoredEvent): number {
	return a.occurredAt - b.occurredAt || RANK[a.report.event] - RANK[b.report.event] || byId(a, b);
}

function byKnowledge(a: StoredEvent, b: StoredEvent): number {
	return RANK[b.report.event] - RANK[a.report.event] || b.occurredAt - a.occurredAt || byId(b, a);
}

function byId(a: StoredEvent, b: StoredEvent): number {
	return a.report.id < b.report.id ? -1 : Number(a.report.id > b.report.id);
}
