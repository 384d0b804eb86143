/** The uploader's memory over restarts, in the spool for all to read: when each endpoint is tried again, and why not now. */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson } from "../document/durable.js";
import type { SpoolFolders } from "./layout.js";

export interface EndpointState {
	/** Failed attempts in a row that may pass by themselves. */
	failures: number;
	/** Not before this moment, ISO 8601, UTC; null for any time. */
	next_at: string | null;
	/** Something that will not pass by itself (a wrong address, a captive portal), or null. */
	held: { at: string; why: string } | null;
	last_success_at: string | null;
	last_error: { at: string; why: string } | null;
	/** Reports that the server has acknowledged, ever. */
	delivered: number;
	/** Reports that it refused, ever. */
	rejected: number;
}

export interface UploaderState {
	et: 1;
	pid: number | null;
	host: string | null;
	/** ISO 8601, UTC: when an uploader last looked, and when that process began. */
	alive_at: string | null;
	started_at: string | null;
	/** Since when the clock has run without a jump of more than a day. */
	clock_steady_since: string | null;
	/** How many reports the last flush let stay without asking a server, by what keeps them. */
	kept: Record<string, number>;
	/** When the first of those leaves that wait for time alone; null where none does. */
	next_leaves_at: string | null;
	endpoints: Record<string, EndpointState>;
}

export const NEW_ENDPOINT: EndpointState = {
	failures: 0,
	next_at: null,
	held: null,
	last_success_at: null,
	last_error: null,
	delivered: 0,
	rejected: 0,
};

export const NEW_STATE: UploaderState = {
	et: 1,
	pid: null,
	host: null,
	alive_at: null,
	started_at: null,
	clock_steady_since: null,
	kept: {},
	next_leaves_at: null,
	endpoints: {},
};

type Json = Record<string, unknown>;

const objectOf = (value: unknown): Json =>
	typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
const instantOf = (value: unknown): string | null => {
	const text = textOf(value);
	return text === null || Number.isNaN(Date.parse(text)) ? null : text;
};
const countOf = (value: unknown): number => (Number.isSafeInteger(value) ? Math.max(0, value as number) : 0);

function happeningOf(value: unknown): { at: string; why: string } | null {
	const { at, why } = objectOf(value);
	return typeof at === "string" && typeof why === "string" ? { at, why } : null;
}

function endpointOf(value: unknown): EndpointState {
	const { failures, next_at, held, last_success_at, last_error, delivered, rejected } = objectOf(value);
	return {
		failures: countOf(failures),
		next_at: instantOf(next_at),
		held: happeningOf(held),
		last_success_at: instantOf(last_success_at),
		last_error: happeningOf(last_error),
		delivered: countOf(delivered),
		rejected: countOf(rejected),
	};
}

/** A state out of a file's JSON: each field that is not what it should be counts as not there. */
function stateOf(found: Json): UploaderState {
	const { pid, host, alive_at, started_at, clock_steady_since, kept, next_leaves_at, endpoints } = found;
	return {
		et: 1,
		pid: Number.isSafeInteger(pid) ? (pid as number) : null,
		host: textOf(host),
		alive_at: instantOf(alive_at),
		started_at: instantOf(started_at),
		clock_steady_since: instantOf(clock_steady_since),
		kept: Object.fromEntries(Object.entries(objectOf(kept)).map(([why, count]) => [why, countOf(count)])),
		next_leaves_at: instantOf(next_leaves_at),
		endpoints: Object.fromEntries(Object.entries(objectOf(endpoints)).map(([url, value]) => [url, endpointOf(value)])),
	};
}

/** What the last uploader left; a new state where there is none or it can't be read. Never throws. */
export function readState(folders: SpoolFolders): UploaderState {
	try {
		const found = objectOf(new DurableJson<unknown>("", folders.state).read());
		if (found["et"] === 1) return stateOf(found);
	} catch {
		// Unreadable: what was known of back-off is lost, and the endpoints are tried anew.
	}
	return structuredClone(NEW_STATE);
}

/** @throws the system's error; the former state then stands */
export function writeState(folders: SpoolFolders, state: UploaderState): void {
	const temporary = join(folders.tmp, `state-${process.pid}-${Date.now()}.json`);
	new LowSync<UploaderState>(new DurableJson(temporary, folders.state), state).write();
}
