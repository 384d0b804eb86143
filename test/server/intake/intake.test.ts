/** The intake over a real socket, with a real database. */
import { gzipSync } from "node:zlib";
import test from "ava";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { DEFAULT_CONFIG } from "../../../src/server/config.js";
import { REFUSALS, type RefusalCode } from "../../../src/server/intake/codes.js";
import { damaged } from "../../helpers/damaged.js";
import {
	post,
	postBytes,
	randomRunId,
	testServer,
	uuid,
	verdicts,
	wireBatch,
	wireReport,
} from "../../helpers/server.js";

const MIB = 1024 * 1024;

test("a batch is stored, and said to be", async (t) => {
	const { url, store } = await testServer(t);
	const reports = [wireReport(), wireReport()];
	const posted = await post(url, wireBatch(reports));
	t.is(posted.status, 200);
	t.deepEqual(posted.body, {
		wire: 1,
		verdicts: reports.map(({ id }) => ({ id, verdict: "accepted" })),
	} as never);
	t.is((await store.counts()).events, 2);
});

test("a gzipped batch is a batch", async (t) => {
	const { url } = await testServer(t);
	const body = gzipSync(JSON.stringify(wireBatch([wireReport()])));
	const posted = await postBytes(url, new Uint8Array(body), { "content-encoding": "gzip" });
	t.deepEqual(verdicts(posted), ["accepted"]);
});

test("sending again changes nothing", async (t) => {
	const { url, store } = await testServer(t);
	const batch = wireBatch([wireReport(), wireReport()], {
		lost: [{ id: uuid(), project: "dunovo", reason: "full", count: 3 }],
	});
	await post(url, batch);
	t.deepEqual(verdicts(await post(url, batch)), ["duplicate", "duplicate"]);
	t.deepEqual(await store.counts(), { events: 2, runs: 2, projects: 1, lost: 3, erased: 0 });
});

test("a report that comes twice in one batch is stored once", async (t) => {
	const { url, store } = await testServer(t);
	const report = wireReport();
	t.deepEqual(verdicts(await post(url, wireBatch([report, wireReport(), report]))), [
		"accepted",
		"accepted",
		"duplicate",
	]);
	t.is((await store.counts()).events, 2);
});

test("the same ids in two projects are two reports of two runs", async (t) => {
	const { url, store } = await testServer(t);
	const ids = { id: uuid(), run_id: randomRunId() };
	const reports = ["dunovo", "galaxy"].map((project) => wireReport({ ...ids, project, command: project }));
	t.deepEqual(verdicts(await post(url, wireBatch(reports))), ["accepted", "accepted"]);
	t.is((await store.counts()).runs, 2);
	const page = await (await fetch(`${url}/runs/galaxy/${ids.run_id}`)).text();
	t.regex(page, /<h1>galaxy<\/h1>/);
	t.notRegex(page, /dunovo/);
});

test("a malformed report has a verdict of its own, and the rest is stored", async (t) => {
	const { url, store } = await testServer(t);
	const reports = [
		wireReport(),
		wireReport({ wall_s: "long" }),
		null,
		wireReport({ occurred_at: "2026-02-30T00:00:00Z" }),
		wireReport({ version: "a version that nobody has heard of" }),
	];
	const posted = await post(url, wireBatch(reports));
	t.is(posted.status, 200);
	t.deepEqual(verdicts(posted), [
		"accepted",
		"rejected:invalid_report",
		"rejected:invalid_report",
		"rejected:invalid_date",
		"accepted",
	]);
	t.is((await store.counts()).events, 2);
});

test("a malformed batch is refused with a code, and nothing of it is stored", async (t) => {
	const { url, store } = await testServer(t);
	const bodies: [body: string, status: number, code: string][] = [
		["", 400, "not_json"],
		['{"wire":1,', 400, "not_json"],
		["[]", 400, "not_a_batch"],
		['{"wire":1,"reports":7}', 400, "not_a_batch"],
		[JSON.stringify(wireBatch([wireReport()], { wire: 2 })), 415, "unsupported_wire"],
		[
			JSON.stringify(wireBatch(Array.from({ length: DEFAULT_CONFIG.maxReports + 1 }, () => 0))),
			413,
			"too_many_reports",
		],
	];
	for (const [body, status, code] of bodies) {
		const posted = await postBytes(url, body);
		t.is(posted.status, status, code);
		t.is(posted.body.wire, 1);
		t.is(posted.body.error.code, code);
	}
	t.is((await store.counts()).events, 0);
});

test("a body that is too large is refused, also when it does not say so beforehand", async (t) => {
	const { url } = await testServer(t);
	const large = new Uint8Array(3 * MIB).fill(0x20);
	const posted = await postBytes(url, large);
	t.deepEqual([posted.status, posted.body.error.code], [413, "body_too_large"]);

	const bomb = gzipSync(Buffer.alloc(10 * MIB));
	const exploded = await postBytes(url, new Uint8Array(bomb), { "content-encoding": "gzip" });
	t.deepEqual([exploded.status, exploded.body.error.code], [413, "body_too_large"]);
});

test("a body that is cut short is refused", async (t) => {
	const { url } = await testServer(t);
	const body = gzipSync(JSON.stringify(wireBatch([wireReport()])));
	const posted = await postBytes(url, new Uint8Array(body.subarray(0, -5)), { "content-encoding": "gzip" });
	t.deepEqual([posted.status, posted.body.error.code], [400, "not_gzip"]);
});

test("what is not JSON, and what is encoded strangely, is refused for that", async (t) => {
	const { url } = await testServer(t);
	const body = JSON.stringify(wireBatch([wireReport()]));
	for (const type of ["text/plain", "text/html", "application/x-www-form-urlencoded", "application/jsonx"]) {
		const posted = await postBytes(url, body, { "content-type": type });
		t.deepEqual([posted.status, posted.body.error.code], [415, "unsupported_media_type"], type);
	}
	const posted = await postBytes(url, body, { "content-encoding": "br" });
	t.deepEqual([posted.status, posted.body.error.code], [415, "unsupported_encoding"]);
	const charset = await postBytes(url, body, { "content-type": "application/json; charset=utf-8" });
	t.is(charset.status, 200);
});

test("a store that is locked is answered with when to come back, and takes the batch then", async (t) => {
	const { url, database } = await testServer(t);
	const batch = wireBatch([wireReport()]);
	const other = new Sqlite(database);
	t.teardown(() => other.close());
	other.exec("BEGIN EXCLUSIVE");

	const refused = await post(url, batch);
	t.deepEqual([refused.status, refused.body.error.code], [503, "store_unavailable"]);
	t.is(refused.headers.get("retry-after"), String(DEFAULT_CONFIG.retryAfterSeconds));

	other.exec("ROLLBACK");
	t.deepEqual(verdicts(await post(url, batch)), ["accepted"]);
});

test("an error that nobody expected is told to the log alone", async (t) => {
	const logged: unknown[] = [];
	const { url, store } = await testServer(t, { log: (_message, error) => logged.push(error) });
	store.insertBatch = () => Promise.reject(new Error("the inside of the server"));
	const posted = await post(url, wireBatch([wireReport()]));
	t.deepEqual([posted.status, posted.body.error.code], [503, "internal_error"]);
	t.notRegex(JSON.stringify(posted.body), /inside/);
	t.regex(String(logged[0]), /inside/);
});

test("whatever bytes arrive, the answer is a verdict or a refusal with a code, and never a failure of ours", async (t) => {
	const { url } = await testServer(t, { log: (message) => t.fail(message) });
	const whole = JSON.stringify(wireBatch([wireReport({ data: { key: 1 } }), wireReport()]));
	await fc.assert(
		fc.asyncProperty(damaged(whole), async (body) => {
			const posted = await postBytes(url, body);
			t.true(posted.status < 500, body);
			if (posted.status === 200) t.is(posted.body.verdicts.length, JSON.parse(body).reports.length);
			else t.is<number, number>(REFUSALS[posted.body.error.code as RefusalCode], posted.status);
		}),
		{ numRuns: 300 },
	);
});
