/** Whose reports are taken, with which key, and what of them is kept: over a real socket, with a real database. */
import type { ExecutionContext } from "ava";
import test from "ava";
import Sqlite from "better-sqlite3";
import { keyDigest, newKey } from "../../../src/server/registry/keys.js";
import type { RunningServer } from "../../../src/server/serve.js";
import { testManifest } from "../../helpers/manifest.js";
import {
	erase,
	newRun,
	type Posted,
	post,
	postBytes,
	testServer,
	uuid,
	verdicts,
	wireBatch,
	wireReport,
} from "../../helpers/server.js";

const CLOSED = { openIntake: false, registryMaxAgeMs: 0 };

function closedServer(t: ExecutionContext, config = {}) {
	return testServer(t, { config: { ...CLOSED, ...config } });
}

function register({ store }: RunningServer, project: string, changes: Record<string, unknown> = {}) {
	return store.register({ project, manifest: testManifest({ project, ...changes }), at: Date.now() });
}

async function addKey({ store }: RunningServer, project: string): Promise<{ key: string; id: number }> {
	const key = newKey();
	const id = await store.addKey(project, keyDigest(key), Date.now());
	return { key, id: id ?? -1 };
}

async function stored({ store }: RunningServer, { run_id }: { run_id: string }, project = "dunovo") {
	return (await store.runEvents(project, run_id))[0]?.report;
}

function sendWith({ url }: RunningServer, key: string, reports: readonly unknown[]): Promise<Posted> {
	return postBytes(`${url}/k/${key}`, JSON.stringify(wireBatch(reports)));
}

test("reports of a project that is not registered are put off, and those of others are stored", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo");
	const reports = [wireReport(), wireReport({ project: "stranger" }), "no report", wireReport()];
	const posted = await post(server.url, wireBatch(reports));
	t.deepEqual(verdicts(posted), ["accepted", "later:project_not_registered", "rejected:invalid_report", "accepted"]);
	t.regex(posted.body.verdicts[1]?.message ?? "", /stranger.*registers/);
	t.deepEqual(await server.store.projects(10), ["dunovo"]);

	await server.store.register({ project: "stranger", manifest: null, at: Date.now() });
	t.deepEqual(verdicts(await post(server.url, wireBatch(reports))), [
		"duplicate",
		"accepted",
		"rejected:invalid_report",
		"duplicate",
	]);
});

test("counts of what was lost are kept of projects whose reports are taken, and of no others", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo");
	const lost = ["dunovo", "stranger"].map((project) => ({ id: uuid(), project, reason: "full", count: 2 }));
	t.is((await post(server.url, wireBatch([], { lost }))).status, 200);
	t.deepEqual(await server.store.projects(10), ["dunovo"]);
	t.is((await server.store.counts()).lost, 2);
});

test("an open server takes every project's reports, and strips those of registered ones", async (t) => {
	const server = await closedServer(t, { openIntake: true });
	await register(server, "dunovo");
	const data = { duplexes: 3, note: "hello" };
	const reports = [wireReport({ data }), wireReport({ data, project: "other" })] as const;
	t.deepEqual(verdicts(await post(server.url, wireBatch(reports))), ["accepted", "accepted"]);
	t.deepEqual((await stored(server, reports[0]))?.data, { duplexes: 3 });
	t.deepEqual((await stored(server, reports[1], "other"))?.data, data);
});

test("what a notice does not declare is not stored; one that is not known costs nothing but that", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo", { inputs: {}, data: { old: { type: "string", why: "w" } } });
	await register(server, "dunovo", { notice: { ...testManifest().notice, version: 2 } });
	const parts = {
		inputs: [
			{ name: "pairs", unit: "reads", size: 1 },
			{ name: "other", unit: "reads", size: 2 },
		],
		data: { old: "x", duplexes: 1, secret: "s" },
		wall_s: 3,
	};
	const reports = [1, 2, 3, null].map((manifest_notice) => wireReport({ ...parts, manifest_notice }));
	t.deepEqual(
		verdicts(await post(server.url, wireBatch(reports))),
		reports.map(() => "accepted"),
	);
	const kept = await Promise.all(reports.map((report) => stored(server, report)));
	const ofSecond = { inputs: [parts.inputs[0]], data: { duplexes: 1 } };
	t.deepEqual(
		kept.map((report) => ({ inputs: report?.inputs, data: report?.data })),
		[{ inputs: [], data: { old: "x" } }, ofSecond, ofSecond, ofSecond] as never,
	);
	t.true(kept.every((report) => report?.wall_s === 3));
});

test("a project with a key is taken with one of its keys only, in the address or the header", async (t) => {
	const server = await closedServer(t);
	for (const project of ["dunovo", "other", "free"]) await register(server, project);
	const { key } = await addKey(server, "dunovo");
	const { key: others } = await addKey(server, "other");
	const report = () => wireReport();
	t.deepEqual(verdicts(await post(server.url, wireBatch([report(), wireReport({ project: "free" })]))), [
		"later:key_required",
		"accepted",
	]);
	t.deepEqual(verdicts(await sendWith(server, others, [report()])), ["later:key_required"]);
	t.deepEqual(verdicts(await sendWith(server, key, [report(), wireReport({ project: "free" })])), [
		"accepted",
		"accepted",
	]);
	const bearer = await postBytes(server.url, JSON.stringify(wireBatch([report()])), { authorization: `Bearer ${key}` });
	t.deepEqual(verdicts(bearer), ["accepted"]);
	const basic = await postBytes(server.url, JSON.stringify(wireBatch([report()])), { authorization: "Basic eDp5" });
	t.deepEqual(verdicts(basic), ["later:key_required"]);
});

test("a key that is revoked, or never was, is refused before the body is read; with the last gone none is needed", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo");
	const { key, id } = await addKey(server, "dunovo");
	t.deepEqual(verdicts(await sendWith(server, key, [wireReport()])), ["accepted"]);
	await server.store.revokeKey("dunovo", id, Date.now());
	for (const text of [key, newKey(), "x", "<script>", "k'; DROP TABLE events --"]) {
		const posted = await sendWith(server, encodeURIComponent(text), [wireReport()]);
		t.deepEqual([posted.status, posted.body.error.code], [401, "unknown_key"], text);
	}
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
});

test("who may not send any more may still erase, behind any key", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo");
	const { key, id } = await addKey(server, "dunovo");
	const run = newRun();
	t.deepEqual(verdicts(await sendWith(server, key, [wireReport({ run_id: run.runId })])), ["accepted"]);
	await server.store.revokeKey("dunovo", id, Date.now());
	const [erased] = await erase(`${server.url}/k/${key}`, { id: crypto.randomUUID(), key: run.key });
	t.deepEqual([erased?.verdict, erased?.events], ["erased", 1]);
});

test("a key that comes too often is told when to come back, and others are served", async (t) => {
	const server = await closedServer(t, { requestsPerKey: 2 });
	await register(server, "dunovo");
	const { key } = await addKey(server, "dunovo");
	const { key: second } = await addKey(server, "dunovo");
	for (let count = 0; count < 2; count++) t.is((await sendWith(server, key, [wireReport()])).status, 200);
	const refused = await sendWith(server, key, [wireReport()]);
	t.deepEqual([refused.status, refused.body.error.code], [429, "too_many_requests"]);
	t.true(Number(refused.headers.get("retry-after")) >= 1);
	t.is((await sendWith(server, second, [wireReport()])).status, 200);
});

test("what another process registers or revokes counts after a while, and not before", async (t) => {
	const server = await closedServer(t, { registryMaxAgeMs: 60_000 });
	const report = wireReport();
	const send = async () => verdicts(await post(server.url, wireBatch([report])));
	t.deepEqual(await send(), ["later:project_not_registered"]);
	await register(server, "dunovo");
	t.deepEqual(await send(), ["later:project_not_registered"]);
	const restarted = await testServer(t, { database: server.database, config: CLOSED });
	t.deepEqual(verdicts(await post(restarted.url, wireBatch([report]))), ["accepted"]);
});

test("a store that cannot be asked puts everything off with when to come back", async (t) => {
	const server = await closedServer(t);
	await register(server, "dunovo");
	const db = new Sqlite(server.database);
	db.exec("DROP TABLE registrations");
	db.close();
	const posted = await post(server.url, wireBatch([wireReport()]));
	t.deepEqual([posted.status, posted.body.error.code], [503, "store_unavailable"]);
	t.truthy(posted.headers.get("retry-after"));
});

test("the predecessor's scripts are held to the same", async (t) => {
	const server = await closedServer(t);
	const call = { project: "dunovo", script: "align", version: "1", run_id: "r1", run: {} };
	const send = () =>
		fetch(`${server.url}/ET/end`, {
			method: "POST",
			headers: { "content-type": "application/json; charset=utf-8" },
			body: JSON.stringify(call),
		});
	t.is((await send()).status, 400);
	t.is((await server.store.counts()).events, 0);
	await server.store.register({ project: "dunovo", manifest: null, at: Date.now() });
	t.is((await send()).status, 200);
});
