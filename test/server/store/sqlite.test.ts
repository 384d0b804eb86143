import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { EtError } from "../../../src/errors.js";
import { MIGRATIONS, SCHEMA_VERSION } from "../../../src/server/store/migrations/index.js";
import { POSTGRES_WORDS, SQLITE_WORDS } from "../../../src/server/store/migrations/migration.js";
import { openSqliteStore } from "../../../src/server/store/sqlite.js";
import { accessContract } from "../../contract/access.js";
import { addressContract } from "../../contract/addresses.js";
import { erasureContract } from "../../contract/erasures.js";
import { projectErasureContract } from "../../contract/project-erasures.js";
import { registryContract } from "../../contract/registry.js";
import { retentionContract } from "../../contract/retention.js";
import { eventRecord, storeContract } from "../../contract/store.js";
import { temporaryFolder } from "../../helpers/temporary.js";

storeContract(test, async (t) => openFor(t, fileFor(t)));
addressContract(test, async (t) => openFor(t, fileFor(t)));
retentionContract(test, async (t) => openFor(t, fileFor(t)));
projectErasureContract(test, async (t) => openFor(t, fileFor(t)));
erasureContract(test, async (t) => openFor(t, fileFor(t)));
registryContract(test, async (t) => openFor(t, fileFor(t)));
accessContract(test, async (t) => openFor(t, fileFor(t)));

function fileFor(t: ExecutionContext): string {
	return join(temporaryFolder(t), "et.sqlite");
}

function openFor(t: ExecutionContext, file: string) {
	const store = openSqliteStore(file);
	t.teardown(() => store.close());
	return store;
}

function inspect<T>(file: string, look: (db: Sqlite.Database) => T): T {
	const db = new Sqlite(file);
	try {
		return look(db);
	} finally {
		db.close();
	}
}

test("migrations have growing numbers", (t) => {
	const numbers = MIGRATIONS.map(({ number }) => number);
	t.deepEqual(
		[...new Set(numbers)].sort((a, b) => a - b),
		numbers,
	);
});

test("every migration finds all its words in both engines", (t) => {
	for (const { sql, name } of MIGRATIONS) {
		for (const words of [SQLITE_WORDS, POSTGRES_WORDS]) t.notRegex(sql(words), /undefined/, `${name} ${words.engine}`);
	}
});

test("a file is made with its folder, for its owner alone", async (t) => {
	const file = join(temporaryFolder(t), "data", "et", "et.sqlite");
	const store = openFor(t, file);
	await store.insertBatch({ events: [eventRecord()], lost: [] });
	t.is(
		inspect(file, (db) => db.pragma("user_version", { simple: true })),
		SCHEMA_VERSION,
	);
	if (process.platform === "win32") return;
	t.is(statSync(join(file, "..")).mode & 0o777, 0o700);
	for (const path of [file, `${file}-wal`]) t.is(statSync(path).mode & 0o777, 0o600, path);
});

test("a store that is opened again has everything", async (t) => {
	const file = fileFor(t);
	const event = eventRecord();
	const first = openSqliteStore(file);
	await first.insertBatch({ events: [event], lost: [] });
	await first.close();
	const second = openFor(t, file);
	t.deepEqual(await second.insertBatch({ events: [event], lost: [] }), ["duplicate"]);
	t.is((await second.counts()).events, 1);
});

test("a store of a newer version is refused and left as it is", async (t) => {
	const file = fileFor(t);
	await openSqliteStore(file).close();
	inspect(file, (db) => db.pragma(`user_version = ${SCHEMA_VERSION + 1}`));
	const error = t.throws(() => openSqliteStore(file), { instanceOf: EtError });
	t.is(error.code, "ET_STORE_NEWER");
	t.is(
		inspect(file, (db) => db.pragma("user_version", { simple: true })),
		SCHEMA_VERSION + 1,
	);
});

test("another program's database is refused and left as it is", (t) => {
	const file = fileFor(t);
	inspect(file, (db) => db.exec("CREATE TABLE bookmarks (url TEXT)"));
	const error = t.throws(() => openSqliteStore(file), { instanceOf: EtError });
	t.is(error.code, "ET_STORE_UNAVAILABLE");
	t.deepEqual(
		inspect(file, (db) => db.prepare("SELECT name FROM sqlite_schema").pluck().all()),
		["bookmarks"],
	);
	t.is(
		inspect(file, (db) => db.pragma("journal_mode", { simple: true })),
		"delete",
	);
});

test("what is no database, or cannot be one, is refused in words", (t) => {
	const folder = temporaryFolder(t);
	const text = join(folder, "notes.txt");
	writeFileSync(text, "These are notes and no database, and they are long enough to be looked at.\n".repeat(50));
	mkdirSync(join(folder, "folder"));
	for (const file of [text, join(folder, "folder"), join(text, "et.sqlite")]) {
		const error = t.throws(() => openSqliteStore(file), { instanceOf: EtError });
		t.is(error.code, "ET_STORE_UNAVAILABLE");
		t.true(error.message.includes(file));
	}
});

test("pages are read while another process writes", async (t) => {
	const file = fileFor(t);
	const store = openFor(t, file);
	await store.insertBatch({ events: [eventRecord()], lost: [] });
	const other = new Sqlite(file);
	t.teardown(() => other.close());
	other.exec("BEGIN IMMEDIATE; INSERT INTO projects (name) VALUES ('unfinished')");
	t.is((await store.listRuns({ limit: 10 })).runs.length, 1);
	t.deepEqual(await store.projects(10), ["dunovo"]);
});

test("a page is found without reading the table", (t) => {
	const file = fileFor(t);
	openFor(t, file);
	const plan = inspect(file, (db) =>
		db
			.prepare<[], { detail: string }>(
				`EXPLAIN QUERY PLAN SELECT seq FROM events AS event WHERE project_id = 1 AND seq < 9 AND NOT EXISTS (
					SELECT 1 FROM events AS later WHERE later.project_id = event.project_id
					AND later.run_id = event.run_id AND later.seq > event.seq AND later.seq <= 9
				) ORDER BY seq DESC LIMIT 51`,
			)
			.all()
			.map(({ detail }) => detail),
	);
	t.true(
		plan.some((step) => step.includes("events_by_project (project_id=? AND rowid<?)")),
		plan.join("; "),
	);
	t.true(
		plan.some((step) => step.includes("events_by_run (run_id=? AND project_id=? AND rowid>? AND rowid<?)")),
		plan.join("; "),
	);
	t.false(
		plan.some((step) => step.includes("TEMP B-TREE")),
		plan.join("; "),
	);
});

test("what is erased or redacted is found without reading the table", (t) => {
	const file = fileFor(t);
	openFor(t, file);
	const planOf = (sql: string) =>
		inspect(file, (db) =>
			db
				.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
				.all()
				.map(({ detail }) => detail)
				.join("; "),
		);
	t.regex(planOf("DELETE FROM events WHERE run_id = x'00'"), /events_by_run \(run_id=\?\)/);
	t.regex(
		planOf("SELECT seq FROM events WHERE id = x'00' ORDER BY seq LIMIT 16"),
		/COVERING INDEX events_by_id \(id=\?\)/,
	);
	t.regex(planOf("SELECT 1 FROM tombstones WHERE run_id = x'00'"), /PRIMARY KEY \(run_id=\?\)/);
});

test("a store of the first version is brought up to date with all that it has", async (t) => {
	const file = fileFor(t);
	const [first, second] = [eventRecord(), eventRecord({ project: "galaxy" })];
	inspect(file, (db) => {
		db.exec(MIGRATIONS[0]?.sql(SQLITE_WORDS) ?? "");
		db.pragma("user_version = 1");
		db.pragma(`application_id = ${0x45545048}`);
		db.exec("INSERT INTO projects (id, name) VALUES (7, 'dunovo'), (3, 'galaxy')");
		const add = db.prepare("INSERT INTO events VALUES (?, ?, ?, ?, 'end', 1, 2, 3, 'align', NULL, 'ok', 0, 12.5, ?)");
		const bytes = (hex: string) => Buffer.from(hex.replaceAll("-", ""), "hex");
		add.run(4, 7, bytes(first.runId), bytes(first.id), first.report);
		add.run(9, 3, bytes(second.runId), bytes(second.id), second.report);
	});
	const store = openFor(t, file);
	t.deepEqual(await store.insertBatch({ events: [first, second, eventRecord()], lost: [] }), [
		"duplicate",
		"duplicate",
		"accepted",
	]);
	const { asOf, runs } = await store.listRuns({ limit: 10 });
	t.true(asOf > 9);
	t.deepEqual(
		runs.map(({ seq }) => seq),
		[asOf, 9, 4],
	);
	t.deepEqual(runs[2]?.events, [
		{
			seq: 4,
			receivedAt: 1,
			occurredAt: 2,
			occurredAtClient: 3,
			report: JSON.parse(first.report),
			redacted: [],
			address: null,
			source: null,
		},
	]);
});

test("two processes may open a new file at once", async (t) => {
	const file = fileFor(t);
	const [first, second] = [openFor(t, file), openFor(t, file)];
	const event = eventRecord();
	t.deepEqual(await first.insertBatch({ events: [event], lost: [] }), ["accepted"]);
	t.deepEqual(await second.insertBatch({ events: [event, eventRecord()], lost: [] }), ["duplicate", "accepted"]);
	t.is((await first.counts()).events, 2);
});
