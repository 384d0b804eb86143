/** What a batch says, judged report by report: pure, so that every order and every defect can be tested. */
import { NAME_PATTERN } from "../../report/limits.js";
import { WIRE_VERSION, type WireAnswer, type WireVerdict } from "../../report/wire.js";
import { TOLERATED_SKEW_MS } from "../config.js";
import { Refusal } from "../http/refusal.js";
import { NOTHING_KEPT } from "../privacy/kept-address.js";
import { columnsOf } from "../store/columns.js";
import type { EventRecord, InsertResult, LostRecord, StoredReport } from "../store/types.js";
import { isObject, readId } from "./entries.js";
import { parseInstant, type ValidReport, validateReport } from "./validate.js";

/** A batch whose own shape is right; nothing is known yet of what is in it. */
export interface OpenedBatch {
	reports: unknown[];
	lost: unknown[];
	/** The client's clock when it sent, in milliseconds since the epoch; undefined where it does not say. */
	sentAtMs: number | undefined;
}

/** A report after judgement: either a record for the store, or the verdict that it has already. */
export type JudgedReport = { id: string; report: StoredReport; record: EventRecord } | { verdict: WireVerdict };

/**
 * Opens a batch. Fields that it does not know are let pass, so that a newer client is understood.
 *
 * @throws Refusal when the batch's own shape is wrong; never for a report in it
 */
export function openBatch(value: unknown, maxReports: number): OpenedBatch {
	if (!isObject(value)) throw notABatch("it is not an object");
	if (value.wire !== WIRE_VERSION) {
		throw new Refusal(
			"unsupported_wire",
			`This server speaks wire ${WIRE_VERSION} only. Nothing was stored. Keep the reports until client and server agree.`,
		);
	}
	if (!Array.isArray(value.reports)) throw notABatch("reports is not an array");
	if (value.reports.length > maxReports) {
		throw new Refusal(
			"too_many_reports",
			`A batch has at most ${maxReports} reports. Nothing was stored. Send fewer at once.`,
		);
	}
	return { reports: value.reports, lost: openLost(value.lost), sentAtMs: openSentAt(value.sent_at) };
}

/** Judges one report of a batch received at `receivedAtMs` (the server's clock). */
export function judgeReport(value: unknown, receivedAtMs: number, skewMs: number): JudgedReport {
	const judged = validateReport(value);
	if (!judged.ok) {
		return {
			verdict: { id: readId(value), verdict: "rejected", code: judged.code, message: judged.message },
		};
	}
	return { id: judged.report.id, report: judged.report, record: toRecord(judged, receivedAtMs, skewMs) };
}

/**
 * What to add to a client's times so that they are in the server's clock: how far the clock was
 * behind when it sent, or 0 while that is no more than {@link TOLERATED_SKEW_MS} (a request also
 * takes its time) or not known.
 */
export function clockSkew(sentAtMs: number | undefined, receivedAtMs: number): number {
	if (sentAtMs === undefined) return 0;
	const skewMs = receivedAtMs - sentAtMs;
	return Math.abs(skewMs) > TOLERATED_SKEW_MS ? skewMs : 0;
}

/** The drop counts of a batch that can be read. One that cannot is left out: a count must not cost a report. */
export function readLost(entries: unknown[], receivedAtMs: number): LostRecord[] {
	return entries.flatMap((entry) => {
		if (!isObject(entry)) return [];
		const { id, project, reason, count } = entry;
		if (!isName(id) || !isName(project) || !isName(reason) || !isCount(count)) return [];
		return [{ id, project, reason, count, receivedAt: receivedAtMs }];
	});
}

/** The answer, in the order of the reports; `results` are the store's, in the order of the records. */
export function answer(judged: readonly JudgedReport[], results: readonly InsertResult[]): WireAnswer {
	let next = 0;
	const verdicts = judged.map((report): WireVerdict => {
		if ("verdict" in report) return report.verdict;
		const result = results[next++];
		if (result === undefined) throw new Error("the store gave fewer results than it was given records");
		return { id: report.id, verdict: result };
	});
	return { wire: WIRE_VERSION, verdicts };
}

function toRecord({ report, json, occurredAtMs }: ValidReport, receivedAt: number, skewMs: number): EventRecord {
	return {
		project: report.project,
		runId: report.run_id,
		id: report.id,
		event: report.event,
		receivedAt,
		occurredAt: occurredAtMs + skewMs,
		occurredAtClient: occurredAtMs,
		...columnsOf(report),
		report: json,
		...NOTHING_KEPT,
	};
}

function openLost(value: unknown): unknown[] {
	if (value === undefined) return [];
	if (Array.isArray(value)) return value;
	throw notABatch("lost is not an array");
}

function openSentAt(value: unknown): number | undefined {
	if (value === undefined) return undefined;
	const ms = typeof value === "string" && value.endsWith("Z") ? parseInstant(value) : undefined;
	if (ms !== undefined) return ms;
	throw notABatch("sent_at is not an instant in UTC such as 2026-01-31T12:00:00.000Z");
}

function notABatch(reason: string): Refusal {
	return new Refusal(
		"not_a_batch",
		`The body is not a batch: ${reason}. Nothing was stored. docs/wire-format.md shows one.`,
	);
}

function isName(value: unknown): value is string {
	return typeof value === "string" && NAME_PATTERN.test(value);
}

function isCount(value: unknown): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
