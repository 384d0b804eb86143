/** The questions that pages ask, in the SQL that SQLite and PostgreSQL share. */
import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { MAX_EVENTS_SHOWN } from "../config.js";
import type { Schema } from "./schema.js";
import type { EventsQuery, LostTotal, RunsQuery, RunsSlice, StoreCounts, StoredEvent, StoredRun } from "./types.js";

type Database = Kysely<Schema>;

interface RunKey {
	seq: number;
	project_id: number;
	run_id: Buffer;
}

interface EventRow {
	seq: number;
	received_at: number;
	occurred_at: number;
	occurred_at_client: number;
	report: string;
	redacted: string | null;
	address: string | null;
	source: string | null;
}

const EVENT_COLUMNS = [
	"seq",
	"received_at",
	"occurred_at",
	"occurred_at_client",
	"report",
	"redacted",
	"address",
	"source",
] as const;

export async function projectId(db: Database, name: string): Promise<number | undefined> {
	const row = await db.selectFrom("projects").select("id").where("name", "=", name).executeTakeFirst();
	return row?.id;
}

export async function projectNames(db: Database, limit: number): Promise<string[]> {
	const rows = await db
		.selectFrom("projects")
		.select("name")
		// Of one that was erased, something may have come since, or not.
		.where(({ or, not, exists, selectFrom }) =>
			or([
				not(exists(selectFrom("project_erasures").select("project").whereRef("project", "=", "projects.name"))),
				exists(selectFrom("events").select("seq").whereRef("events.project_id", "=", "projects.id")),
			]),
		)
		.orderBy("name")
		.limit(limit)
		.execute();
	return rows.map((row) => row.name);
}

export async function listRuns(db: Database, query: RunsQuery & { asOf: number }): Promise<RunsSlice> {
	const { asOf } = query;
	const keys = await runKeys(db, query, asOf);
	const more = keys.length > query.limit;
	const page = keys.slice(0, query.limit);
	const upwards = query.from !== undefined && "after" in query.from;
	if (upwards) page.reverse();
	return {
		asOf,
		runs: await withEvents(db, page),
		// Who came from a page knows that it is still there; only the way ahead has to be looked at.
		hasOlder: upwards || more,
		hasNewer: upwards ? more : query.from !== undefined,
	};
}

/** Walks along the key, from a place on; with a project, along the index of its events. */
export async function events(db: Database, query: EventsQuery): Promise<StoredEvent[]> {
	let rows = db
		.selectFrom("events")
		.select(EVENT_COLUMNS)
		.where("seq", ">", query.after)
		.orderBy("seq")
		.limit(query.limit);
	if (query.project !== undefined) {
		const id = await projectId(db, query.project);
		if (id === undefined) return [];
		rows = rows.where("project_id", "=", id);
	}
	for (const column of ["command", "version", "event", "outcome"] as const) {
		const value = query[column];
		if (value !== undefined) rows = rows.where(column, "=", value);
	}
	if (query.tests !== undefined) rows = rows.where("test", "=", query.tests === "only" ? 1 : 0);
	if (query.since !== undefined) rows = rows.where("occurred_at", ">=", query.since);
	if (query.until !== undefined) rows = rows.where("occurred_at", "<", query.until);
	if (query.receivedUntil !== undefined) rows = rows.where("received_at", "<=", query.receivedUntil);
	return (await rows.execute()).map(toStoredEvent);
}

export async function runEvents(db: Database, project: string, runId: string): Promise<StoredEvent[]> {
	const id = await projectId(db, project);
	if (id === undefined) return [];
	const rows = await newestEvents(db, { project_id: id, run_id: Buffer.from(runId, "hex") }).execute();
	return rows.map(toStoredEvent).reverse();
}

export async function lostTotals(db: Database, project: string): Promise<LostTotal[]> {
	const id = await projectId(db, project);
	if (id === undefined) return [];
	return db
		.selectFrom("lost")
		.select(["reason", (eb) => eb.fn.sum<number>("count").as("count")])
		.where("project_id", "=", id)
		.groupBy("reason")
		.orderBy("reason")
		.execute();
}

export async function counts(db: Database): Promise<StoreCounts> {
	const runs = db.selectFrom("events").select(["project_id", "run_id"]).distinct().as("run");
	const number = sql<number>`count(*)`.as("number");
	const [events, distinctRuns, projects, lost, tombstones] = await Promise.all([
		db.selectFrom("events").select(number).executeTakeFirstOrThrow(),
		db.selectFrom(runs).select(number).executeTakeFirstOrThrow(),
		db.selectFrom("projects").select(number).executeTakeFirstOrThrow(),
		db
			.selectFrom("lost")
			.select((eb) => eb.fn.coalesce(eb.fn.sum<number>("count"), eb.lit(0)).as("number"))
			.executeTakeFirstOrThrow(),
		db.selectFrom("tombstones").select(number).executeTakeFirstOrThrow(),
	]);
	return {
		events: events.number,
		runs: distinctRuns.number,
		projects: projects.number,
		lost: lost.number,
		erased: tombstones.number,
	};
}

export async function newestSeq(db: Database): Promise<number> {
	const row = await db
		.selectFrom("events")
		.select((eb) => eb.fn.max("seq").as("seq"))
		.executeTakeFirst();
	return row?.seq ?? 0;
}

export async function hasTests(db: Database, project?: string): Promise<boolean> {
	let tests = db.selectFrom("events").select("seq").where("test", "=", 1).limit(1);
	if (project !== undefined) tests = tests.where("project_id", "=", (await projectId(db, project)) ?? 0);
	return (await tests.executeTakeFirst()) !== undefined;
}

/**
 * The newest event of each run, up to `asOf`, and one more than asked for: whether there is more.
 * A run's events are neighbours in an index, so that each candidate costs one step, and the page
 * costs its own length however much is stored. Of test runs it is the newest event that says so, by an index of theirs.
 */
async function runKeys(db: Database, query: RunsQuery, asOf: number): Promise<RunKey[]> {
	let events = db.selectFrom("events as event").select(["event.seq", "event.project_id", "event.run_id"]);
	if (query.project !== undefined) {
		const id = await projectId(db, query.project);
		if (id === undefined) return [];
		events = events.where("event.project_id", "=", id);
	}
	if (query.tests === "only") events = events.where("event.test", "=", 1);
	return placed(events, query.from)
		.where("event.seq", "<=", asOf)
		.where(({ not, exists, selectFrom }) => {
			const others = selectFrom("events as other")
				.select("other.seq")
				.whereRef("other.project_id", "=", "event.project_id")
				.whereRef("other.run_id", "=", "event.run_id")
				.where("other.seq", "<=", asOf);
			const later = others.whereRef("other.seq", ">", "event.seq");
			if (query.tests === "only") return not(exists(later.where("other.test", "=", 1)));
			const isNewest = not(exists(later));
			return query.tests === undefined ? isNewest : isNewest.and(not(exists(others.where("other.test", "=", 1))));
		})
		.limit(query.limit + 1)
		.execute();
}

type RunKeysQuery = SelectQueryBuilder<Schema & { event: Schema["events"] }, "event", RunKey>;

function placed(events: RunKeysQuery, from: RunsQuery["from"]): RunKeysQuery {
	if (from === undefined) return events.orderBy("event.seq", "desc");
	if ("before" in from) return events.where("event.seq", "<", from.before).orderBy("event.seq", "desc");
	return events.where("event.seq", ">", from.after).orderBy("event.seq", "asc");
}

async function withEvents(db: Database, keys: readonly RunKey[]): Promise<StoredRun[]> {
	return Promise.all(
		keys.map(async (key) => {
			const rows = await newestEvents(db, key).execute();
			return { seq: key.seq, events: rows.map(toStoredEvent).reverse() };
		}),
	);
}

function newestEvents(db: Database, run: { project_id: number; run_id: Buffer }) {
	return db
		.selectFrom("events")
		.select(EVENT_COLUMNS)
		.where("project_id", "=", run.project_id)
		.where("run_id", "=", run.run_id)
		.orderBy("seq", "desc")
		.limit(MAX_EVENTS_SHOWN);
}

function toStoredEvent(row: EventRow): StoredEvent {
	return {
		seq: row.seq,
		receivedAt: row.received_at,
		occurredAt: row.occurred_at,
		occurredAtClient: row.occurred_at_client,
		report: JSON.parse(row.report),
		redacted: row.redacted === null ? [] : JSON.parse(row.redacted),
		address: row.address,
		source: row.source,
	};
}
