/** Copying rows from one database into another, whichever engines they have. Keys stay what they are. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.js";
import { TABLES } from "./tables.js";

export type Database = Kysely<Schema>;

/** Any table of ours; its rows are not looked into. */
type AnyDatabase = Kysely<Record<string, Record<string, unknown>>>;
export type Row = Record<string, unknown>;

/** SQLite takes no more than 32,766 values in a statement, PostgreSQL 65,535. */
const MAX_VALUES = 30_000;
/** Rows that are held in memory at once. */
export const ROWS_AT_ONCE = 1_000;

const any = (db: Database): AnyDatabase => db as unknown as AnyDatabase;

/** The rows of a table in the order of its key, some at a time. */
export async function* rowsOf(db: Database, name: keyof Schema, key: readonly string[]): AsyncGenerator<Row[]> {
	let last: Row | undefined;
	for (;;) {
		let page = any(db).selectFrom(name).selectAll().limit(ROWS_AT_ONCE);
		for (const column of key) page = page.orderBy(sql.ref(column));
		if (last !== undefined) page = page.where(isAfter(key, last));
		const rows = await page.execute();
		if (rows.length > 0) yield rows;
		last = rows.at(-1);
		if (last === undefined || rows.length < ROWS_AT_ONCE) return;
	}
}

/** `(a, b) > (x, y)`, which both engines find in an index. */
function isAfter(key: readonly string[], row: Row) {
	const columns = sql.join(key.map((column) => sql.ref(column)));
	const values = sql.join(key.map((column) => row[column]));
	return sql<boolean>`(${columns}) > (${values})`;
}

/** Adds rows; one whose key is there already is left as it is there. */
export async function addRows(db: Database, name: keyof Schema, rows: readonly Row[]): Promise<void> {
	const columns = Object.keys(rows[0] ?? {}).length;
	const atOnce = Math.max(1, Math.floor(MAX_VALUES / Math.max(1, columns)));
	for (let at = 0; at < rows.length; at += atOnce) {
		await any(db)
			.insertInto(name)
			.values(rows.slice(at, at + atOnce))
			.onConflict((conflict) => conflict.doNothing())
			.execute();
	}
}

/** Copies tables whole; `said` hears how many rows have been copied of each. */
export async function copyTables(
	source: Database,
	target: Database,
	names: readonly (keyof Schema)[],
	said: (name: string, rows: number) => void,
): Promise<void> {
	for (const { name, key } of TABLES) {
		if (!names.includes(name)) continue;
		let copied = 0;
		for await (const rows of rowsOf(source, name, key)) {
			await addRows(target, name, rows);
			copied += rows.length;
			said(name, copied);
		}
	}
}

/** Every table, in the order in which rows may be added. */
export const ALL_TABLES = TABLES.map(({ name }) => name);
