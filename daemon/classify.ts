/**
 * What an answer means for the reports that were sent: the closed set of outcomes, in one place.
 * Pure. Only an answer that is surely ours can cost a report anything.
 */

import { plainText } from "../src/report/scrub.js";
import {
	ERASURE_VERDICTS,
	type ErasureVerdict,
	VERDICTS,
	type Verdict,
	WIRE_VERSION,
	type WireErasureVerdict,
	type WireVerdict,
} from "../src/report/wire.js";
import { retryAfterMs } from "./backoff.js";
import type { Policy } from "./policy.js";

/** An HTTP answer, as much of it as was read. */
export interface Answer {
	status: number;
	retryAfter: string | null;
	/** Null where it was larger than we read. */
	body: string | null;
}

/** What came of a request: an answer, or none. */
export type Exchange = { kind: "answer"; answer: Answer } | { kind: "network"; why: string };

export type Outcome<V = WireVerdict> =
	/** A valid answer of ours: each report (or request) by its own verdict; one without a verdict stays. */
	| { kind: "verdicts"; verdicts: Map<string, V> }
	/** 413: smaller batches. */
	| { kind: "too_large" }
	/** 400 or 422, surely ours: one of the reports is at fault. */
	| { kind: "malformed"; code: string; message: string }
	/** It may pass by itself: keep, and back off. */
	| { kind: "try_later"; why: string; retryAfterMs: number | null }
	/** It will not pass by itself, or it is not our server that answers: keep, and hold the endpoint. */
	| { kind: "stranger"; why: string };

const TRY_LATER = new Set([408, 425, 429]);
/** Refusals that speak of the batch and not of a report in it: no report is to blame. */
const BATCH_AT_FAULT = new Set([
	"unsupported_wire",
	"bad_request",
	"not_json",
	"not_gzip",
	"not_a_batch",
	"not_erasures",
	"unsupported_media_type",
	"unsupported_encoding",
]);

type Json = Record<string, unknown>;

function parseObject(body: string | null): Json | null {
	if (body === null) return null;
	try {
		const value: unknown = JSON.parse(body);
		return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
	} catch {
		return null;
	}
}

/** A stranger's text, short and without anything that could move a terminal's cursor. */
export function words(text: unknown, policy: Policy): string {
	return typeof text === "string" ? plainText(text, policy.messageCharacters) : "";
}

function readVerdict(value: unknown, policy: Policy): WireVerdict | null {
	if (typeof value !== "object" || value === null) return null;
	const { id, verdict, code, message } = value as Json;
	if (typeof id !== "string" || !VERDICTS.includes(verdict as Verdict)) return null;
	return { id, verdict: verdict as Verdict, code: words(code, policy), message: words(message, policy) };
}

/** How verdicts of one kind are read. */
interface Reader<V extends { id: string | null }> {
	read: (value: unknown, policy: Policy) => V | null;
	/** Of several verdicts on one id (two copies of a report in one batch) the one that costs least counts. */
	weight: (verdict: V) => number;
}

const REPORTS: Reader<WireVerdict> = {
	read: readVerdict,
	weight: ({ verdict }) => {
		if (verdict === "rejected") return 0;
		return verdict === "later" ? 1 : 2;
	},
};

const MOST_RECEIPT_CHARACTERS = 200;

function readErasureVerdict(value: unknown, policy: Policy): WireErasureVerdict | null {
	if (typeof value !== "object" || value === null) return null;
	const { id, verdict, receipt, events, at, code, message } = value as Json;
	if (typeof id !== "string" || !ERASURE_VERDICTS.includes(verdict as ErasureVerdict)) return null;
	return {
		id,
		verdict: verdict as ErasureVerdict,
		receipt: typeof receipt === "string" ? plainText(receipt, MOST_RECEIPT_CHARACTERS) : null,
		events: Number.isSafeInteger(events) ? Math.max(0, events as number) : 0,
		at: words(at, policy),
		code: words(code, policy),
		message: words(message, policy),
	};
}

const REQUESTS: Reader<WireErasureVerdict> = {
	read: readErasureVerdict,
	weight: ({ verdict }) => ERASURE_VERDICTS.length - ERASURE_VERDICTS.indexOf(verdict),
};

function readVerdicts<V extends { id: string | null }>(
	body: Json,
	sent: ReadonlySet<string>,
	{ read, weight }: Reader<V>,
	policy: Policy,
): Map<string, V> | null {
	if (body["wire"] !== WIRE_VERSION || !Array.isArray(body["verdicts"])) return null;
	const verdicts = new Map<string, V>();
	for (const item of body["verdicts"] as unknown[]) {
		const verdict = read(item, policy);
		if (verdict?.id == null || !sent.has(verdict.id)) continue;
		const before = verdicts.get(verdict.id);
		if (before === undefined || weight(verdict) > weight(before)) verdicts.set(verdict.id, verdict);
	}
	return verdicts;
}

function ourError(body: Json | null, policy: Policy): { code: string; message: string } | null {
	const error = body?.["wire"] === WIRE_VERSION ? body["error"] : null;
	if (typeof error !== "object" || error === null) return null;
	const { code, message } = error as Json;
	return typeof code === "string" ? { code: words(code, policy), message: words(message, policy) } : null;
}

/** What an answer is classified by. */
interface Asked<V extends { id: string | null }> {
	sent: ReadonlySet<string>;
	reader: Reader<V>;
	nowMs: number;
	policy: Policy;
}

function classifyAnswer<V extends { id: string | null }>(answer: Answer, asked: Asked<V>): Outcome<V> {
	const { sent, reader, nowMs, policy } = asked;
	const { status } = answer;
	const body = parseObject(answer.body);
	const error = ourError(body, policy);
	if (status >= 200 && status < 300) {
		const verdicts = body === null ? null : readVerdicts(body, sent, reader, policy);
		if (verdicts !== null) return { kind: "verdicts", verdicts };
		return { kind: "stranger", why: `it answered ${status}, and not as an ET server does (a login page, or a proxy?)` };
	}
	if (status === 413) return { kind: "too_large" };
	if ((status === 400 || status === 422) && error !== null && !BATCH_AT_FAULT.has(error.code)) {
		return { kind: "malformed", ...error };
	}
	const said = error === null ? "" : `: ${error.message || error.code}`;
	if (status >= 500 || TRY_LATER.has(status)) {
		return {
			kind: "try_later",
			why: `it answered ${status}${said}`,
			retryAfterMs: retryAfterMs(answer.retryAfter, nowMs, policy),
		};
	}
	return { kind: "stranger", why: `it answered ${status}${said}` };
}

function classifyExchange<V extends { id: string | null }>(exchange: Exchange, asked: Asked<V>): Outcome<V> {
	if (exchange.kind === "network") return { kind: "try_later", why: exchange.why, retryAfterMs: null };
	return classifyAnswer(exchange.answer, asked);
}

/**
 * @param sent ids of the reports in the request: what is said of others does not count
 * @param nowMs for a Retry-After that is a date
 */
export function classify(exchange: Exchange, sent: ReadonlySet<string>, nowMs: number, policy: Policy): Outcome {
	return classifyExchange(exchange, { sent, reader: REPORTS, nowMs, policy });
}

/** The same for requests to erase or redact. */
export function classifyErasures(
	exchange: Exchange,
	sent: ReadonlySet<string>,
	nowMs: number,
	policy: Policy,
): Outcome<WireErasureVerdict> {
	return classifyExchange(exchange, { sent, reader: REQUESTS, nowMs, policy });
}
