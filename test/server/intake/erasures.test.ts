/** Erasing and redacting over a real socket, with a real database. */
import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import type { WireErasureVerdict } from "../../../src/report/wire.js";
import { DEFAULT_CONFIG } from "../../../src/server/config.js";
import { REFUSALS, type RefusalCode } from "../../../src/server/intake/codes.js";
import { damaged } from "../../helpers/damaged.js";
import {
	erase,
	newRun,
	post,
	postErasureBytes,
	testServer,
	uuid,
	verdicts,
	wireBatch,
	wireReport,
} from "../../helpers/server.js";

const MIB = 1024 * 1024;
const NOW_MS = Date.UTC(2026, 1, 1);

function request(changes: Record<string, unknown>): Record<string, unknown> & { id: string } {
	return { id: randomUUID(), ...changes };
}

function outcomes(said: readonly WireErasureVerdict[]): string[] {
	return said.map(({ verdict, code, events }) => (code === undefined ? `${verdict} ${events}` : `${verdict}:${code}`));
}

/** A server that has one run of two events. */
async function serverWithRun(t: ExecutionContext) {
	const server = await testServer(t, { clock: () => NOW_MS });
	const { key, runId } = newRun();
	const start = wireReport({ run_id: runId, event: "start", platform: "slurm" });
	const end = wireReport({
		run_id: runId,
		platform: "galaxy",
		platform_inner: "slurm",
		measured_by: { wall_s: "monotonic" },
		inputs: [
			{ name: "pairs", unit: "reads", size: 100 },
			{ name: "panel", unit: "reads", size: 20 },
		],
		data: { note: "a rare disease", duplexes: 3 },
	});
	await post(server.url, wireBatch([start, end, wireReport()]));
	return { ...server, key, runId, start, end };
}

test("who shows the key erases the run, and nothing of it comes back", async (t) => {
	const { url, store, key, runId, start, end } = await serverWithRun(t);
	const [said] = await erase(url, request({ key }));
	t.like(said, { verdict: "erased", events: 2, at: "2026-02-01T00:00:00.000Z" });
	t.regex(said?.receipt ?? "", /^[0-9a-f-]{36}$/);
	t.deepEqual(await store.runEvents("dunovo", runId), []);
	t.is((await fetch(`${url}/runs/dunovo/${runId}`)).status, 404);
	const late = wireReport({ run_id: runId, project: "never-seen" });
	t.deepEqual(verdicts(await post(url, wireBatch([start, end, wireReport(), late]))), [
		"erased",
		"erased",
		"accepted",
		"erased",
	]);
	t.deepEqual(await store.counts(), { events: 2, runs: 2, projects: 1, lost: 0, erased: 1 });
});

test("asking again gives the same receipt, also under another id", async (t) => {
	const { url, key } = await serverWithRun(t);
	const first = request({ key });
	const [said, inTheSameRequest] = await erase(url, first, first);
	t.deepEqual(inTheSameRequest, said);
	t.deepEqual(await erase(url, first), [said] as WireErasureVerdict[]);
	const second = request({ key });
	t.deepEqual(await erase(url, second), [{ ...said, id: second.id }] as WireErasureVerdict[]);
});

test("a run that was never seen is erased all the same", async (t) => {
	const { url, store } = await testServer(t);
	const { key, runId } = newRun();
	t.deepEqual(outcomes(await erase(url, request({ key }))), ["erased 0"]);
	t.deepEqual(verdicts(await post(url, wireBatch([wireReport({ run_id: runId })]))), ["erased"]);
	t.deepEqual(await store.counts(), { events: 0, runs: 0, projects: 0, lost: 0, erased: 1 });
});

test("a run is erased in every project that has it; what others dropped stays counted", async (t) => {
	const { url, store } = await testServer(t);
	const { key, runId } = newRun();
	const lost = [{ id: uuid(), project: "dunovo", reason: "full", count: 3 }];
	const reports = ["dunovo", "galaxy"].map((project) => wireReport({ run_id: runId, project }));
	await post(url, wireBatch(reports, { lost }));
	t.deepEqual(outcomes(await erase(url, request({ key }))), ["erased 2"]);
	t.deepEqual(await store.counts(), { events: 0, runs: 0, projects: 2, lost: 3, erased: 1 });
});

test("the run id erases nothing: only the key does", async (t) => {
	const { url, store, runId } = await serverWithRun(t);
	await erase(url, request({ key: runId }));
	t.is((await store.runEvents("dunovo", runId)).length, 2);
});

test("redacted fields are not given any more, and re-sending brings none back", async (t) => {
	const { url, store, key, runId, end } = await serverWithRun(t);
	const fields = ["platform", "wall_s", "inputs.panel", "data.note"];
	const [said] = await erase(url, request({ key, report: end.id, fields }));
	t.like(said, { verdict: "redacted", events: 1 });
	t.deepEqual(verdicts(await post(url, wireBatch([end]))), ["duplicate"]);
	const [start, redacted] = await store.runEvents("dunovo", runId);
	t.is(start?.report.platform, "slurm");
	t.deepEqual<unknown, unknown>(redacted?.report, {
		...end,
		platform: null,
		platform_inner: null,
		wall_s: null,
		measured_by: {},
		inputs: [{ name: "pairs", unit: "reads", size: 100 }],
		data: { duplexes: 3 },
	});
	t.deepEqual(redacted?.redacted, ["data", "inputs", "platform", "wall_s"]);
});

test("a page says what was taken out, and shows no total of the rest", async (t) => {
	const { url, key, runId, end } = await serverWithRun(t);
	const page = async () => (await fetch(`${url}/runs/dunovo/${runId}`)).text();
	t.regex(await page(), /Total[\s\S]*120 reads/);
	await erase(url, request({ key, report: end.id, fields: ["wall_s", "inputs.panel", "data.note"] }));
	const redacted = await page();
	t.regex(redacted, /taken out by its user: data, inputs, wall_s</);
	t.regex(redacted, /<dt>Wall time<\/dt><dd><span class="none" title="not known">/);
	t.notRegex(redacted, /panel|>note<|rare disease|monotonic|12\.5 s|120 reads/);
	t.regex(redacted, /100 reads/);
	t.regex(await (await fetch(`${url}/`)).text(), /class="number input"><div><span class="none" title="not known">/);
});

test("a redaction has one receipt, another redaction another, and an erasure beats both", async (t) => {
	const { url, key, end } = await serverWithRun(t);
	const redact = (...fields: string[]) => request({ key, report: end.id, fields });
	const [first] = await erase(url, redact("platform", "data.note"));
	const [again] = await erase(url, redact("data.note", "platform", "platform"));
	t.is(again?.receipt, first?.receipt);
	const [other] = await erase(url, redact("platform"));
	t.like(other, { verdict: "redacted", events: 1 });
	t.not(other?.receipt, first?.receipt);
	const [erased, late] = await erase(url, request({ key }), redact("platform"));
	t.deepEqual(outcomes([erased, late] as WireErasureVerdict[]), ["erased 2", "erased 2"]);
	t.is(late?.receipt, erased?.receipt);
});

test("whose key is not the run's learns nothing, and changes nothing", async (t) => {
	const { url, store, runId, end } = await serverWithRun(t);
	const before = await store.runEvents("dunovo", runId);
	const stranger = newRun().key;
	const [foreign, absent] = await erase(
		url,
		request({ id: "00000000-0000-4000-8000-000000000000", key: stranger, report: end.id, fields: ["platform"] }),
		request({ id: "00000000-0000-4000-8000-000000000000", key: stranger, report: uuid(), fields: ["platform"] }),
	);
	t.deepEqual(foreign, {
		id: "00000000-0000-4000-8000-000000000000",
		verdict: "unknown",
		receipt: null,
		events: 0,
		at: "2026-02-01T00:00:00.000Z",
	});
	t.deepEqual(absent, foreign);
	t.deepEqual(await store.runEvents("dunovo", runId), before);
});

test("what no report can be without is not redacted, nor anything with it", async (t) => {
	const { url, store, key, runId, end } = await serverWithRun(t);
	const before = await store.runEvents("dunovo", runId);
	const required = ["id", "run_id", "event", "project", "occurred_at", "manifest_notice", "weight", "test"];
	for (const field of required) {
		const said = await erase(url, request({ key, report: end.id, fields: ["platform", field] }));
		t.deepEqual(outcomes(said), ["rejected:field_required"], field);
	}
	t.deepEqual(await store.runEvents("dunovo", runId), before);
});

test("a malformed erasure has a verdict of its own, and the rest is done", async (t) => {
	const { url, store, key, runId, end } = await serverWithRun(t);
	const redact = (changes: Record<string, unknown>) =>
		request({ key, report: end.id, fields: ["platform"], ...changes });
	const malformed: [erasure: unknown, code: string][] = [
		[null, "invalid_erasure"],
		[[], "invalid_erasure"],
		["erase", "invalid_erasure"],
		[{}, "invalid_erasure"],
		[{ key }, "invalid_erasure"],
		[request({}), "invalid_erasure"],
		[request({ key: 7 }), "invalid_erasure"],
		[request({ key: `${key.toUpperCase()}0` }), "invalid_erasure"],
		[request({ key: [key] }), "invalid_erasure"],
		[request({ key: `${key}\n` }), "invalid_erasure"],
		[request({ key, id: 7 }), "invalid_erasure"],
		[request({ key, id: "x".repeat(100_000) }), "invalid_erasure"],
		[request({ key, id: "__proto__" }), "invalid_erasure"],
		[request({ key, reprot: end.id, fields: ["platform"] }), "invalid_erasure"],
		[request({ key, report: end.id }), "invalid_erasure"],
		[request({ key, fields: ["platform"] }), "invalid_erasure"],
		[request({ key, report: null, fields: null }), "invalid_erasure"],
		[redact({ report: "constructor" }), "invalid_erasure"],
		[redact({ fields: "platform" }), "invalid_erasure"],
		[redact({ fields: [] }), "invalid_erasure"],
		[redact({ fields: [null] }), "invalid_erasure"],
		[redact({ fields: Array.from({ length: 1000 }, (_, index) => `data.key${index}`) }), "invalid_erasure"],
		[redact({ fields: ["platfrom"] }), "unknown_field"],
		[redact({ fields: ["__proto__"] }), "unknown_field"],
		[redact({ fields: ["constructor"] }), "unknown_field"],
		[redact({ fields: ["data.__proto__"] }), "unknown_field"],
		[redact({ fields: ["x".repeat(100_000)] }), "unknown_field"],
		[redact({ fields: ["\ud800"] }), "unknown_field"],
	];
	const said = await erase(url, ...malformed.map(([erasure]) => erasure));
	t.deepEqual(
		said.map(({ verdict, code, receipt, events }) => [verdict, code, receipt, events]),
		malformed.map(([, code]) => ["rejected", code, null, 0]),
	);
	for (const { message } of said) t.true(message !== undefined && message.length <= 300);
	t.is((await store.runEvents("dunovo", runId)).length, 2);
	t.deepEqual(outcomes(await erase(url, null, request({ key }), {})), [
		"rejected:invalid_erasure",
		"erased 2",
		"rejected:invalid_erasure",
	]);
});

test("names that every object has are names like any other", async (t) => {
	const { url, store, key, runId } = await serverWithRun(t);
	const report = wireReport({
		run_id: runId,
		inputs: [{ name: "toString", unit: "reads", size: 1 }],
		data: { constructor: 1, hasOwnProperty: "kept" },
	});
	await post(url, wireBatch([report]));
	const fields = ["data.constructor", "data.valueOf", "inputs.toString", "inputs.constructor"];
	t.deepEqual(outcomes(await erase(url, request({ key, report: report.id, fields }))), ["redacted 1"]);
	const stored = (await store.runEvents("dunovo", runId)).at(-1)?.report;
	t.deepEqual<unknown, unknown>(stored, { ...report, inputs: [], data: { hasOwnProperty: "kept" } });
});

test("a request that is not one is refused with a code, and nothing is erased", async (t) => {
	const { url, store, key } = await serverWithRun(t);
	const wrong: [body: string | Uint8Array<ArrayBuffer>, status: number, code: string][] = [
		["", 400, "not_json"],
		["null", 400, "not_erasures"],
		["[]", 400, "not_erasures"],
		['{"wire":1}', 400, "not_erasures"],
		['{"wire":1,"erasures":{}}', 400, "not_erasures"],
		[JSON.stringify({ wire: 2, erasures: [request({ key })] }), 415, "unsupported_wire"],
		[
			JSON.stringify({ wire: 1, erasures: Array.from({ length: 501 }, () => request({ key })) }),
			413,
			"too_many_erasures",
		],
		[new Uint8Array(Buffer.from(`{"wire":1,"erasures":["\xff"]}`, "latin1")), 400, "not_json"],
		[new Uint8Array(3 * MIB).fill(0x20), 413, "body_too_large"],
	];
	for (const [body, status, code] of wrong) {
		const { status: given, body: said } = await postErasureBytes(url, body);
		t.deepEqual([given, said.error.code], [status, code]);
	}
	t.is((await store.counts()).erased, 0);
});

test("erasures may be gzipped; what is damaged, of another type or encoding is refused", async (t) => {
	const { url, key } = await serverWithRun(t);
	const body = JSON.stringify({ wire: 1, erasures: [request({ key })] });
	const zipped = new Uint8Array(gzipSync(body));
	const gzip = { "content-encoding": "gzip" };
	const codeOf = async (bytes: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
		(await postErasureBytes(url, bytes, headers)).body.error.code;
	t.is(await codeOf(zipped.slice(0, -5), gzip), "not_gzip");
	t.is(await codeOf(new Uint8Array(gzipSync(Buffer.alloc(10 * MIB))), gzip), "body_too_large");
	t.is(await codeOf(body, { "content-type": "text/plain" }), "unsupported_media_type");
	t.is(await codeOf(body, { "content-encoding": "br" }), "unsupported_encoding");
	t.deepEqual(outcomes((await postErasureBytes(url, zipped, gzip)).body.verdicts), ["erased 2"]);
});

test("a store that is locked is answered with when to come back, and erases then", async (t) => {
	const { url, database, key, store } = await serverWithRun(t);
	const other = new Sqlite(database);
	t.teardown(() => other.close());
	other.exec("BEGIN EXCLUSIVE");
	const body = JSON.stringify({ wire: 1, erasures: [request({ key })] });
	const refused = await postErasureBytes(url, body);
	t.deepEqual([refused.status, refused.body.error.code], [503, "store_unavailable"]);
	t.is(refused.headers.get("retry-after"), String(DEFAULT_CONFIG.retryAfterSeconds));
	other.exec("ROLLBACK");
	t.is((await store.counts()).events, 3);
	t.deepEqual(outcomes((await postErasureBytes(url, body)).body.verdicts), ["erased 2"]);
});

test("the address takes POST only", async (t) => {
	const { url } = await testServer(t);
	const response = await fetch(`${url}/v1/erasures`);
	t.is(response.status, 405);
	t.is(response.headers.get("allow"), "POST");
});

test("as many erasures as may be asked for at once are done at once", async (t) => {
	const { url, store } = await testServer(t);
	const runs = Array.from({ length: DEFAULT_CONFIG.maxErasures }, newRun);
	await post(url, wireBatch(runs.map(({ runId }) => wireReport({ run_id: runId }))));
	const said = await erase(url, ...runs.map(({ key }) => request({ key })));
	t.deepEqual(new Set(outcomes(said)), new Set(["erased 1"]));
	t.is(new Set(said.map(({ receipt }) => receipt)).size, runs.length);
	t.is((await store.counts()).events, 0);
});

test("whatever bytes arrive, the answer is a verdict or a refusal with a code, and never a failure of ours", async (t) => {
	const { url } = await testServer(t, { log: (message) => t.fail(message) });
	const { key } = newRun();
	const whole = JSON.stringify({
		wire: 1,
		erasures: [request({ key }), request({ key, report: uuid(), fields: ["platform", "data.note"] })],
	});
	await fc.assert(
		fc.asyncProperty(damaged(whole), async (body) => {
			const posted = await postErasureBytes(url, body);
			t.true(posted.status < 500, body);
			if (posted.status === 200) t.is(posted.body.verdicts.length, JSON.parse(body).erasures.length);
			else t.is<number, number>(REFUSALS[posted.body.error.code as RefusalCode], posted.status);
		}),
		{ numRuns: 300 },
	);
});
