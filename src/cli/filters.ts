/** Which of the reports that wait a user wants to see: by project, run, event, outcome, state and time. */
import { EVENTS, OUTCOMES } from "../report/types.js";
import type { WaitingEntry } from "../spool/waiting.js";
import { usageError } from "./command.js";
import { type ReportState, STATES } from "./spool-view.js";
import { nearest } from "./suggest.js";

export const FILTER_OPTIONS = {
	project: { value: "NAME", help: "only this project's" },
	run: { value: "ID", help: "only this run's: the beginning of its id" },
	event: { value: "EVENT", help: "only such events: start, prelim, end, vanished" },
	outcome: { value: "OUTCOME", help: "only with such an outcome: ok, failed, killed, unknown" },
	state: { value: "STATE", help: "only in this state: waiting, held, delayed, may-have-left and so on" },
	since: { value: "TIME", help: "only from this time on (2026-01-31, 2026-01-31T12:00Z, or 2d for two days ago)" },
	before: { value: "TIME", help: "only from before this time" },
	limit: { value: "N", help: "only the first N" },
} as const;

type FilterName = keyof typeof FILTER_OPTIONS;
export type FilterOptions = { readonly [Name in FilterName]: string | undefined };

export interface Filter {
	/** Whether a report is meant, as far as can be told without its state. */
	matches: (entry: WaitingEntry) => boolean;
	/** In which state alone; null for any. */
	state: ReportState["state"] | null;
	/** Whether it leaves any report out. */
	narrows: boolean;
	/** Infinity where there is no limit. */
	limit: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds since the epoch; NaN where it is no time. Pure. */
function parseTime(text: string, nowMs: number): number {
	const [, count, unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
	if (count !== undefined) return nowMs - Number(count) * (UNIT_MS[unit] ?? Number.NaN);
	return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
}

/** Null where none is given. @throws EtError `ET_USAGE` */
export function timeOf(
	command: string,
	name: "since" | "before",
	text: string | undefined,
	nowMs: number,
): number | null {
	if (text === undefined) return null;
	const ms = parseTime(text, nowMs);
	if (!Number.isNaN(ms)) return ms;
	throw usageError(command, `--${name} must be a time such as 2026-01-31, 2026-01-31T12:00Z or 2d, not "${text}".`);
}

function oneOf<T extends string>(
	command: string,
	name: FilterName,
	text: string | undefined,
	known: readonly T[],
): T | null {
	if (text === undefined) return null;
	const found = known.find((each) => each === text.toLowerCase().replace(/[-_]/g, " "));
	if (found !== undefined) return found;
	const suggestion = nearest(text, known);
	const hint = suggestion === null ? `It is one of: ${known.join(", ")}.` : `Did you mean "${suggestion}"?`;
	throw usageError(command, `There is no ${name} "${text}". ${hint}`);
}

/** Infinity where none is given. @throws EtError `ET_USAGE` */
export function limitOf(command: string, text: string | undefined): number {
	if (text === undefined) return Number.POSITIVE_INFINITY;
	if (/^[1-9]\d*$/.test(text)) return Number(text);
	throw usageError(command, `--limit must be a whole number from 1, not "${text}".`);
}

/** @throws EtError `ET_USAGE` */
export function parseFilter(command: string, given: FilterOptions, nowMs: number): Filter {
	const event = oneOf(command, "event", given.event, EVENTS);
	const outcome = oneOf(command, "outcome", given.outcome, OUTCOMES);
	const sinceMs = timeOf(command, "since", given.since, nowMs);
	const beforeMs = timeOf(command, "before", given.before, nowMs);
	const { project } = given;
	const runStart = given.run?.trim().toLowerCase();
	return {
		matches: ({ envelope: { report } }) => {
			const atMs = Date.parse(report.occurred_at);
			return (
				(project === undefined || report.project === project) &&
				(runStart === undefined || report.run_id.startsWith(runStart)) &&
				(event === null || report.event === event) &&
				(outcome === null || report.outcome === outcome) &&
				(sinceMs === null || atMs >= sinceMs) &&
				(beforeMs === null || atMs < beforeMs)
			);
		},
		narrows: Object.keys(FILTER_OPTIONS).some((name) => given[name as FilterName] !== undefined),
		state: oneOf(command, "state", given.state, STATES),
		limit: limitOf(command, given.limit),
	};
}
