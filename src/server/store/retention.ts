/** For how long runs are kept, and their going, in steps that SQLite and PostgreSQL share. */
import { type Kysely, sql } from "kysely";
import { MAX_EVENTS_GONE, UPKEEP_STEP } from "../config.js";
import type { Cutoffs, ExpireStep, Gone, ProjectRetention } from "./retention-types.js";
import type { Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";
import type { StoredReport } from "./types.js";

type Database = Kysely<Schema>;

const UPKEEP_MARK = "upkeep";

export async function retentions(db: Database, only: readonly string[] | null): Promise<ProjectRetention[]> {
	const [promises, chosen, names] = [
		await db.selectFrom("promises").selectAll().orderBy("notice").execute(),
		await db.selectFrom("retentions").selectAll().execute(),
		await db
			.selectFrom("projects")
			.select("name")
			.union(db.selectFrom("registrations").select("project as name"))
			.union(db.selectFrom("promises").select("project as name"))
			.union(db.selectFrom("retentions").select("project as name"))
			.orderBy("name")
			.execute(),
	];
	return names
		.map(({ name }) => name)
		.filter((name) => only === null || only.includes(name))
		.map((project) => {
			const row = chosen.find((each) => each.project === project);
			return {
				project,
				promises: promises
					.filter((promise) => promise.project === project)
					.map(({ notice, retention }) => ({ notice, retention })),
				duration: row?.duration ?? null,
				checkedAt: row?.checked_at ?? null,
				gone: { runs: row?.runs ?? 0, events: row?.events ?? 0 },
			};
		});
}

const NEW_ROW = { duration: null, checked_at: null, runs: 0, events: 0 };

export function* setRetention(db: Database, project: string, duration: string | null): Steps<string> {
	const row = db.insertInto("retentions").values({ ...NEW_ROW, project, duration });
	yield* rows(row.onConflict((conflict) => conflict.column("project").doUpdateSet({ duration })));
	return project;
}

export function* noteRetention(db: Database, project: string, at: number, { runs, events }: Gone): Steps<string> {
	const row = db.insertInto("retentions").values({ ...NEW_ROW, project });
	yield* rows(row.onConflict((conflict) => conflict.doNothing()));
	const counted = db.updateTable("retentions").set((eb) => ({
		checked_at: at,
		runs: eb("runs", "+", runs),
		events: eb("events", "+", events),
	}));
	yield* rows(counted.where("project", "=", project));
	return project;
}

export function* claimUpkeep(db: Database, who: string, now: number, until: number): Steps<boolean> {
	const [mark] = yield* rows(db.selectFrom("marks").select("value").where("name", "=", UPKEEP_MARK));
	if (mark !== undefined) {
		const held = JSON.parse(mark.value) as { who: string; until: number };
		if (held.who !== who && held.until > now) return false;
	}
	const value = JSON.stringify({ who, until });
	const claim = db.insertInto("marks").values({ name: UPKEEP_MARK, value });
	yield* rows(claim.onConflict((conflict) => conflict.column("name").doUpdateSet({ value })));
	return true;
}

export function* expire(
	db: Database,
	project: string,
	after: number,
	cutoffs: Cutoffs,
	mode: "erase" | "count",
): Steps<ExpireStep> {
	const [known] = yield* rows(db.selectFrom("projects").select("id").where("name", "=", project));
	const page = yield* rows(
		db
			.selectFrom("events")
			.select(["seq", "run_id", "received_at", "report"])
			.where("project_id", "=", known?.id ?? 0)
			.where("seq", ">", after)
			.orderBy("seq")
			.limit(UPKEEP_STEP),
	);
	const old = runsToLookAt(page, cutoffs);
	const step = { place: page.length < UPKEEP_STEP ? null : (page.at(-1)?.seq ?? null), isYoung: old.size === 0 };
	if (known === undefined || old.size === 0) return { ...step, runs: 0, events: 0 };
	let gone: Gone = { runs: 0, events: 0 };
	for (const run of yield* rows(
		runsOf(
			db,
			known.id,
			[...old.values()].map(({ runId }) => runId),
		),
	)) {
		if (run.last >= (old.get(run.run_id.toString("hex"))?.cutoff ?? 0)) continue;
		// What is only counted is there again on a later page.
		if (mode === "count" && run.first <= after) continue;
		const events = mode === "count" ? run.events : Math.min(run.events, MAX_EVENTS_GONE - gone.events);
		if (mode === "erase") yield* eraseOldest(db, known.id, run.run_id, events);
		const isWhole = events === run.events;
		gone = { runs: gone.runs + (isWhole ? 1 : 0), events: gone.events + events };
		if (!isWhole) return { ...gone, place: after, isYoung: false };
	}
	return { ...step, ...gone };
}

interface Page {
	run_id: Buffer;
	received_at: number;
	report: string;
}

/** Runs with an old event, each with the latest of the moments that its notices give: the shortest time counts. */
function runsToLookAt(page: readonly Page[], { ofNotice, otherwise }: Cutoffs) {
	const latest = Math.max(otherwise, ...ofNotice.values());
	const runs = new Map<string, { runId: Buffer; cutoff: number }>();
	for (const { run_id, received_at, report } of page) {
		if (received_at >= latest) continue;
		const { manifest_notice: notice } = JSON.parse(report) as StoredReport;
		const cutoff = ofNotice.get(notice ?? 0) ?? otherwise;
		const name = run_id.toString("hex");
		runs.set(name, { runId: run_id, cutoff: Math.max(cutoff, runs.get(name)?.cutoff ?? cutoff) });
	}
	return runs;
}

function runsOf(db: Database, projectId: number, runIds: readonly Buffer[]) {
	return db
		.selectFrom("events")
		.select(["run_id", sql<number>`count(*)`.as("events")])
		.select((eb) => [eb.fn.max("received_at").as("last"), eb.fn.min("seq").as("first")])
		.where("project_id", "=", projectId)
		.where("run_id", "in", runIds)
		.groupBy("run_id")
		.orderBy("first");
}

function* eraseOldest(db: Database, projectId: number, runId: Buffer, events: number): Steps<void> {
	const oldest = db
		.selectFrom("events")
		.select("seq")
		.where("project_id", "=", projectId)
		.where("run_id", "=", runId)
		.orderBy("seq")
		.limit(events);
	yield* rows(db.deleteFrom("events").where("seq", "in", oldest));
	const others = sql<boolean>`NOT EXISTS (SELECT 1 FROM events WHERE events.run_id = redactions.run_id)`;
	yield* rows(db.deleteFrom("redactions").where("run_id", "=", runId).where(others));
}
