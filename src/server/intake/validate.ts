/** Is this a report, and if not, why not. */
import { Ajv, type ErrorObject } from "ajv";
import { MAX_REPORT_BYTES } from "../../report/limits.js";
import { REPORT_SCHEMA } from "../../report/schema.js";
import { MAX_MESSAGE_LENGTH } from "../config.js";
import type { StoredReport } from "../store/types.js";
import type { RejectionCode } from "./codes.js";
import { scrubReport } from "./scrub.js";

/** A report that may be stored: the value, the JSON that will be, and when its client says it happened. */
export interface ValidReport {
	ok: true;
	report: StoredReport;
	/** The report's JSON: as it was validated, and scrubbed. */
	json: string;
	/** `occurred_at` in milliseconds since the epoch. */
	occurredAtMs: number;
}

export interface InvalidReport {
	ok: false;
	code: RejectionCode;
	message: string;
}

const matchesSchema = new Ajv({ allowUnionTypes: true }).compile<StoredReport>(REPORT_SCHEMA);

/** Judges one report by the schema, its date and its size; never throws. */
export function validateReport(value: unknown): ValidReport | InvalidReport {
	if (!matchesSchema(value)) return invalid("invalid_report", explain(matchesSchema.errors?.[0]));
	const occurredAtMs = parseInstant(value.occurred_at);
	if (occurredAtMs === undefined) return invalid("invalid_date", "occurred_at is not a date of the calendar");
	const json = JSON.stringify(value);
	if (Buffer.byteLength(json) > MAX_REPORT_BYTES) {
		return invalid("report_too_large", `the report has more than ${MAX_REPORT_BYTES} bytes`);
	}
	const report = scrubReport(value);
	return { ok: true, report, json: report === value ? json : JSON.stringify(report), occurredAtMs };
}

/**
 * Milliseconds since the epoch of an ISO 8601 instant in UTC, or undefined for one that the
 * calendar does not have: Date.parse alone takes February 30 for March 2.
 */
export function parseInstant(text: string): number | undefined {
	const ms = Date.parse(text);
	if (Number.isNaN(ms)) return undefined;
	// Every month has these days, and every day these hours.
	if (text[10] === "T" && text.slice(8, 10) <= "28" && text.slice(11, 13) <= "23") return ms;
	const toSeconds = "YYYY-MM-DDThh:mm:ss".length;
	return new Date(ms).toISOString().slice(0, toSeconds) === text.slice(0, toSeconds) ? ms : undefined;
}

function invalid(code: RejectionCode, reason: string): InvalidReport {
	return { ok: false, code, message: `Not stored: ${reason}.`.slice(0, MAX_MESSAGE_LENGTH) };
}

function explain(error: ErrorObject | undefined): string {
	if (error === undefined) return "it is not a report";
	const where = error.instancePath === "" ? "the report" : error.instancePath.slice(1).replaceAll("/", ".");
	if (error.keyword === "additionalProperties") {
		return `${where} has an unknown field ${JSON.stringify(error.params.additionalProperty)}`;
	}
	return `${where} ${error.message ?? "is not as the schema says"}`;
}
