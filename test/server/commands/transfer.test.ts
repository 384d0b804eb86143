/** Moving, backing up and restoring, as an operator does: processes, files, and both engines. */
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { openStore } from "../../../src/server/store/open.js";
import { openSqliteStore } from "../../../src/server/store/sqlite.js";
import { TABLES } from "../../../src/server/store/tables.js";
import type { ErasureRecord, EventRecord, Store, StoredEvent } from "../../../src/server/store/types.js";
import { eventRecord } from "../../contract/store.js";
import { act, addAdministrator } from "../../helpers/access.js";
import { runProgram } from "../../helpers/child.js";
import { ET_SERVER, startServerProcess } from "../../helpers/et-server.js";
import type { Declare } from "../../helpers/needs.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { administer } from "../../helpers/postgres-server.js";
import { post, randomRunId, verdicts, wireBatch, wireReport } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

async function etServer(t: ExecutionContext, ...args: string[]) {
	const result = await runProgram(t, process.execPath, [ET_SERVER, ...args]);
	return { ...result, text: result.stdout + result.stderr };
}

/** Runs a command that has to succeed; what it says. */
async function done(t: ExecutionContext, ...args: string[]): Promise<string> {
	const { code, text } = await etServer(t, ...args);
	t.is(code, 0, text);
	t.notRegex(text, /deprecated|warning/i);
	return text;
}

function fileFor(t: ExecutionContext): string {
	return join(temporaryFolder(t), "et.sqlite");
}

async function inStore<T>(database: string, call: (store: Store) => Promise<T>): Promise<T> {
	const store = await openStore(database);
	try {
		return await call(store);
	} finally {
		await store.close();
	}
}

function erasure({ runId, id }: EventRecord, fields?: readonly string[]): ErasureRecord {
	return { runId, redaction: fields === undefined ? null : { reportId: id, fields }, at: 7, receipt: randomUUID() };
}

/** An event with something to take out. */
function noted(note: string): EventRecord {
	const event = eventRecord({ command: note });
	const report = { ...JSON.parse(event.report), command: note, data: { note, count: 3 }, platform: "slurm" };
	return { ...event, report: JSON.stringify({ ...report, platform_inner: "container" }) };
}

/** What a store tells of some runs. */
function told(database: string, events: readonly EventRecord[]): Promise<StoredEvent[][]> {
	return inStore(database, async (store) => {
		const runs: StoredEvent[][] = [];
		for (const { project, runId } of events) runs.push(await store.runEvents(project, runId));
		return runs;
	});
}

/** Where a database may stand: for each engine a test of its own. */
const ENGINES: ReadonlyArray<[name: string, declare: Declare, place: (t: ExecutionContext) => Promise<string>]> = [
	["SQLite", test, async (t) => fileFor(t)],
	["PostgreSQL", withPostgres, (t) => emptyDatabase(t)],
];

test("every table is copied when a database is moved, but what it says of itself and the keys of hashes", (t) => {
	const file = fileFor(t);
	const store = openSqliteStore(file);
	t.teardown(() => store.close());
	const db = new Sqlite(file, { readonly: true });
	t.teardown(() => db.close());
	const tables = db
		.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
		.pluck()
		.all();
	t.deepEqual(
		tables.filter((name) => name !== "marks" && name !== "address_keys").sort(),
		TABLES.map(({ name }): string => name).sort(),
	);
	for (const { name, key } of TABLES) {
		const columns = db.prepare<[string], { name: string; pk: number }>("SELECT name, pk FROM pragma_table_info(?)");
		const primary = columns
			.all(name)
			.filter(({ pk }) => pk > 0)
			.sort((a, b) => a.pk - b.pk);
		t.deepEqual(
			primary.map((column) => column.name),
			[...key],
			name,
		);
	}
});

for (const [engine, declare, place] of ENGINES) {
	declare(
		`${engine}: a backup restored lets in nobody who was logged in then, and no token revoked since`,
		async (t) => {
			const database = await place(t);
			const backup = join(temporaryFolder(t), "backup.sqlite");
			const [session, kept, revoked] = [randomBytes(32), randomBytes(32), randomBytes(32)];
			const id = await inStore(database, async (store) => {
				await addAdministrator(store);
				const over = { madeBefore: 0, usedBefore: 0 };
				const { id: administratorId = 0 } = (await store.findAdministrator("ada")) ?? {};
				await store.addSession({ digest: session, administratorId, at: 1, replaces: null, over }, act());
				const token = { name: "test", project: null, madeBy: null, at: 1 };
				await store.addToken({ ...token, digest: kept }, act());
				return store.addToken({ ...token, digest: revoked }, act());
			});
			await done(t, "backup", "--database", database, "--to", backup);
			await inStore(database, (store) => store.revokeToken(id, act({ act: "token_revoked" })));
			await inStore(database, (store) => store.insertBatch({ events: [noted("later")], lost: [] }));
			await done(t, "restore", "--database", database, "--from", backup, "--replace");
			await inStore(database, async (store) => {
				t.is(await store.findSession(session), undefined);
				t.is(await store.findToken(revoked), undefined);
				t.truthy(await store.findToken(kept));
				t.deepEqual(
					(await store.administrators()).map(({ name }) => name),
					["ada"],
				);
			});
		},
	);

	declare(
		`${engine}: a backup restored brings back what was lost, and nothing that was taken back since`,
		async (t) => {
			const database = await place(t);
			const backup = join(temporaryFolder(t), "backup.sqlite");
			const [kept, erased, redacted, later] = [noted("kept"), noted("erased"), noted("redacted"), noted("later")];
			const lost = { id: randomUUID(), project: "dunovo", reason: "full", count: 3, receivedAt: 1 };
			const before = await inStore(database, async (store) => {
				await store.insertBatch({ events: [kept, erased, redacted], lost: [lost] });
				return store.runEvents("dunovo", kept.runId);
			});
			t.regex(
				await done(t, "backup", "--database", database, "--to", backup),
				/3 reports of 3 runs in 1 projects; 0 erased/,
			);
			const receipts = await inStore(database, async (store) => {
				await store.insertBatch({ events: [later], lost: [] });
				return store.erase([erasure(erased), erasure(redacted, ["command", "data.note", "platform"])]);
			});
			const asRedacted = await told(database, [redacted]);

			const refused = await etServer(t, "restore", "--from", backup, "--database", database);
			t.is(refused.code, 5);
			t.regex(refused.stderr, /^et-server: .* has reports\. It was left as it is\. Give --replace[^\n]*\n$/);
			const said = await done(t, "restore", "--from", backup, "--replace", "--database", database);
			t.regex(said, /Taken back since the backup, and not restored: 1 runs, and fields of 1 reports\./);

			t.deepEqual(await told(database, [kept, erased, later]), [before, [], []]);
			const event = (await told(database, [redacted]))[0]?.[0];
			t.deepEqual(event, asRedacted[0]?.[0]);
			t.like(event?.report, { command: null, platform: null, platform_inner: null, data: { count: 3 } });
			await inStore(database, async (store) => {
				t.deepEqual(await store.insertBatch({ events: [erased, later, redacted], lost: [lost] }), [
					"erased",
					"accepted",
					"duplicate",
				]);
				t.deepEqual(await store.erase([erasure(erased)]), [receipts[0] as never]);
				t.deepEqual(await store.lostTotals("dunovo"), [{ reason: "full", count: 3 }]);
			});
			t.deepEqual(
				[backup, database].flatMap((file) => [`${file}.restoring`, `${file}.unfinished`]).filter(existsSync),
				[],
			);
		},
	);

	declare(`${engine}: where the database is gone, a file of erasures keeps out what was taken back`, async (t) => {
		const [database, fresh] = [await place(t), await place(t)];
		const folder = temporaryFolder(t);
		const [backup, erasures] = [join(folder, "backup.sqlite"), join(folder, "erasures.sqlite")];
		const [kept, erased, redacted] = [noted("kept"), noted("erased"), noted("redacted")];
		await inStore(database, (store) => store.insertBatch({ events: [kept, erased, redacted], lost: [] }));
		await done(t, "backup", "--database", database, "--to", backup);
		await inStore(database, (store) => store.erase([erasure(erased), erasure(redacted, ["data"])]));
		t.regex(await done(t, "backup", "--database", database, "--to", erasures, "--erasures"), /1 reports of 1 runs/);

		const unaware = await done(t, "restore", "--from", backup, "--database", fresh);
		t.regex(unaware, /Nothing is known of what was taken back after the backup/);
		const heeded = await done(t, "restore", "--erased", erasures, "--database", fresh);
		t.regex(heeded, /: 1 runs, and fields of 1 reports\.\nIt has 2 reports of 2 runs/);
		const restore = ["restore", "--replace", "--from", backup, "--erased", erasures, "--database", fresh];
		t.notRegex(await done(t, ...restore), /Nothing is known/);
		const [one, none, [less]] = (await told(fresh, [kept, erased, redacted])) as [unknown[], unknown[], never[]];
		t.is(one?.length, 1);
		t.deepEqual(none, []);
		t.like(less, { redacted: ["data"] });
	});

	declare(`${engine}: a backup taken while batches come in has each batch whole or not at all`, async (t) => {
		const database = await place(t);
		const server = await startServerProcess(t, database);
		const backup = join(temporaryFolder(t), "backup.sqlite");
		let isOver = false;
		const sending = (async () => {
			for (let sent = 0; ; sent++) {
				if (isOver) return sent;
				await post(server.url, wireBatch(Array.from({ length: 7 }, () => wireReport())));
			}
		})();
		await done(t, "backup", "--database", database, "--to", backup);
		isOver = true;
		const batches = await sending;
		const { events } = await inStore(backup, (store) => store.counts());
		t.is(events % 7, 0);
		t.true(events <= 7 * batches);
		t.is(await server.end("SIGTERM"), 0);
	});
}

test("a backup overwrites nothing, and a database that is not there is not made", async (t) => {
	const folder = temporaryFolder(t);
	const [database, missing] = [join(folder, "et.sqlite"), join(folder, "missing.sqlite")];
	await done(t, "migrate", "--database", database);
	const onto = await etServer(t, "backup", "--database", database, "--to", database);
	t.is(onto.code, 5);
	t.regex(onto.stderr, /is there already, and was left as it is/);
	for (const command of ["backup", "move"]) {
		const { code, stderr } = await etServer(t, command, "--database", missing, "--to", join(folder, "new.sqlite"));
		t.is(code, 5, command);
		t.regex(stderr, /^et-server: There is no database [^\n]*\n$/);
	}
	t.false(existsSync(missing));
	const neither = await etServer(t, "restore", "--database", database);
	t.deepEqual([neither.code, neither.stderr], [2, "error: --from or --erased is needed\n"]);
});

test("while a server has the file open, it is not replaced", async (t) => {
	const database = fileFor(t);
	const backup = join(temporaryFolder(t), "backup.sqlite");
	const server = await startServerProcess(t, database);
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
	await done(t, "backup", "--database", database, "--to", backup);
	const { code, stderr } = await etServer(t, "restore", "--replace", "--from", backup, "--database", database);
	t.is(code, 5);
	t.regex(stderr, /cannot be replaced .*Stop et-server/);
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
	await server.end("SIGTERM");
	await done(t, "restore", "--replace", "--from", backup, "--database", database);
	t.is((await inStore(database, (store) => store.counts())).events, 1);
});

/** Reports of some runs in two projects, a part of them erased and redacted, and counts of lost ones. */
async function filled(database: string, runs: number): Promise<EventRecord[]> {
	const events = Array.from({ length: runs }, (_, index) => ({
		...noted(`note ${index} \u{1F9EC}`),
		project: index % 5 ? "dunovo" : "galaxy",
	}));
	await inStore(database, async (store) => {
		for (let at = 0; at < runs; at += 500) {
			const batch = events.slice(at, at + 500);
			const lost = { id: randomUUID(), project: "dunovo", reason: "full", count: 2, receivedAt: 1 };
			await store.insertBatch({ events: batch, lost: [lost] });
		}
		await store.erase(events.slice(10, 20).map((event) => erasure(event)));
		await store.erase(events.slice(20, 30).map((event) => erasure(event, ["data.note"])));
	});
	return events;
}

withPostgres("SQLite to PostgreSQL and back: the same rows, and what was erased stays so", async (t) => {
	const [file, url, back] = [fileFor(t), await emptyDatabase(t), fileFor(t)];
	const events = await filled(file, 1500);
	const said = await done(t, "move", "--database", file, "--to", url);
	t.regex(
		said,
		/has 1,490 reports; .* has 1,490 of them\.\nMoved: 1,490 reports of 1,490 runs in 2 projects; 10 erased runs\./,
	);
	t.deepEqual(await told(url, events), await told(file, events));
	await inStore(url, async (store) => {
		t.deepEqual(
			await store.insertBatch({ events: [events[10], events[40], eventRecord()] as EventRecord[], lost: [] }),
			["erased", "duplicate", "accepted"],
		);
	});
	await done(t, "move", "--database", url, "--to", back);
	t.deepEqual(await told(back, events), await told(file, events));
	t.deepEqual(await inStore(back, (store) => store.counts()), await inStore(url, (store) => store.counts()));
});

withPostgres("a move that is killed again and again goes on where it was, and takes what has come since", async (t) => {
	const [file, url] = [fileFor(t), await emptyDatabase(t)];
	const events = await filled(file, 12_000);
	let kills = 0;
	for (let reached = 0; kills < 4; kills++) {
		const aim = reached;
		const gone = new AbortController();
		const move = runProgram(t, process.execPath, [ET_SERVER, "move", "--database", file, "--to", url], {
			kill: gone.signal,
		});
		while (reached === aim) reached = await countIn(url);
		gone.abort();
		t.is((await move).signal, "SIGKILL");
	}
	const there = await countIn(url);
	t.true(there > 0 && there < events.length, `${there}`);
	const refused = await etServer(t, "--port", "0", "--database", url);
	t.is(refused.code, 5);
	t.regex(refused.stderr, /A move into this database is not finished/);
	// The old database was served meanwhile.
	const extra = [eventRecord({ project: "new" }), ...events.slice(100, 110)];
	await inStore(file, async (store) => {
		await store.insertBatch({ events: extra, lost: [] });
		await store.erase([
			...events.slice(30, 40).map((event) => erasure(event)),
			erasure(events[50] as EventRecord, ["command"]),
		]);
	});
	const said = await done(t, "move", "--database", file, "--to", url);
	t.regex(said, /reports were there from a move before/);
	t.regex(said, /has 11,981 reports; .* has 11,981 of them/);
	t.deepEqual(await told(url, events.slice(0, 200)), await told(file, events.slice(0, 200)));
	t.deepEqual(await inStore(url, (store) => store.counts()), await inStore(file, (store) => store.counts()));

	const other = fileFor(t);
	await filled(other, 20);
	const mixed = await etServer(t, "move", "--database", other, "--to", url);
	t.regex(mixed.stderr, /it is being filled from another database/);
	const server = await startServerProcess(t, url);
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
	const late = await etServer(t, "move", "--database", file, "--to", url);
	t.is(late.code, 5);
	t.regex(late.stderr, /it has data of its own/);
});

async function countIn(url: string): Promise<number> {
	const [there] = await administer<{ name: string | null }>(url, "SELECT to_regclass('events')::text AS name");
	if (!there?.name) return 0;
	const [row] = await administer<{ number: string }>(url, "SELECT count(*) AS number FROM events");
	return Number(row?.number);
}

test("a page of a moved store goes on with places that were never given", async (t) => {
	const [from, to] = [fileFor(t), fileFor(t)];
	const runId = randomRunId();
	await inStore(from, (store) => store.insertBatch({ events: [eventRecord(), eventRecord({ runId })], lost: [] }));
	await done(t, "move", "--database", from, "--to", to);
	await inStore(to, async (store) => {
		const { asOf } = await store.listRuns({ limit: 1 });
		await store.insertBatch({ events: [eventRecord()], lost: [] });
		t.is((await store.listRuns({ limit: 10, asOf })).runs.length, 2);
		t.is((await store.listRuns({ limit: 10 })).runs.length, 3);
	});
});
