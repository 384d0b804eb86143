/** What a file of the spool holds: a report, and what the user's machine must know about it. */

import { MAX_REPORT_BYTES, NAME_PATTERN, REPORT_ID_PATTERN, RUN_ID_PATTERN } from "../report/limits.js";
import { endpointProblem } from "../report/manifest.js";
import { serialiseReport } from "../report/serialise.js";
import type { WireReport } from "../report/types.js";

/** Only `report` travels. */
export interface Envelope {
	et: 1;
	endpoint: string;
	notice: { version: number; digest: string };
	/** Id of the grant that it was recorded under, or "flag". */
	grant: string;
	/** Why it waits for its user's word: it was held ("user"), or nothing of its project leaves without `et approve`. */
	hold: string | null;
	/** Its user has said that it may leave; without, it does not leave where the grant asks for `et approve`. */
	approved?: boolean;
	/** What erases the run on the server; kept by the user alone. */
	erase_key: string | null;
	report: WireReport;
}

/** The most bytes that a file of the spool may have: the report, and some room for what is around it. */
export const MAX_ENVELOPE_BYTES = MAX_REPORT_BYTES + 8 * 1024;

export const CORRUPT_REASONS = [
	"empty",
	"too_large",
	"not_json",
	"not_an_envelope",
	"report_too_large",
	"not_a_file",
] as const;
/** Why a file in new/ can't be a report. */
export type CorruptReason = (typeof CORRUPT_REASONS)[number];

export type ParsedEnvelope = { ok: true; envelope: Envelope; text: string } | { ok: false; reason: CorruptReason };

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
	typeof value === "object" && value !== null && !Array.isArray(value);
const matches = (value: unknown, pattern: RegExp): boolean => typeof value === "string" && pattern.test(value);
const isTextOrNull = (value: unknown): boolean => value === null || value === undefined || typeof value === "string";

/** Endpoints found good, since a spool has few of them and many reports. */
const goodEndpoints = new Set<string>();
const MOST_REMEMBERED = 64;

function isEndpoint(value: unknown): value is string {
	if (goodEndpoints.has(value as string)) return true;
	if (endpointProblem(value) !== null) return false;
	if (goodEndpoints.size < MOST_REMEMBERED) goodEndpoints.add(value as string);
	return true;
}

function isReport(value: unknown): value is WireReport {
	return (
		isObject(value) &&
		matches(value["id"], REPORT_ID_PATTERN) &&
		matches(value["run_id"], RUN_ID_PATTERN) &&
		matches(value["project"], NAME_PATTERN) &&
		typeof value["event"] === "string" &&
		typeof value["occurred_at"] === "string"
	);
}

function isEnvelope(value: unknown): value is Envelope {
	if (!isObject(value) || value["et"] !== 1 || !isEndpoint(value["endpoint"])) return false;
	const notice = value["notice"];
	if (!isObject(notice) || !Number.isSafeInteger(notice["version"]) || typeof notice["digest"] !== "string")
		return false;
	if (typeof value["grant"] !== "string" || value["grant"] === "") return false;
	if (value["approved"] !== undefined && typeof value["approved"] !== "boolean") return false;
	return isTextOrNull(value["hold"]) && isTextOrNull(value["erase_key"]) && isReport(value["report"]);
}

/** The report's bytes, or null where it is nested deeper than any program's stack. */
function travelling(report: WireReport): string | null {
	try {
		return serialiseReport(report);
	} catch {
		return null;
	}
}

/**
 * An envelope out of a file's text, and its report as it would travel. What a report may hold is the
 * server's to judge; here it is only asked whether it can be sent, shown and dropped at all.
 */
export function parseEnvelope(text: string): ParsedEnvelope {
	if (text.trim() === "") return { ok: false, reason: "empty" };
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { ok: false, reason: "not_json" };
	}
	if (!isEnvelope(value)) return { ok: false, reason: "not_an_envelope" };
	const envelope: Envelope = { ...value, hold: value.hold ?? null, erase_key: value.erase_key ?? null };
	const serialised = travelling(envelope.report);
	if (serialised === null) return { ok: false, reason: "not_an_envelope" };
	if (Buffer.byteLength(serialised) > MAX_REPORT_BYTES) return { ok: false, reason: "report_too_large" };
	return { ok: true, envelope, text: serialised };
}
