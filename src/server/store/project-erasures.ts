/** Erasing projects as a whole, in steps that SQLite and PostgreSQL share. */
import { type Kysely, sql } from "kysely";
import { UPKEEP_STEP } from "../config.js";
import { record } from "./access.js";
import { CONSOLE } from "./access-types.js";
import type { ProjectErasure } from "./project-erasure-types.js";
import { unregister } from "./registry.js";
import type { ProjectErasuresTable, Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";

type Database = Kysely<Schema>;

export async function projectErasures(db: Database, only: readonly string[] | null): Promise<ProjectErasure[]> {
	if (only?.length === 0) return [];
	let found = db.selectFrom("project_erasures").selectAll().orderBy("project");
	if (only !== null) found = found.where("project", "in", only);
	return (await found.execute()).map(toErasure);
}

export async function reportsOf(db: Database, project: string): Promise<number | undefined> {
	const row = await db.selectFrom("projects").select("id").where("name", "=", project).executeTakeFirst();
	if (row === undefined) {
		const registered = db.selectFrom("registrations").select("project").where("project", "=", project);
		return (await registered.executeTakeFirst()) === undefined ? undefined : 0;
	}
	const counted = db.selectFrom("events").select(sql<number>`count(*)`.as("number")).where("project_id", "=", row.id);
	return (await counted.executeTakeFirst())?.number ?? 0;
}

export function* beginProjectErasure(
	db: Database,
	{ project, at, receipt, block }: { project: string; at: number; receipt: string; block: boolean },
): Steps<ProjectErasure> {
	const row = { project, erased_at: at, runs: 0, events: 0, receipt, blocked: block ? 1 : 0, done: 0 };
	const added = db.insertInto("project_erasures").values(row);
	yield* rows(added.onConflict((conflict) => conflict.column("project").doUpdateSet(row)));
	const ids = db.selectFrom("projects").select("id").where("name", "=", project);
	yield* rows(db.deleteFrom("lost").where("project_id", "in", ids));
	if (block) {
		yield* unregister(db, project, null);
		yield* rows(db.deleteFrom("promises").where("project", "=", project));
	}
	yield* record(db, { at, who: null, act: "project_erased", what: project, source: CONSOLE });
	return toErasure(row);
}

export function* eraseOfProject(db: Database, project: string): Steps<ProjectErasure | null> {
	const [row] = yield* rows(db.selectFrom("project_erasures").selectAll().where("project", "=", project));
	if (row === undefined) return null;
	const [known] = yield* rows(db.selectFrom("projects").select("id").where("name", "=", project));
	const page = known === undefined ? [] : yield* rows(eventsUntil(db, known.id, row.erased_at));
	const runIds = [...new Map(page.map(({ run_id }) => [run_id.toString("hex"), run_id])).values()];
	let runs = 0;
	if (known !== undefined && page.length > 0) {
		yield* rememberOpen(db, project, known.id, runIds);
		yield* rows(
			db.deleteFrom("events").where(
				"seq",
				"in",
				page.map(({ seq }) => seq),
			),
		);
		runs = runIds.length - (yield* runsLeft(db, known.id, runIds)).length;
		const others = sql<boolean>`NOT EXISTS (SELECT 1 FROM events WHERE events.run_id = redactions.run_id)`;
		yield* rows(db.deleteFrom("redactions").where("run_id", "in", runIds).where(others));
	}
	const isDone = page.length < UPKEEP_STEP;
	const after = { ...row, runs: row.runs + runs, events: row.events + page.length, done: isDone ? 1 : 0 };
	const { runs: allRuns, events, done } = after;
	yield* rows(db.updateTable("project_erasures").set({ runs: allRuns, events, done }).where("project", "=", project));
	return toErasure(after);
}

/** Received by then, or said to have happened by then. */
function eventsUntil(db: Database, projectId: number, until: number) {
	return db
		.selectFrom("events")
		.select(["seq", "run_id"])
		.where("project_id", "=", projectId)
		.where((eb) => eb.or([eb("received_at", "<=", until), eb("occurred_at", "<=", until)]))
		.orderBy("seq")
		.limit(UPKEEP_STEP);
}

/** Runs of which no end has come. */
function* rememberOpen(db: Database, project: string, projectId: number, runIds: readonly Buffer[]): Steps<void> {
	const ended = yield* rows(runsOf(db, projectId, runIds).where("event", "=", "end"));
	const names = new Set(ended.map(({ run_id }) => run_id.toString("hex")));
	const open = runIds.filter((run_id) => !names.has(run_id.toString("hex")));
	if (open.length === 0) return;
	const added = db.insertInto("erased_runs").values(open.map((run_id) => ({ project, run_id })));
	yield* rows(added.onConflict((conflict) => conflict.doNothing()));
}

function* runsLeft(db: Database, projectId: number, runIds: readonly Buffer[]): Steps<{ run_id: Buffer }[]> {
	return yield* rows(runsOf(db, projectId, runIds));
}

function runsOf(db: Database, projectId: number, runIds: readonly Buffer[]) {
	const events = db.selectFrom("events").select("run_id").distinct();
	return events.where("project_id", "=", projectId).where("run_id", "in", runIds);
}

function toErasure(row: ProjectErasuresTable): ProjectErasure {
	return {
		project: row.project,
		erasedAt: row.erased_at,
		runs: row.runs,
		events: row.events,
		receipt: row.receipt,
		isBlocked: row.blocked === 1,
		isDone: row.done === 1,
	};
}
