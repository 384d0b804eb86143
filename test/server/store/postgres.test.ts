import { setTimeout as after } from "node:timers/promises";
import type { ExecutionContext, TestFn } from "ava";
import pg from "pg";
import { EtError } from "../../../src/errors.js";
import { SCHEMA_VERSION } from "../../../src/server/store/migrations/index.js";
import { openPostgresStore } from "../../../src/server/store/postgres.js";
import type { Store } from "../../../src/server/store/types.js";
import { accessContract } from "../../contract/access.js";
import { addressContract } from "../../contract/addresses.js";
import { erasureContract } from "../../contract/erasures.js";
import { projectErasureContract } from "../../contract/project-erasures.js";
import { registryContract } from "../../contract/registry.js";
import { retentionContract } from "../../contract/retention.js";
import { eventRecord, storeContract } from "../../contract/store.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { administer, startPostgres } from "../../helpers/postgres-server.js";
import { post, randomRunId, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

async function openFor(t: ExecutionContext, url: string): Promise<Store> {
	const store = await openPostgresStore(url);
	t.teardown(() => store.close());
	return store;
}

const openEmpty = async (t: ExecutionContext) => openFor(t, await emptyDatabase(t));

storeContract(withPostgres as TestFn, openEmpty);
addressContract(withPostgres as TestFn, openEmpty);
retentionContract(withPostgres as TestFn, openEmpty);
projectErasureContract(withPostgres as TestFn, openEmpty);
erasureContract(withPostgres as TestFn, openEmpty);
registryContract(withPostgres as TestFn, openEmpty);
accessContract(withPostgres as TestFn, openEmpty);

/** A connection of a test's own, in the midst of something. */
async function connection(t: ExecutionContext, url: string): Promise<pg.Client> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	t.teardown(() => client.end());
	return client;
}

withPostgres("many processes may open a new database at once", async (t) => {
	const url = await emptyDatabase(t);
	const stores = await Promise.all(Array.from({ length: 8 }, () => openFor(t, url)));
	t.deepEqual(
		stores.map(({ schema }) => schema.to),
		stores.map(() => SCHEMA_VERSION),
	);
	const event = eventRecord();
	const results = await Promise.all(stores.map((store) => store.insertBatch({ events: [event], lost: [] })));
	t.deepEqual(results.flat().toSorted(), ["accepted", ...Array.from({ length: 7 }, () => "duplicate")]);
	const applied = await administer(url, "SELECT version FROM et_schema");
	t.is(applied.length, new Set(applied.map(({ version }) => version)).size);
});

withPostgres("a store of a newer version is refused and left as it is", async (t) => {
	const url = await emptyDatabase(t);
	await (await openPostgresStore(url)).close();
	await administer(url, "INSERT INTO et_schema (version, name) VALUES (999, 'of the future')");
	const error = await t.throwsAsync(openPostgresStore(url), { instanceOf: EtError });
	t.is(error.code, "ET_STORE_NEWER");
	t.is((await administer(url, "SELECT 1 FROM et_schema WHERE version = 999")).length, 1);
});

withPostgres("another program's database is refused and left as it is; a schema of its own is enough", async (t) => {
	const url = await emptyDatabase(t);
	await administer(url, "CREATE TABLE bookmarks (url text)");
	const error = await t.throwsAsync(openPostgresStore(url), { instanceOf: EtError });
	t.is(error.code, "ET_STORE_UNAVAILABLE");
	t.regex(error.message, /another program's tables/);
	t.is((await administer(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'")).length, 1);
	await administer(url, "CREATE SCHEMA et");
	const store = await openFor(t, `${url}&options=-csearch_path%3Det`);
	t.deepEqual(await store.insertBatch({ events: [eventRecord()], lost: [] }), ["accepted"]);
});

withPostgres("what cannot be reached is said, without the password", async (t) => {
	const url = new URL(await emptyDatabase(t));
	url.pathname = "/unheard-of";
	url.password = "secret";
	const error = await t.throwsAsync(openPostgresStore(url.href), { instanceOf: EtError });
	t.is(error.code, "ET_STORE_UNAVAILABLE");
	t.regex(error.message, /unheard-of.*does not exist/);
	t.notRegex(error.message, /secret/);
});

withPostgres("a text with U+0000 costs no report, and stays what it is in the report", async (t) => {
	const store = await openEmpty(t);
	const command = "a\0b";
	const event = eventRecord({ command, version: "\0", report: JSON.stringify({ command }) });
	t.deepEqual(await store.insertBatch({ events: [event], lost: [] }), ["accepted"]);
	t.is((await store.runEvents("dunovo", event.runId))[0]?.report.command, command);
	t.false(await store.hasProject("a\0b"));
});

withPostgres("a page counts on no place below which a batch may still come", async (t) => {
	const url = await emptyDatabase(t);
	const store = await openFor(t, url);
	await store.insertBatch({ events: [eventRecord()], lost: [] });
	// A batch that has its place and waits: for the row of a project that another transaction is about to add.
	const other = await connection(t, url);
	await other.query("BEGIN; INSERT INTO projects (name) VALUES ('slow')");
	const slow = store.insertBatch({ events: [eventRecord({ project: "slow" })], lost: [] });
	const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
	while ((await other.query(waiting)).rowCount === 0) await after(5);
	const runId = randomRunId();
	await store.insertBatch({ events: [eventRecord({ runId })], lost: [] });
	const page = await store.listRuns({ limit: 10 });
	t.is(page.runs.length, 1, "the later batch waits for the one before it");
	await other.query("COMMIT");
	t.deepEqual(await slow, ["accepted"]);
	t.is((await store.listRuns({ limit: 10, asOf: page.asOf })).runs.length, 1);
	t.is((await store.listRuns({ limit: 10 })).runs.length, 3);
});

withPostgres("nothing of an erased run slips in while its erasure is committed", async (t) => {
	const url = await emptyDatabase(t);
	const [first, second] = [await openFor(t, url), await openFor(t, url)];
	for (let round = 0; round < 30; round++) {
		const runId = randomRunId();
		const batch = () => ({ events: [eventRecord({ runId, event: "prelim" }), eventRecord()], lost: [] });
		const [before, [erased], after] = await Promise.all([
			first.insertBatch(batch()),
			second.erase([{ runId, redaction: null, at: 0, receipt: runId }]),
			first.insertBatch(batch()),
		]);
		const accepted = [before[0], after[0]].filter((result) => result === "accepted").length;
		t.like(erased, { verdict: "erased", events: accepted });
		t.deepEqual(await first.runEvents("dunovo", runId), []);
		t.deepEqual([before[1], after[1]], ["accepted", "accepted"]);
	}
});

withPostgres("batches that have reports in common, in any order, never wait for each other in a circle", async (t) => {
	const url = await emptyDatabase(t);
	const stores = await Promise.all(Array.from({ length: 4 }, () => openFor(t, url)));
	const events = Array.from({ length: 300 }, (_, index) => eventRecord({ project: `project${index % 7}` }));
	const results = await Promise.all(
		Array.from({ length: 16 }, (_, index) => {
			const turned = [...events.slice(index * 17), ...events.slice(0, index * 17)];
			return stores[index % 4]?.insertBatch({ events: index % 2 ? turned : turned.toReversed(), lost: [] });
		}),
	);
	t.is(results.flat().filter((result) => result === "accepted").length, events.length);
	t.is((await stores[0]?.counts())?.events, events.length);
});

withPostgres("a project that was removed behind a server's back is made again", async (t) => {
	const url = await emptyDatabase(t);
	const store = await openFor(t, url);
	const lost = { id: "drop1", project: "dunovo", reason: "full", count: 1, receivedAt: 0 };
	await store.insertBatch({ events: [eventRecord()], lost: [lost] });
	for (const batch of [
		{ events: [eventRecord()], lost: [] },
		{ events: [], lost: [lost] },
	]) {
		await administer(url, "DELETE FROM projects; DELETE FROM events; DELETE FROM lost");
		await store.insertBatch(batch);
		t.deepEqual(await store.projects(9), ["dunovo"]);
	}
	t.deepEqual(await store.lostTotals("dunovo"), [{ reason: "full", count: 1 }]);
});

withPostgres("while PostgreSQL is down a server asks to come back, and it recovers by itself", async (t) => {
	const postgres = await startPostgres();
	t.teardown(() => postgres.stop());
	const server = await testServer(t, { database: await emptyDatabase(t, postgres) });
	const report = wireReport();
	t.deepEqual(verdicts(await post(server.url, wireBatch([report]))), ["accepted"]);
	await postgres.stop();
	for (let request = 0; request < 3; request++) {
		const down = await post(server.url, wireBatch([wireReport()]));
		t.is(down.status, 503);
		t.is(down.body.error.code, "store_unavailable");
		t.truthy(down.headers.get("retry-after"));
		t.is((await fetch(server.url)).status, 503);
		t.is((await fetch(`${server.url}/healthz`)).status, 503);
	}
	await postgres.start();
	t.deepEqual(verdicts(await post(server.url, wireBatch([report, wireReport()]))), ["duplicate", "accepted"]);
	t.is((await fetch(server.url)).status, 200);
});

withPostgres("connections that PostgreSQL ends in the midst of requests cost no server its life", async (t) => {
	const url = await emptyDatabase(t);
	const server = await testServer(t, { database: url });
	const other = await connection(t, url);
	const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`;
	const accepted: string[] = [];
	for (let round = 0; round < 10; round++) {
		const reports = Array.from({ length: 40 }, () => wireReport());
		const sent = reports.map(async (report) => {
			for (;;) {
				const answer = await post(server.url, wireBatch([report]));
				if (answer.status === 200) return accepted.push(report.id);
				t.is(answer.status, 503);
			}
		});
		await other.query(end);
		await Promise.all(sent);
	}
	t.is((await server.store.counts()).events, accepted.length);
});

withPostgres("NUL, unpaired surrogates and other texts that PostgreSQL does not keep cost no answer", async (t) => {
	const database = await emptyDatabase(t);
	const { url } = await testServer(t, { database });
	const reports = ["a\u0000b", "\u0000", "\ud800", "a\udfffb"].flatMap((text) => [
		wireReport({ command: text }),
		wireReport({ version: text }),
		wireReport({ data: { note: text } }),
		wireReport({ exception: { type: text, frames: [{ file: text, function: text }] } }),
		wireReport({ inputs: [{ name: "a", unit: text, size: 1 }] }),
	]);
	t.deepEqual(
		verdicts(await post(url, wireBatch(reports))),
		reports.map(() => "accepted"),
	);
	for (const path of [
		"/",
		"/?project=%00",
		"/v1/runs?project=%00",
		"/v1/runs?command=%00",
		"/v1/events?version=a%00b",
	]) {
		const { status } = await fetch(`${url}${path}`);
		t.true(status < 500, `${path}: ${status}`);
	}
});
