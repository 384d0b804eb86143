/** What an address asks to be given out, read from its query. Pure. */
import { NAME_PATTERN } from "../../report/limits.js";
import { EVENTS, OUTCOMES, type Outcome, type ReportEvent } from "../../report/types.js";
import { MAX_EXPORT_PAGE, USUAL_EXPORT_PAGE } from "../config.js";
import { Refusal } from "../http/refusal.js";
import { RUN_STATUSES, type RunStatus } from "../queries/stitch.js";
import type { TestsWanted } from "../store/types.js";

export const FORMATS = ["json", "ndjson", "csv", "tsv", "parquet"] as const;
/** `json` gives a page at a time; the others give all, as a stream. */
export type Format = (typeof FORMATS)[number];

interface Common {
	format: Format;
	project: string | undefined;
	command: string | undefined;
	version: string | undefined;
	/** Left out, all. */
	tests: TestsWanted | undefined;
	/** When it happened, in milliseconds since the epoch: not before, and before. */
	since: number | undefined;
	until: number | undefined;
	/** Most of them; undefined for all there are. */
	limit: number | undefined;
}

export interface EventsRequest extends Common {
	event: ReportEvent | undefined;
	outcome: Outcome | undefined;
	/** Only those behind this place. */
	after: number;
}

export interface RunsRequest extends Common {
	status: RunStatus | undefined;
	/** Where an earlier page ended: the moment it belongs to, and its last place. */
	from: { asOf: number; before: number } | undefined;
}

type Query = Readonly<Record<string, unknown>>;

const COMMON = ["format", "project", "command", "version", "tests", "since", "until", "limit", "cursor"];
const TESTS = ["without", "only", "with"] as const;
const EVENTS_CURSOR = /^\d{1,15}$/;
const RUNS_CURSOR = /^(\d{1,15})-(\d{1,15})$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/;
const MAX_TEXT = 1000;

/** @throws Refusal `bad_query`, which names what is wrong */
export function readEventsRequest(query: Query): EventsRequest {
	refuseUnknown(query, [...COMMON, "event", "outcome"]);
	const cursor = text(query, "cursor");
	if (cursor !== undefined && !EVENTS_CURSOR.test(cursor)) throw strangeCursor();
	return {
		...common(query),
		event: oneOf(query, "event", EVENTS),
		outcome: oneOf(query, "outcome", OUTCOMES),
		after: Number(cursor ?? 0),
	};
}

/** @throws Refusal `bad_query`, which names what is wrong */
export function readRunsRequest(query: Query): RunsRequest {
	refuseUnknown(query, [...COMMON, "status"]);
	const cursor = text(query, "cursor");
	const place = cursor === undefined ? undefined : RUNS_CURSOR.exec(cursor);
	if (place === null) throw strangeCursor();
	return {
		...common(query),
		status: oneOf(query, "status", RUN_STATUSES),
		from: place && { asOf: Number(place[1]), before: Number(place[2]) },
	};
}

export const runsCursor = (asOf: number, before: number): string => `${asOf}-${before}`;

function common(query: Query): Common {
	const format = oneOf(query, "format", FORMATS) ?? "json";
	const tests = oneOf(query, "tests", TESTS) ?? "without";
	const project = text(query, "project");
	if (project !== undefined && !NAME_PATTERN.test(project)) throw bad("project is no project's name");
	return {
		format,
		project,
		command: text(query, "command"),
		version: text(query, "version"),
		tests: tests === "with" ? undefined : tests,
		since: instant(query, "since"),
		until: instant(query, "until"),
		limit: limitOf(query, format),
	};
}

function limitOf(query: Query, format: Format): number | undefined {
	const given = text(query, "limit");
	if (given === undefined) return format === "json" ? USUAL_EXPORT_PAGE : undefined;
	const limit = /^\d{1,12}$/.test(given) ? Number(given) : 0;
	if (limit === 0) throw bad("limit is not a whole number above 0");
	return format === "json" ? Math.min(limit, MAX_EXPORT_PAGE) : limit;
}

function refuseUnknown(query: Query, known: readonly string[]): void {
	const unknown = Object.keys(query).find((name) => !known.includes(name));
	// A filter that is misspelt would give out more than was asked for.
	if (unknown !== undefined)
		throw bad(`there is no ${JSON.stringify(unknown.slice(0, 40))}; there are ${known.join(", ")}`);
}

function text(query: Query, name: string): string | undefined {
	const value = query[name];
	if (value === undefined) return undefined;
	if (typeof value !== "string" || value === "" || value.length > MAX_TEXT) throw bad(`${name} is not one text`);
	return value;
}

function oneOf<T extends string>(query: Query, name: string, choices: readonly T[]): T | undefined {
	const value = text(query, name);
	if (value === undefined) return undefined;
	const chosen = choices.find((choice) => choice === value);
	if (chosen === undefined) throw bad(`${name} is not one of ${choices.join(", ")}`);
	return chosen;
}

function instant(query: Query, name: string): number | undefined {
	const value = text(query, name);
	if (value === undefined) return undefined;
	const ms = INSTANT.test(value) ? Date.parse(value) : Number.NaN;
	if (Number.isNaN(ms))
		throw bad(`${name} is not a date such as 2026-01-31, or an instant such as 2026-01-31T12:00:00Z`);
	return ms;
}

function strangeCursor(): Refusal {
	return bad("cursor is none that this server gave; begin anew without it");
}

function bad(why: string): Refusal {
	return new Refusal("bad_query", `The address asks for what cannot be: ${why}. Nothing was given out.`);
}
