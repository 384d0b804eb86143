/** Erasing runs and taking fields out of reports, in steps that SQLite and PostgreSQL share: no intake comes between. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Kysely, sql } from "kysely";
import { withoutFields } from "../../report/optional-fields.js";
import { MAX_COPIES_REDACTED } from "../config.js";
import { columnsOf } from "./columns.js";
import type { RedactionsTable, Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";
import type { Erased, ErasureRecord, ErasureResult, RedactionRecord, StoredReport } from "./types.js";

type Database = Kysely<Schema>;

/** Erases and redacts all that is asked for, one result a request. */
export function* eraseAll(db: Database, requests: readonly ErasureRecord[]): Steps<ErasureResult[]> {
	const results: ErasureResult[] = [];
	for (const request of requests) results.push(yield* erasureSteps(db, request));
	return results;
}

/** A tombstone is found first: of an erased run there is nothing left to redact, or to erase again. */
function* erasureSteps(db: Database, request: ErasureRecord): Steps<ErasureResult> {
	const runId = Buffer.from(request.runId, "hex");
	const erased = yield* tombstone(db, runId);
	if (erased !== undefined) return erased;
	return request.redaction === null
		? yield* eraseRun(db, runId, request)
		: yield* redact(db, runId, request, request.redaction);
}

function* eraseRun(db: Database, runId: Buffer, { at, receipt }: ErasureRecord): Steps<Erased> {
	const counted = db.selectFrom("events").select(sql<number>`count(*)`.as("number")).where("run_id", "=", runId);
	const events = (yield* rows(counted))[0]?.number ?? 0;
	yield* rows(db.deleteFrom("events").where("run_id", "=", runId));
	yield* rows(db.deleteFrom("redactions").where("run_id", "=", runId));
	yield* rows(db.insertInto("tombstones").values({ run_id: runId, erased_at: at, events, receipt }));
	return { verdict: "erased", receipt, events, at };
}

function* redact(
	db: Database,
	runId: Buffer,
	{ at, receipt }: ErasureRecord,
	{ reportId, fields }: RedactionRecord,
): Steps<ErasureResult> {
	const id = Buffer.from(reportId.replaceAll("-", ""), "hex");
	const events = (yield* copiesOf(db, id)).filter((event) => event.run_id.equals(runId));
	if (events.length === 0) return { verdict: "unknown" };
	for (const event of events) yield* takeOut(db, event, fields);
	const redaction = { run_id: runId, report_id: id, fields_digest: digestOf(fields) };
	const done = yield* redactionDone(db, redaction);
	if (done !== undefined) return done;
	const result = { redacted_at: at, events: events.length, receipt };
	yield* rows(db.insertInto("redactions").values({ ...redaction, ...result }));
	return { verdict: "redacted", receipt, events: events.length, at };
}

interface Copy {
	seq: number;
	run_id: Buffer;
	report: string;
	redacted: string | null;
}

/**
 * The reports of an id, in the projects that have it: found by the id and not by the run, of which somebody may have
 * sent very many events, and no more than the oldest few, for somebody may have sent an id to very many projects.
 */
function* copiesOf(db: Database, id: Buffer): Steps<Copy[]> {
	const oldest = db.selectFrom("events").select("seq").where("id", "=", id).orderBy("seq").limit(MAX_COPIES_REDACTED);
	const copies: Copy[] = [];
	for (const { seq } of yield* rows(oldest)) {
		const copy = db.selectFrom("events").select(["seq", "run_id", "report", "redacted"]).where("seq", "=", seq);
		copies.push(...(yield* rows(copy)));
	}
	return copies;
}

function* takeOut(db: Database, event: Copy, fields: readonly string[]): Steps<void> {
	const given = JSON.parse(event.report) as StoredReport;
	const report = withoutFields(given, fields);
	const changed = fields.map(fieldOf).filter((field) => !isDeepStrictEqual(given[field], report[field]));
	if (changed.length === 0) return;
	const before = event.redacted === null ? [] : (JSON.parse(event.redacted) as string[]);
	const redacted = [...new Set([...before, ...changed])].sort();
	const { command, version, outcome, wallSeconds } = columnsOf(report);
	yield* rows(
		db
			.updateTable("events")
			.set({ command, version, outcome, wall_s: wallSeconds })
			.set({ report: JSON.stringify(report), redacted: JSON.stringify(redacted) })
			.where("seq", "=", event.seq),
	);
}

function* tombstone(db: Database, runId: Buffer): Steps<Erased | undefined> {
	const [found] = yield* rows(db.selectFrom("tombstones").selectAll().where("run_id", "=", runId));
	if (found === undefined) return undefined;
	return { verdict: "erased", receipt: found.receipt, events: found.events, at: found.erased_at };
}

function* redactionDone(
	db: Database,
	{ run_id, report_id, fields_digest }: Pick<RedactionsTable, "run_id" | "report_id" | "fields_digest">,
): Steps<Erased | undefined> {
	const [found] = yield* rows(
		db
			.selectFrom("redactions")
			.selectAll()
			.where("run_id", "=", run_id)
			.where("report_id", "=", report_id)
			.where("fields_digest", "=", fields_digest),
	);
	if (found === undefined) return undefined;
	return { verdict: "redacted", receipt: found.receipt, events: found.events, at: found.redacted_at };
}

function digestOf(fields: readonly string[]): Buffer {
	return createHash("sha256").update(JSON.stringify(fields)).digest();
}

/** `data` for `data.note`. */
function fieldOf(path: string): keyof StoredReport {
	return path.split(".", 1)[0] as keyof StoredReport;
}
