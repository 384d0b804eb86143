/** The store in PostgreSQL, which several servers may share. The only file that knows pg. */
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from "kysely";
import pg from "pg";
import { EtError } from "../../errors.js";
import {
	MAX_PROJECTS_REMEMBERED,
	POSTGRES_CONNECT_TIMEOUT_MS,
	POSTGRES_CONNECTIONS,
	POSTGRES_IDLE_TRANSACTION_MS,
	POSTGRES_STATEMENT_TIMEOUT_MS,
} from "../config.js";
import { storable } from "./columns.js";
import { shownDatabase } from "./database-name.js";
import { eraseAll } from "./erase.js";
import { BEGIN_INTAKE, GATE, LAST_PLACE, LOWEST_FLOOR, SCHEMA } from "./locks.js";
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations/index.js";
import { POSTGRES_WORDS } from "./migrations/migration.js";
import { ADD_EVENTS, ADD_LOST, ADD_PROJECTS, eventColumns, lostColumns, projectColumns } from "./postgres-insert.js";
import type { Schema } from "./schema.js";
import { SharedStore } from "./shared-store.js";
import type { Steps } from "./steps.js";
import { TABLES } from "./tables.js";
import type { BatchRecords, ErasureRecord, ErasureResult, InsertResult, SchemaVersions } from "./types.js";

/**
 * Opens the store that a URL names and brings its schema up to date. Several processes may do so at once.
 *
 * @param url `postgres://user:password@host:port/database`, with what pg takes as its query
 * @throws EtError `ET_STORE_UNAVAILABLE` when the database cannot be reached or is another program's,
 * `ET_STORE_NEWER` when a newer version of ET made its tables
 */
export async function openPostgresStore(url: string): Promise<SharedStore> {
	const pool = connect(url);
	try {
		return new PostgresStore(pool, await migrate(pool));
	} catch (error) {
		await pool.end();
		if (error instanceof EtError && error.code !== "ET_STORE_UNAVAILABLE") throw error;
		throw cannotOpen(url, error);
	}
}

const CLOSE_GATE = `SELECT pg_advisory_xact_lock(${GATE})`;
/** For what may take hours. */
const NO_TIMEOUTS = ["SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"];

class PostgresStore extends SharedStore {
	readonly #pool: pg.Pool;
	readonly #knownProjects = new Set<string>();

	constructor(pool: pg.Pool, schema: SchemaVersions) {
		super(new Kysely<Schema>({ dialect: new PostgresDialect({ pool: guarded(pool) }) }), schema);
		this.#pool = pool;
	}

	async insertBatch(batch: BatchRecords): Promise<InsertResult[]> {
		if (batch.events.length === 0 && batch.lost.length === 0) return [];
		try {
			return await this.#insert(batch);
		} catch (error) {
			if (!(error instanceof ProjectGone)) throw error;
			this.#knownProjects.clear();
			return this.#insert(batch);
		}
	}

	async erase(requests: readonly ErasureRecord[]): Promise<ErasureResult[]> {
		if (requests.length === 0) return [];
		return this.remove(() => eraseAll(this.db, requests));
	}

	async check(): Promise<void> {
		await this.#inTransaction("BEGIN READ ONLY", (client) => ask(client, "SELECT 1"));
	}

	/** Ends once the calls under way have ended. */
	async close(): Promise<void> {
		if (!this.#pool.ending) await this.#pool.end();
	}

	override maintain<T>(how: "read" | "alone", call: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
		const transaction =
			how === "read"
				? this.db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only")
				: this.db.transaction();
		return transaction.execute(async (db) => {
			for (const statement of [...NO_TIMEOUTS, ...(how === "alone" ? [CLOSE_GATE] : [])])
				await sql.raw(statement).execute(db);
			return call(db);
		});
	}

	override async renumber(db: Kysely<Schema>): Promise<void> {
		for (const { name, key, isNumbered } of TABLES) {
			if (!isNumbered) continue;
			await sql`SELECT setval(pg_get_serial_sequence(${name}, ${key[0]}), max(${sql.ref(key[0] ?? "")}))
				FROM ${sql.table(name)} HAVING count(*) > 0`.execute(db);
		}
	}

	protected override attempt<T>(call: () => Promise<T>): Promise<T> {
		return call();
	}

	protected override transact<T>(steps: () => Steps<T>): Promise<T> {
		return this.#inTransaction("BEGIN", (client) => take(client, steps()));
	}

	protected override remove<T>(steps: () => Steps<T>): Promise<T> {
		return this.#inTransaction(`BEGIN; ${CLOSE_GATE}`, (client) => take(client, steps()));
	}

	override async newestPlace(): Promise<number> {
		return withClient(this.#pool, async (client) => {
			const [last] = await ask<{ place: number }>(client, LAST_PLACE);
			const [floor] = await ask<{ place: number | null }>(client, LOWEST_FLOOR);
			return Math.min(last?.place ?? 0, floor?.place ?? Number.POSITIVE_INFINITY);
		});
	}

	async #insert({ events, lost, addressEpoch }: BatchRecords): Promise<InsertResult[]> {
		const names = new Set([...events, ...lost].map(({ project }) => project));
		const isNew = [...names].some((name) => !this.#knownProjects.has(name));
		const results = await this.#inTransaction(BEGIN_INTAKE, async (client) => {
			// Everybody takes locks in this order: projects, events, counts, and each by its key.
			if (isNew) await ask(client, ADD_PROJECTS, projectColumns(events, lost));
			const added =
				events.length === 0 ? [] : await askPrepared<Added>(client, ADD_EVENTS, eventColumns(events, addressEpoch));
			if (added.some(({ verdict }) => verdict === "homeless")) throw new ProjectGone();
			if (lost.length > 0) {
				const { places } = (await ask<{ places: number }>(client, ADD_LOST, lostColumns(lost)))[0] ?? { places: 0 };
				if (places < lost.length) throw new ProjectGone();
			}
			return added.map(({ verdict }) => verdict as InsertResult);
		});
		this.#remember(names, results, events);
		return results;
	}

	/** Only once a batch is committed. The project of an erased run may not be there. */
	#remember(names: ReadonlySet<string>, results: readonly InsertResult[], events: BatchRecords["events"]): void {
		if (this.#knownProjects.size + names.size > MAX_PROJECTS_REMEMBERED) this.#knownProjects.clear();
		events.forEach(({ project }, index) => {
			if (results[index] !== "erased") this.#knownProjects.add(project);
		});
	}

	/** Commits what a call did; leaves nothing of it when it fails. */
	#inTransaction<T>(begin: string, call: (client: pg.PoolClient) => Promise<T>): Promise<T> {
		return withClient(this.#pool, async (client) => {
			try {
				await ask(client, begin);
				const result = await call(client);
				await ask(client, "COMMIT");
				return result;
			} catch (error) {
				await client.query("ROLLBACK").catch(() => undefined);
				throw error;
			}
		});
	}
}

/** A project that was known is not there any more. */
class ProjectGone extends EtError {
	constructor() {
		super(
			"ET_STORE_UNAVAILABLE",
			"A project was removed as its reports came in. Nothing of this call was stored; it may be tried again.",
		);
	}
}

interface Added {
	verdict: InsertResult | "homeless";
}

/** Takes steps to their end on one connection. */
async function take<T>(client: pg.PoolClient, steps: Steps<T>): Promise<T> {
	let next = steps.next([]);
	while (!next.done) {
		next = steps.next(await ask(client, next.value.sql, next.value.parameters));
	}
	return next.value;
}

/** A connection for a call; one that is broken is not used again. */
async function withClient<T>(pool: pg.Pool, call: (client: pg.PoolClient) => Promise<T>): Promise<T> {
	const client = await pool.connect().catch((error: unknown) => {
		throw unavailable(error);
	});
	try {
		return await call(client);
	} finally {
		client.release();
	}
}

async function ask<R>(client: pg.ClientBase, text: string, values: readonly unknown[] = []): Promise<R[]> {
	try {
		// Without values, several statements may stand in one text.
		const result = values.length === 0 ? await client.query(text) : await client.query(text, values.map(storable));
		return result.rows as R[];
	} catch (error) {
		throw unavailable(error);
	}
}

/** The same, planned once a connection. */
async function askPrepared<R>(client: pg.ClientBase, text: string, values: readonly unknown[]): Promise<R[]> {
	try {
		return (await client.query({ name: "et-add-events", text, values: values.map(storable) })).rows as R[];
	} catch (error) {
		throw unavailable(error);
	}
}

/** The pool as Kysely uses it: what PostgreSQL cannot hold is replaced, and its errors are ours. */
function guarded(pool: pg.Pool): PostgresPool {
	return {
		connect: async () => {
			const client = await pool.connect().catch((error: unknown) => {
				throw unavailable(error);
			});
			const query = async (sql: string, parameters: readonly unknown[]) => {
				try {
					return await client.query(sql, parameters.map(storable));
				} catch (error) {
					throw unavailable(error);
				}
			};
			return { query, release: () => client.release() } as unknown as PostgresPoolClient;
		},
		end: () => pool.end(),
	};
}

const NUMERIC_TYPES: readonly number[] = [pg.types.builtins.INT8, pg.types.builtins.NUMERIC];

/** Whole numbers as numbers: all of ours are below 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: "text" | "binary") =>
	NUMERIC_TYPES.includes(type) && format !== "binary" ? Number : pg.types.getTypeParser(type, format as "text");

function connect(url: string): pg.Pool {
	try {
		const pool = new pg.Pool({
			connectionString: url,
			application_name: "et-server",
			max: POSTGRES_CONNECTIONS,
			connectionTimeoutMillis: POSTGRES_CONNECT_TIMEOUT_MS,
			statement_timeout: POSTGRES_STATEMENT_TIMEOUT_MS,
			idle_in_transaction_session_timeout: POSTGRES_IDLE_TRANSACTION_MS,
			keepAlive: true,
			types: { getTypeParser },
		});
		// A connection that breaks is told to whoever uses it by the query that fails; nobody else needs to hear of it.
		pool.on("error", () => undefined);
		pool.on("connect", (client) => void client.on("error", () => undefined));
		return pool;
	} catch (error) {
		throw cannotOpen(url, error);
	}
}

const VERSION_TABLE = `CREATE TABLE et_schema (
	version    bigint NOT NULL PRIMARY KEY,
	name       text   NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
)`;

function migrate(pool: pg.Pool): Promise<SchemaVersions> {
	return withClient(pool, async (client) => {
		const from = await schemaVersion(client);
		// No lock for nothing: other servers may be busy as this one starts.
		if (from === SCHEMA_VERSION) return { from, to: SCHEMA_VERSION };
		try {
			await ask(client, `BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(${SCHEMA})`);
			await bringUpToDate(client);
			await ask(client, "COMMIT");
			return { from, to: SCHEMA_VERSION };
		} catch (error) {
			await client.query("ROLLBACK").catch(() => undefined);
			throw error;
		}
	});
}

async function bringUpToDate(client: pg.PoolClient): Promise<void> {
	const version = await schemaVersion(client);
	if (version > SCHEMA_VERSION) throw newer(version);
	if (version === 0) {
		await refuseStranger(client);
		await ask(client, VERSION_TABLE);
	}
	for (const { number, name, sql: words } of MIGRATIONS.filter((migration) => migration.number > version)) {
		await ask(client, words(POSTGRES_WORDS));
		await ask(client, "INSERT INTO et_schema (version, name) VALUES ($1, $2)", [number, name]);
	}
}

const TABLES_THERE = `SELECT relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p') AND n.nspname = current_schema()`;

/**
 * 0 where there are none of our tables yet. They are looked for in the catalogue's rows: PostgreSQL's own answer to
 * whether there is a table may come from before the transaction that was waited for.
 */
async function schemaVersion(client: pg.PoolClient): Promise<number> {
	if ((await ask(client, `${TABLES_THERE} AND relname = 'et_schema'`)).length === 0) return 0;
	const [row] = await ask<{ version: number }>(client, "SELECT coalesce(max(version), 0) AS version FROM et_schema");
	return row?.version ?? 0;
}

async function refuseStranger(client: pg.PoolClient): Promise<void> {
	if ((await ask(client, `${TABLES_THERE} LIMIT 1`)).length === 0) return;
	throw new EtError(
		"ET_STORE_UNAVAILABLE",
		"there are another program's tables in it; give ET a database of its own, or a schema of its own with ?options=-csearch_path%3Det",
	);
}

function newer(version: number): EtError {
	return new EtError(
		"ET_STORE_NEWER",
		`The database was written by a newer version of ET (schema ${version}; this one knows ${SCHEMA_VERSION}). It was left as it is. Update et-phone-home.`,
	);
}

function cannotOpen(url: string, error: unknown): EtError {
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database ${shownDatabase(url)} cannot be opened (${reasonOf(error)}). Nothing was changed. See that PostgreSQL runs and lets this user in, or name another database with --database.`,
		{ cause: error },
	);
}

function unavailable(error: unknown): EtError {
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database cannot be used now (${reasonOf(error)}). It may be tried again: what was stored already is then a duplicate.`,
		{ cause: error },
	);
}

/** PostgreSQL's own words, without its code's stack; of several addresses that failed, the first. */
function reasonOf(error: unknown): string {
	if (error instanceof EtError && error.cause !== undefined) return reasonOf(error.cause);
	if (error instanceof AggregateError && error.message === "") return reasonOf(error.errors[0]);
	return error instanceof Error ? error.message : String(error);
}
