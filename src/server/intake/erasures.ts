/** What erasures ask for, judged one by one: pure, so that every defect can be tested. */
import { runIdOf } from "../../report/ids.js";
import { MAX_ENTRIES, REPORT_ID_PATTERN } from "../../report/limits.js";
import { isOptionalField, OPTIONAL_FIELDS } from "../../report/optional-fields.js";
import { REPORT_SCHEMA } from "../../report/schema.js";
import { WIRE_VERSION, type WireErasureAnswer, type WireErasureVerdict } from "../../report/wire.js";
import { MAX_MESSAGE_LENGTH } from "../config.js";
import { Refusal } from "../http/refusal.js";
import type { ErasureRecord, ErasureResult, RedactionRecord } from "../store/types.js";
import type { ErasureRejectionCode } from "./codes.js";
import { isObject, readId } from "./entries.js";

/** When it was received, and the receipt that it gets unless it was done before. */
export interface ErasureMoment {
	/** Milliseconds since the epoch. */
	at: number;
	receipt: string;
}

/** An erasure after judgement: either a record for the store, or its rejection. */
export type JudgedErasure = { id: string; record: ErasureRecord } | { rejection: WireErasureVerdict };

const REQUEST_ID_PATTERN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY_PATTERN = /^[0-9a-f]{32}$/;
const KNOWN_NAMES = ["id", "key", "report", "fields"];
/** Every standard field, every input and every key that a report can have. */
const MAX_FIELDS = OPTIONAL_FIELDS.length + 2 * MAX_ENTRIES;

/**
 * Opens a request. Fields of it that are not known are let pass, so that a newer client is understood.
 *
 * @throws Refusal when the request's own shape is wrong; never for an erasure in it
 */
export function openErasures(value: unknown, maxErasures: number): unknown[] {
	if (!isObject(value)) throw notErasures("it is not an object");
	if (value.wire !== WIRE_VERSION) {
		throw new Refusal(
			"unsupported_wire",
			`This server speaks wire ${WIRE_VERSION} only. Nothing was erased. Keep the requests until client and server agree.`,
		);
	}
	if (!Array.isArray(value.erasures)) throw notErasures("erasures is not an array");
	if (value.erasures.length > maxErasures) {
		throw new Refusal(
			"too_many_erasures",
			`A request has at most ${maxErasures} erasures. Nothing was erased. Send fewer at once.`,
		);
	}
	return value.erasures;
}

/**
 * Judges one erasure. What is not known in it is rejected and not let pass: a misspelt `report` must not erase the run.
 */
export function judgeErasure(value: unknown, { at, receipt }: ErasureMoment): JudgedErasure {
	const reject = (code: ErasureRejectionCode, reason: string): JudgedErasure => ({
		rejection: rejection(readId(value), at, code, reason),
	});
	if (!isObject(value)) return reject("invalid_erasure", "it is not an object");
	const { id, key } = value;
	const unknown = Object.keys(value).find((name) => !KNOWN_NAMES.includes(name));
	if (unknown !== undefined) return reject("invalid_erasure", `it has an unknown field ${JSON.stringify(unknown)}`);
	if (!matches(id, REQUEST_ID_PATTERN)) return reject("invalid_erasure", "id is not a UUID in lower case");
	if (!matches(key, KEY_PATTERN)) return reject("invalid_erasure", "key is not 32 digits of lower-case hexadecimal");
	const redaction = readRedaction(value);
	if ("code" in redaction) return reject(redaction.code, redaction.reason);
	return { id, record: { runId: runIdOf(key), at, receipt, ...redaction } };
}

/** The answer, in the order of the erasures; `results` are the store's, in the order of the records. */
export function answerErasures(
	judged: readonly JudgedErasure[],
	results: readonly ErasureResult[],
	receivedAtMs: number,
): WireErasureAnswer {
	let next = 0;
	const verdicts = judged.map((erasure): WireErasureVerdict => {
		if ("rejection" in erasure) return erasure.rejection;
		const result = results[next++];
		if (result === undefined) throw new Error("the store gave fewer results than it was given erasures");
		if (result.verdict === "unknown") return nothingDone(erasure.id, "unknown", receivedAtMs);
		return { id: erasure.id, ...result, at: new Date(result.at).toISOString() };
	});
	return { wire: WIRE_VERSION, verdicts };
}

interface Defect {
	code: ErasureRejectionCode;
	reason: string;
}

function readRedaction(value: Record<string, unknown>): { redaction: RedactionRecord | null } | Defect {
	if (!("report" in value || "fields" in value)) return { redaction: null };
	const { report, fields } = value;
	if (!matches(report, REPORT_ID_PATTERN)) return invalid("report is not the id of a report");
	if (!isListOfTexts(fields)) return invalid("fields is not a list of names of fields");
	if (fields.length === 0 || fields.length > MAX_FIELDS) return invalid(`fields has not 1 to ${MAX_FIELDS} names`);
	const wrong = fields.find((field) => !isOptionalField(field));
	if (wrong !== undefined) return notOptional(wrong);
	return { redaction: { reportId: report, fields: [...new Set(fields)].sort() } };
}

function notOptional(field: string): Defect {
	return Object.hasOwn(REPORT_SCHEMA.properties, field)
		? { code: "field_required", reason: `no report can be without ${field}; the whole run can be erased` }
		: { code: "unknown_field", reason: `there is no field ${JSON.stringify(field)}` };
}

function invalid(reason: string): Defect {
	return { code: "invalid_erasure", reason };
}

function rejection(id: string | null, at: number, code: ErasureRejectionCode, reason: string): WireErasureVerdict {
	const message = `Nothing was erased: ${reason}.`.slice(0, MAX_MESSAGE_LENGTH);
	return { ...nothingDone(id, "rejected", at), code, message };
}

function nothingDone<V extends "unknown" | "rejected">(id: string | null, verdict: V, at: number): WireErasureVerdict {
	return { id, verdict, receipt: null, events: 0, at: new Date(at).toISOString() };
}

function notErasures(reason: string): Refusal {
	return new Refusal(
		"not_erasures",
		`The body does not ask for erasures: ${reason}. Nothing was erased. docs/wire-format.md shows how to ask.`,
	);
}

function matches(value: unknown, pattern: RegExp): value is string {
	return typeof value === "string" && pattern.test(value);
}

function isListOfTexts(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((entry) => typeof entry === "string");
}
