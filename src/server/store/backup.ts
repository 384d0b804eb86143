/**
 * Backups: always an SQLite file of ET's, whatever the engine of the store, so that every version of et-server can look
 * into it, serve it, and restore it into either engine.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { sql } from "kysely";
import { EtError } from "../../errors.js";
import { endSessions } from "./access.js";
import { ALL_TABLES, addRows, copyTables, type Database, rowsOf } from "./copy.js";
import { isPostgresUrl } from "./database-name.js";
import { type Merged, mergeErasures } from "./merge-erasures.js";
import { openStore } from "./open.js";
import type { SharedStore } from "./shared-store.js";
import { copySqliteFile, replaceSqliteFile } from "./sqlite.js";
import type { StoreCounts } from "./types.js";

/** Told from time to time how many rows of which table have been copied. */
export type Said = (table: string, rows: number) => void;

/**
 * Writes what a store has at one moment into a new file, while servers use the store. The file is there whole or not at
 * all.
 *
 * @throws EtError
 */
export async function backup(database: string, to: string, said: Said): Promise<StoreCounts> {
	return inNewFile(to, async (file) => {
		if (!isPostgresUrl(database)) return copySqliteFile(database, file);
		await between(database, file, (source, target) => copyTables(source, target, ALL_TABLES, said));
	});
}

/** The same, but only of what was taken back: tombstones, and the reports of which something was taken out. */
export async function backupErasures(database: string, to: string, said: Said): Promise<StoreCounts> {
	return inNewFile(to, (file) =>
		between(database, file, async (source, target) => {
			await copyTables(
				source,
				target,
				["projects", "tombstones", "redactions", "project_erasures", "erased_runs"],
				said,
			);
			for await (const redactions of rowsOf(target, "redactions", ["run_id", "report_id", "fields_digest"])) {
				const ids = [...new Set(redactions.map(({ report_id }) => report_id as Buffer))];
				const events = await source.selectFrom("events").selectAll().where("id", "in", ids).execute();
				await addRows(
					target,
					"events",
					events.filter(({ redacted }) => redacted !== null).map((event) => ({ ...event })),
				);
			}
		}),
	);
}

export interface Restored {
	counts: StoreCounts;
	/** What the backup had, and was taken back since. */
	merged: Merged;
}

/**
 * Puts a backup in the place of what a database has, if it has anything. What was erased or redacted there, or in one of
 * the files `erased`, stays so. All of it is done or nothing.
 *
 * @throws EtError
 */
export async function restore(
	from: string,
	database: string,
	erased: readonly string[],
	said: Said,
): Promise<Restored> {
	const beside = isPostgresUrl(database) ? from : database;
	const copy = `${beside}.restoring`;
	// What an earlier try that was ended left behind.
	removeStore(copy);
	try {
		copySqliteFile(from, copy);
		await withStore(copy, (store) => store.maintain("alone", endSessions));
		return isPostgresUrl(database)
			? await restorePostgres(copy, database, erased, said)
			: await restoreSqlite(copy, database, erased);
	} finally {
		removeStore(copy);
	}
}

/** Does to a database what was taken back in each of some files, where nothing else is to be restored. */
export function heed(database: string, erased: readonly string[]): Promise<Restored> {
	return withStore(database, async (store) => {
		const merged = await mergeFiles(erased, store);
		return { merged, counts: await store.counts() };
	});
}

async function restoreSqlite(copy: string, database: string, erased: readonly string[]): Promise<Restored> {
	const restored = await withStore(copy, async (store) => {
		const merged = await mergeFiles(existsSync(database) ? [...erased, database] : erased, store);
		return { merged, counts: await store.counts() };
	});
	replaceSqliteFile(database, copy);
	return restored;
}

async function restorePostgres(
	copy: string,
	database: string,
	erased: readonly string[],
	said: Said,
): Promise<Restored> {
	return withStore(database, (target) =>
		withStore(copy, async (source) => {
			const files = await mergeFiles(erased, source);
			// Nothing can be taken back between the question what was, and the end.
			const merged = await target.maintain("alone", (to) =>
				source.maintain("alone", async (from) => {
					const own = await mergeErasures(to, from);
					await sql`TRUNCATE ${sql.join(ALL_TABLES.map((name) => sql.table(name)))}`.execute(to);
					await copyTables(from, to, ALL_TABLES, said);
					await target.renumber(to);
					return own;
				}),
			);
			return { merged: sumOf(merged, files), counts: await target.counts() };
		}),
	);
}

/** Merges what was taken back in each of some files, which are left as they are, into a store. */
async function mergeFiles(files: readonly string[], target: SharedStore): Promise<Merged> {
	let merged: Merged = { runs: 0, reports: 0 };
	for (const file of files) {
		if (!existsSync(file)) throw new EtError("ET_STORE_UNAVAILABLE", `There is no file ${file}. Nothing was restored.`);
		merged = sumOf(
			merged,
			await withStore(file, (store) =>
				store.maintain("read", (source) => target.maintain("alone", (db) => mergeErasures(source, db))),
			),
		);
	}
	return merged;
}

function sumOf(one: Merged, other: Merged): Merged {
	return { runs: one.runs + other.runs, reports: one.reports + other.reports };
}

/** Copies from one database, as it is at one moment, into another. */
function between(
	source: string,
	target: string,
	copy: (source: Database, target: Database) => Promise<void>,
): Promise<void> {
	return withStore(source, (from) =>
		withStore(target, (to) => from.maintain("read", (read) => to.maintain("alone", (write) => copy(read, write)))),
	);
}

/** A store for a call; closed in any case. */
async function withStore<T>(database: string, call: (store: SharedStore) => Promise<T>): Promise<T> {
	const store = await openStore(database);
	try {
		return await call(store);
	} finally {
		await store.close();
	}
}

/** A file comes under its name once all is in it; one that is there is not touched. */
async function inNewFile(to: string, write: (file: string) => Promise<void> | void): Promise<StoreCounts> {
	if (existsSync(to)) {
		throw new EtError("ET_STORE_UNAVAILABLE", `${to} is there already, and was left as it is. Choose another name.`);
	}
	const file = `${to}.unfinished`;
	removeStore(file);
	try {
		await write(file);
		const counts = await withStore(file, (store) => store.counts());
		renameSync(file, to);
		return counts;
	} finally {
		removeStore(file);
	}
}

function removeStore(file: string): void {
	for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${file}${suffix}`, { force: true });
}
