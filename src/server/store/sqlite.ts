/** The embedded store: one SQLite file. The only file that knows better-sqlite3. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { EtError } from "../../errors.js";
import {
	MAX_PROJECTS_REMEMBERED,
	SQLITE_BUSY_TIMEOUT_MS,
	SQLITE_CHECKPOINT_PAGES,
	SQLITE_GROUP_ROWS,
	SQLITE_WIPE_RETRY_MS,
} from "../config.js";
import { eraseAll } from "./erase.js";
import { Grouping } from "./grouping.js";
import { addresses as ADDRESSES } from "./migrations/040-addresses.js";
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations/index.js";
import { SQLITE_WORDS } from "./migrations/migration.js";
import { newestSeq } from "./queries.js";
import type { Schema } from "./schema.js";
import { SharedStore } from "./shared-store.js";
import type { Steps } from "./steps.js";
import type {
	BatchRecords,
	ErasureRecord,
	ErasureResult,
	EventRecord,
	InsertResult,
	LostRecord,
	SchemaVersions,
} from "./types.js";

/** "ETPH" in SQLite's header: what tells our file from another program's. */
const APPLICATION_ID = 0x45545048;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface SqliteOptions {
	/** When to empty the write-ahead log again after another process was in the way. @defaultValue 60 s */
	wipeRetryMs?: number;
}

/**
 * Opens the store in a file, made where it is missing with its folder, and brings its schema up to date.
 *
 * @throws EtError `ET_STORE_UNAVAILABLE` when the file cannot be opened or is not a store of ours,
 * `ET_STORE_NEWER` when a newer version of ET wrote it, `ET_SERVER_PACKAGES_MISSING` when
 * better-sqlite3 is there but was not built for this Node.js
 */
export function openSqliteStore(file: string, { wipeRetryMs = SQLITE_WIPE_RETRY_MS }: SqliteOptions = {}): SharedStore {
	const db = openDatabase(file);
	try {
		return new SqliteStore(db, prepareDatabase(db, file), wipeRetryMs);
	} catch (error) {
		db.close();
		throw error instanceof Sqlite.SqliteError ? cannotOpen(file, error) : error;
	}
}

/**
 * Writes what a file has at this moment into a new one, also while servers use it; what was deleted is not copied.
 *
 * @throws EtError `ET_STORE_UNAVAILABLE` when the file is not a store of ours, or the new one cannot be written
 */
export function copySqliteFile(file: string, to: string): void {
	let db: Sqlite.Database | undefined;
	try {
		db = new Sqlite(file, { readonly: true, fileMustExist: true, timeout: SQLITE_BUSY_TIMEOUT_MS });
		refuseStranger(db, file);
		if (schemaVersion(db) === 0) throw new Error("it is empty");
		// VACUUM INTO takes an empty file; it comes with the mode that holds reports.
		closeSync(openSync(to, "wx", FILE_MODE));
		db.prepare("VACUUM INTO ?").run(to);
		dropAddressKeys(to);
		syncFile(to);
	} catch (error) {
		throw error instanceof EtError ? error : cannotCopy(file, to, error);
	} finally {
		db?.close();
	}
}

/** Keys of hashes stay where they are destroyed in time. A store of an older version has none. */
function dropAddressKeys(file: string): void {
	const db = new Sqlite(file);
	try {
		if (schemaVersion(db) < ADDRESSES.number) return;
		db.pragma("secure_delete = ON");
		db.exec("DELETE FROM address_keys");
	} finally {
		db.close();
	}
}

/**
 * Puts a store's file, which nobody has open, in the place of another one, or where there is none. The other one is
 * locked until it is gone: who opens that name meanwhile is refused, and finds the new one later.
 *
 * @throws EtError `ET_STORE_UNAVAILABLE` when another process has the file open
 */
export function replaceSqliteFile(file: string, by: string): void {
	if (!existsSync(file)) {
		renameSync(by, file);
		return;
	}
	let db: Sqlite.Database | undefined;
	try {
		db = new Sqlite(file, { timeout: SQLITE_BUSY_TIMEOUT_MS });
		// Refused while another process has the file open; and takes the log away, which must not meet the new file.
		db.pragma("journal_mode = DELETE");
		db.exec("BEGIN EXCLUSIVE");
		renameSync(by, file);
	} catch (error) {
		throw cannotReplace(file, error);
	} finally {
		db?.close();
	}
}

function syncFile(file: string): void {
	const handle = openSync(file, "r+");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}

class SqliteStore extends SharedStore {
	/** One writer at a time. */
	override readonly settlingMs = 0;
	readonly #db: Sqlite.Database;
	readonly #batches: Grouping<BatchRecords, InsertResult[]>;
	readonly #projectIds = new Map<string, number>();
	readonly #wipeRetryMs: number;
	#wipe: NodeJS.Timeout | undefined;

	constructor(db: Sqlite.Database, schema: SchemaVersions, wipeRetryMs: number) {
		super(new Kysely<Schema>({ dialect: new SqliteDialect({ database: db }) }), schema);
		this.#db = db;
		this.#wipeRetryMs = wipeRetryMs;
		const insert = insertStatement(db, this.#projectIds);
		this.#batches = new Grouping({
			store: (batches) => {
				const { results, projectIds } = insert(batches);
				this.#remember(projectIds);
				return results;
			},
			concernsAll: isBusy,
			sizeOf: ({ events, lost }) => events.length + lost.length,
			most: SQLITE_GROUP_ROWS,
		});
		// What a process that was killed erased may still be in the log that it left.
		this.#wipeLog();
	}

	async insertBatch(batch: BatchRecords): Promise<InsertResult[]> {
		if (batch.events.length === 0 && batch.lost.length === 0) return [];
		return this.attempt(() => this.#batches.add(batch));
	}

	async erase(requests: readonly ErasureRecord[]): Promise<ErasureResult[]> {
		if (requests.length === 0) return [];
		const results = await this.transact(() => eraseAll(this.db, requests));
		if (results.some(hasErased)) this.#wipeLog();
		return results;
	}

	maintain<T>(_how: "read" | "alone", call: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
		return attempt(() => this.db.transaction().execute(call));
	}

	/** AUTOINCREMENT notes the numbers of rows as they come. */
	async renumber(): Promise<void> {}

	override newestPlace(): Promise<number> {
		return newestSeq(this.db);
	}

	protected override attempt<T>(call: () => Promise<T>): Promise<T> {
		return attempt(call);
	}

	protected override transact<T>(steps: () => Steps<T>): Promise<T> {
		return attempt(async () => this.#db.transaction(() => take(this.#db, steps())).immediate());
	}

	protected override async remove<T>(steps: () => Steps<T>): Promise<T> {
		const result = await this.transact(steps);
		this.#wipeLog();
		return result;
	}

	check() {
		return attempt(async () => void this.#db.pragma("schema_version"));
	}

	async close(): Promise<void> {
		clearTimeout(this.#wipe);
		this.#batches.flush();
		await this.db.destroy();
		// Kysely closes only what it has used.
		this.#db.close();
	}

	/**
	 * Folds the write-ahead log into the database and empties it: until then it holds pages as they were before
	 * something was erased. Another process that reads at this moment is in the way; then it is tried again.
	 */
	#wipeLog(): void {
		clearTimeout(this.#wipe);
		if (foldLog(this.#db)) return;
		this.#wipe = setTimeout(() => this.#wipeLog(), this.#wipeRetryMs).unref();
	}

	/** Only once a batch is committed: the ids of one that was rolled back are another project's later. */
	#remember(projectIds: ReadonlyMap<string, number>): void {
		if (this.#projectIds.size + projectIds.size > MAX_PROJECTS_REMEMBERED) this.#projectIds.clear();
		for (const [name, id] of projectIds) this.#projectIds.set(name, id);
	}
}

function hasErased(result: ErasureResult): boolean {
	return result.verdict !== "unknown" && result.events > 0;
}

/** Whether the write-ahead log is empty now. */
function foldLog(db: Sqlite.Database): boolean {
	try {
		return db.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) === 0;
	} catch (error) {
		if (error instanceof Sqlite.SqliteError) return false;
		throw error;
	}
}

/** Takes steps to their end without waiting between them: what is called in a transaction stays in it. */
function take<T>(db: Sqlite.Database, steps: Steps<T>): T {
	let next = steps.next([]);
	while (!next.done) {
		const { sql, parameters } = next.value;
		const statement = db.prepare(sql);
		if (statement.reader) next = steps.next(statement.all(...parameters));
		else {
			statement.run(...parameters);
			next = steps.next([]);
		}
	}
	return next.value;
}

/** Another process holds the database: who tries again now only waits once more. */
function isBusy(error: unknown): boolean {
	return error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

/** One transaction for some batches: the disk is waited for once, and a crash leaves each whole or not at all. */
function insertStatement(db: Sqlite.Database, known: ReadonlyMap<string, number>) {
	const addProject = db.prepare<[string]>("INSERT INTO projects (name) VALUES (?) ON CONFLICT DO NOTHING");
	const findProject = db.prepare<[string], number>("SELECT id FROM projects WHERE name = ?").pluck();
	const addEvent = db.prepare<EventRow>(
		`INSERT INTO events (project_id, run_id, id, event, received_at, occurred_at, occurred_at_client,
			command, version, outcome, test, wall_s, report, address, source)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
	);
	const hasTombstones = db.prepare<[], number>("SELECT EXISTS (SELECT 1 FROM tombstones)").pluck();
	const findTombstone = db.prepare<[Buffer], number>("SELECT 1 FROM tombstones WHERE run_id = ?").pluck();
	const findErasure = db.prepare<[string], number>("SELECT erased_at FROM project_erasures WHERE project = ?").pluck();
	const findErasedRun = db
		.prepare<[string, Buffer], number>("SELECT 1 FROM erased_runs WHERE project = ? AND run_id = ?")
		.pluck();
	const addressEpoch = db.prepare<[], number>("SELECT epoch FROM address_policy").pluck();
	const addLost = db.prepare<[number, string, string, number, number]>(
		"INSERT INTO lost (project_id, id, reason, count, received_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	);

	return db.transaction((batches: readonly BatchRecords[]) => {
		const projectIds = new Map<string, number>();
		const projectId = (name: string): number => {
			const seen = known.get(name) ?? projectIds.get(name);
			if (seen !== undefined) return seen;
			addProject.run(name);
			const id = findProject.get(name) as number;
			projectIds.set(name, id);
			return id;
		};
		const erasures = new Map<string, number | undefined>();
		const isErased = ({ project, occurredAt }: EventRecord, runId: Buffer): boolean => {
			if (!erasures.has(project)) erasures.set(project, findErasure.get(project));
			const erasedAt = erasures.get(project);
			if (erasedAt === undefined) return false;
			return occurredAt <= erasedAt || findErasedRun.get(project, runId) !== undefined;
		};
		// Nobody else writes until this is committed.
		const areErased = hasTombstones.get() === 1;
		const epochNow = addressEpoch.get();
		const insert = (event: EventRecord, withAddresses: boolean): InsertResult => {
			// Before anything of it is written, its project included.
			const runId = Buffer.from(event.runId, "hex");
			if ((areErased && findTombstone.get(runId) !== undefined) || isErased(event, runId)) return "erased";
			const { changes } = addEvent.run(...eventRow(projectId(event.project), runId, event, withAddresses));
			return changes === 1 ? "accepted" : "duplicate";
		};
		const results = batches.map(({ events, lost, addressEpoch: epoch }) => {
			const withAddresses = epoch !== undefined && epochNow === epoch;
			const ofBatch = events.map((event) => insert(event, withAddresses));
			for (const count of lost) addLost.run(...lostRow(projectId(count.project), count));
			return ofBatch;
		});
		return { results, projectIds };
	}).immediate;
}

type EventRow = [
	projectId: number,
	runId: Buffer,
	id: Buffer,
	event: string,
	receivedAt: number,
	occurredAt: number,
	occurredAtClient: number,
	command: string | null,
	version: string | null,
	outcome: string | null,
	test: number,
	wallSeconds: number | null,
	report: string,
	address: string | null,
	source: string | null,
];

function eventRow(projectId: number, runId: Buffer, event: EventRecord, withAddress: boolean): EventRow {
	return [
		projectId,
		runId,
		Buffer.from(event.id.replaceAll("-", ""), "hex"),
		event.event,
		event.receivedAt,
		event.occurredAt,
		event.occurredAtClient,
		event.command,
		event.version,
		event.outcome,
		event.test ? 1 : 0,
		event.wallSeconds,
		event.report,
		withAddress ? event.address : null,
		withAddress ? event.source : null,
	];
}

function lostRow(projectId: number, lost: LostRecord): [number, string, string, number, number] {
	return [projectId, lost.id, lost.reason, lost.count, lost.receivedAt];
}

function openDatabase(file: string): Sqlite.Database {
	try {
		mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE });
		// SQLite gives its side files the mode of the database, so the mode is set before it comes.
		closeSync(openSync(file, "a", FILE_MODE));
		return new Sqlite(file, { timeout: SQLITE_BUSY_TIMEOUT_MS });
	} catch (error) {
		throw isUnbuilt(error) ? driverUnbuilt(error) : cannotOpen(file, error);
	}
}

/**
 * Sets what the file needs to be safe, and migrates it.
 *
 * `synchronous` is FULL: in WAL mode NORMAL may lose the last commits when the power fails, after
 * the client was told that they are stored and has removed them. One transaction for the batches that
 * came together makes the difference too small to measure at 500 reports a batch.
 *
 * `secure_delete` overwrites with zeros what is deleted: an erased report must not stay in free space.
 */
function prepareDatabase(db: Sqlite.Database, file: string): SchemaVersions {
	refuseStranger(db, file);
	db.pragma("journal_mode = WAL");
	db.pragma("synchronous = FULL");
	db.pragma("foreign_keys = ON");
	db.pragma("secure_delete = ON");
	db.pragma(`wal_autocheckpoint = ${SQLITE_CHECKPOINT_PAGES}`);
	const from = schemaVersion(db);
	migrate(db, file);
	return { from, to: SCHEMA_VERSION };
}

function migrate(db: Sqlite.Database, file: string): void {
	// No lock for nothing: another server may be busy writing as this one starts.
	if (schemaVersion(db) === SCHEMA_VERSION) return;
	db.transaction(() => {
		const version = schemaVersion(db);
		if (version > SCHEMA_VERSION) throw newer(file, version);
		for (const migration of MIGRATIONS.filter(({ number }) => number > version)) {
			db.exec(migration.sql(SQLITE_WORDS));
			db.pragma(`user_version = ${migration.number}`);
		}
		db.pragma(`application_id = ${APPLICATION_ID}`);
	}).immediate();
}

function refuseStranger(db: Sqlite.Database, file: string): void {
	const tables = db.prepare<[], number>("SELECT count(*) FROM sqlite_schema").pluck().get();
	if (tables === 0 || db.pragma("application_id", { simple: true }) === APPLICATION_ID) return;
	throw new EtError(
		"ET_STORE_UNAVAILABLE",
		`${file} is another program's database. It was left as it is. Choose another file with --database.`,
	);
}

function schemaVersion(db: Sqlite.Database): number {
	return Number(db.pragma("user_version", { simple: true }));
}

/** Runs one call on the database; what SQLite refuses may work later, and says so. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
	try {
		return await call();
	} catch (error) {
		if (!(error instanceof Sqlite.SqliteError)) throw error;
		throw new EtError(
			"ET_STORE_UNAVAILABLE",
			`The database cannot be used now (${error.code}: ${error.message}). Nothing of this call was stored; it may be tried again.`,
			{ cause: error },
		);
	}
}

function newer(file: string, version: number): EtError {
	return new EtError(
		"ET_STORE_NEWER",
		`${file} was written by a newer version of ET (schema ${version}; this one knows ${SCHEMA_VERSION}). It was left as it is. Update et-phone-home.`,
	);
}

function cannotOpen(file: string, error: unknown): EtError {
	const reason = error instanceof Error ? error.message : String(error);
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database ${file} cannot be opened (${reason}). Nothing was changed. Make its folder writable, or choose another file with --database.`,
		{ cause: error },
	);
}

function cannotCopy(file: string, to: string, error: unknown): EtError {
	const reason = error instanceof Error ? error.message : String(error);
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database ${file} cannot be copied to ${to} (${reason}). The database is as it was. See that the one is there and the other can be written.`,
		{ cause: error },
	);
}

function cannotReplace(file: string, error: unknown): EtError {
	const reason = error instanceof Error ? error.message : String(error);
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		`The database ${file} cannot be replaced (${reason}). It is as it was. Stop et-server, and whatever else has it open, and try again.`,
		{ cause: error },
	);
}

/** better-sqlite3 is partly native; its absence, or a build for another Node.js, shows at the first opening. */
function isUnbuilt(error: unknown): boolean {
	if (!(error instanceof Error)) return false;
	return ("code" in error && error.code === "ERR_DLOPEN_FAILED") || error.message.includes("bindings file");
}

function driverUnbuilt(cause: unknown): EtError {
	return new EtError(
		"ET_SERVER_PACKAGES_MISSING",
		"better-sqlite3 is installed but not built for this Node.js. No data was touched. Run: npm rebuild better-sqlite3",
		{ cause },
	);
}
