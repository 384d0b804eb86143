/**
 * Moving a store into another, empty database. Reports go some at a time, each time in one transaction of the target,
 * in the order of their places, which they keep: so a move that was ended at any moment goes on where it was, and one
 * that is repeated takes what has come since.
 */
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { EtError } from "../../errors.js";
import type { Said } from "./backup.js";
import { ALL_TABLES, addRows, copyTables, type Database, ROWS_AT_ONCE, type Row } from "./copy.js";
import { mergeErasures } from "./merge-erasures.js";
import type { SharedStore } from "./shared-store.js";

/** In the target, while nobody serves it yet: where its rows come from, and whether all that was there has come. */
const MARK = "moved_from";
/** In the source: a name of its own, by which a move that goes on knows it. */
const IDENTITY = "identity";

interface Mark {
	source: string;
	isWhole: boolean;
}

export interface Moved {
	/** Reports in the source when this move began, and of those in the target now. */
	reports: { source: number; target: number };
	/** Reports that an earlier, unfinished move had brought. */
	before: number;
	erased: number;
}

/** @throws EtError when the target has data of its own, or is being filled from another database */
export async function move(source: SharedStore, target: SharedStore, said: Said): Promise<Moved> {
	const identity = await source.maintain("alone", identityOf);
	const before = await target.maintain("alone", (db) => claim(db, identity));
	const upTo = await source.newestPlace();
	await moveEvents(source, target, upTo, said);
	const reports = await source.maintain("read", (from) =>
		target.maintain("alone", async (to) => {
			await mergeErasures(from, to);
			await replaceRest(from, to, said);
			// Of reports that were moved before the rest, it may have been changed since.
			await to.updateTable("address_policy").set({ pending: 1 }).execute();
			await target.renumber(to);
			await setMark(to, { source: identity, isWhole: true });
			return { source: await countUpTo(from, upTo), target: await countUpTo(to, upTo) };
		}),
	);
	return { reports, before, erased: (await target.counts()).erased };
}

/**
 * To be asked before a database is served: one that is filled has to be whole first, and is its own from then on.
 *
 * @throws EtError
 */
export async function takeOver(store: SharedStore): Promise<void> {
	await store.maintain("alone", async (db) => {
		const mark = await markOf(db);
		if (mark === undefined) return;
		if (!mark.isWhole) {
			throw new EtError(
				"ET_STORE_UNAVAILABLE",
				"A move into this database is not finished. Nothing was received. Run et-server move again, from the same database: it goes on where it was.",
			);
		}
		await db.deleteFrom("marks").where("name", "=", MARK).execute();
	});
}

async function identityOf(db: Database): Promise<string> {
	const [found] = await db.selectFrom("marks").select("value").where("name", "=", IDENTITY).execute();
	if (found !== undefined) return found.value;
	const value = randomUUID();
	await db.insertInto("marks").values({ name: IDENTITY, value }).execute();
	return value;
}

/** Gives how many reports are there from an earlier move of the same source. */
async function claim(db: Database, source: string): Promise<number> {
	const mark = await markOf(db);
	const [row] = await db.selectFrom("events").select(sql<number>`count(*)`.as("number")).execute();
	const events = row?.number ?? 0;
	if (mark === undefined) {
		const projects = await db.selectFrom("projects").select("id").limit(1).execute();
		const tombstones = await db.selectFrom("tombstones").select("run_id").limit(1).execute();
		if (events > 0 || projects.length > 0 || tombstones.length > 0) throw refused("it has data of its own");
		await setMark(db, { source, isWhole: false });
	} else if (mark.source !== source) {
		throw refused("it is being filled from another database");
	}
	return events;
}

async function moveEvents(source: SharedStore, target: SharedStore, upTo: number, said: Said): Promise<void> {
	const projects = new Set<number>();
	let place = await target.maintain("read", placeOf);
	let moved = 0;
	for (;;) {
		const rows = await source.maintain("read", (db) => eventsAfter(db, place, upTo));
		const last = rows.at(-1);
		if (last === undefined) return;
		const missing = [...new Set(rows.map(({ project_id }) => project_id))].filter((id) => !projects.has(id));
		const named = await source.maintain("read", (db) => projectsOf(db, missing));
		await target.maintain("alone", async (db) => {
			await addRows(db, "projects", named);
			await addRows(db, "events", rows as unknown as Row[]);
		});
		for (const id of missing) projects.add(id);
		place = last.seq;
		moved += rows.length;
		said("events", moved);
	}
}

function eventsAfter(db: Database, place: number, upTo: number) {
	return db
		.selectFrom("events")
		.selectAll()
		.where("seq", ">", place)
		.where("seq", "<=", upTo)
		.orderBy("seq")
		.limit(ROWS_AT_ONCE)
		.execute();
}

async function projectsOf(db: Database, ids: readonly number[]): Promise<Row[]> {
	return ids.length === 0 ? [] : (db.selectFrom("projects").selectAll().where("id", "in", ids).execute() as never);
}

async function placeOf(db: Database): Promise<number> {
	const [row] = await db
		.selectFrom("events")
		.select((eb) => eb.fn.max("seq").as("place"))
		.execute();
	return row?.place ?? 0;
}

async function countUpTo(db: Database, place: number): Promise<number> {
	const [row] = await db
		.selectFrom("events")
		.select(sql<number>`count(*)`.as("number"))
		.where("seq", "<=", place)
		.execute();
	return row?.number ?? 0;
}

/** Everything but events, as it is in the source now. */
async function replaceRest(from: Database, to: Database, said: Said): Promise<void> {
	const rest = ALL_TABLES.filter((name) => name !== "events" && name !== "projects");
	for (const name of rest.toReversed()) await sql`DELETE FROM ${sql.table(name)}`.execute(to);
	await copyTables(from, to, ["projects", ...rest], said);
}

async function markOf(db: Database): Promise<Mark | undefined> {
	const [found] = await db.selectFrom("marks").select("value").where("name", "=", MARK).execute();
	return found === undefined ? undefined : JSON.parse(found.value);
}

async function setMark(db: Database, mark: Mark): Promise<void> {
	const value = JSON.stringify(mark);
	await db
		.insertInto("marks")
		.values({ name: MARK, value })
		.onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
		.execute();
}

function refused(reason: string): EtError {
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database cannot be moved there: ${reason}. Nothing was changed in either. Name an empty one with --to.`,
	);
}
