/** A flush against servers that answer: whatever they say, each report is delivered, refused with a reason, or still there. */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { readStatus, statusText } from "../../daemon/status.js";
import { summaryText } from "../../daemon/summary.js";
import { serialiseBatch, serialiseReport } from "../../src/report/serialise.js";
import { DEFAULT_BOUNDS } from "../../src/spool/bounds.js";
import { Graves } from "../../src/spool/gone.js";
import { writerName } from "../../src/spool/line-file.js";
import { readEntry, reportNames } from "../../src/spool/read.js";
import { readState } from "../../src/spool/state.js";
import {
	accepting,
	answering,
	type Behaviour,
	faultyServer,
	giving,
	judging,
	refusing,
	sayVerdicts,
} from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { uuid } from "../helpers/server.js";
import { fillSpool, putReport, temporarySpool } from "../helpers/spool.js";
import { flushSpool, HOST, pendingIds, QUICK, rejections } from "../helpers/uploader.js";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const NOW = new Date("2026-01-31T12:00:00.000Z");

/** A server, and a spool with so many reports for it. */
async function scene(t: Parameters<typeof temporarySpool>[0], behaviour: Behaviour, count = 3) {
	const server = await faultyServer(t, behaviour);
	const folders = temporarySpool(t);
	fillSpool(folders, count, { manifest: testManifest({ endpoint: server.url }) });
	return { server, folders, ids: pendingIds(folders) };
}

test("what arrives is byte for byte what was shown, in the order of time, and then it is gone", async (t) => {
	const { server, folders, ids } = await scene(t, accepting, 7);
	const shown = reportNames(folders.new).map((name) => {
		const reading = readEntry(folders.new, name);
		if (reading.state !== "read") throw new Error(reading.state);
		return serialiseReport(reading.entry.envelope.report);
	});
	const summary = await flushSpool(folders);
	t.is(summary.delivered, 7);
	const [request] = server.requests;
	const sentAt = new Date((JSON.parse(request?.text ?? "") as { sent_at: string }).sent_at);
	t.is(request?.text, serialiseBatch(sentAt, [], shown));
	t.deepEqual(request?.ids, ids);
	t.is(request?.path, "/v1/batches");
	t.deepEqual(pendingIds(folders), []);
});

test("nothing in a request tells of the machine or its user", async (t) => {
	const { server, folders } = await scene(t, accepting, 1);
	await flushSpool(folders);
	const headers = server.requests[0]?.headers ?? {};
	const expected = ["accept", "accept-encoding", "accept-language", "connection", "content-encoding", "content-length"];
	const more = ["content-type", "host", "sec-fetch-mode", "user-agent"];
	t.deepEqual(
		Object.keys(headers).filter((name) => ![...expected, ...more].includes(name)),
		[],
	);
	t.is(headers["user-agent"], "et-uploader/test");
});

test("batches are within their bounds", async (t) => {
	const { server, folders } = await scene(t, accepting, 25);
	await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 } });
	t.deepEqual(
		server.requests.map(({ ids }) => ids.length),
		[10, 10, 5],
	);
	t.deepEqual(pendingIds(folders), []);
});

interface Kept {
	behaviour: Behaviour;
	held: boolean;
	why: RegExp;
	/** From the failure to the next try; @defaultValue the back-off's first ceiling */
	waitMs?: number;
}

const RETRY_YEAR = { "retry-after": "31536000" };
const RETRY_DATE = { "retry-after": "Sat, 31 Jan 2026 13:00:00 GMT" };

/** Answers that cost nothing: every report stays as it is. */
const KEPT: Record<string, Kept> = {
	"a captive portal's page": {
		behaviour: answering(200, "<html>Sign in"),
		held: true,
		why: /answered 200, and not as/,
	},
	"200 with half a JSON": { behaviour: answering(200, '{"wire":1,"verd'), held: true, why: /answered 200/ },
	"200 with nothing": { behaviour: answering(200), held: true, why: /answered 200/ },
	"204": { behaviour: answering(204), held: true, why: /answered 204/ },
	"401": { behaviour: answering(401), held: true, why: /answered 401/ },
	"403 with our words": { behaviour: refusing(403, "no_key", "no key"), held: true, why: /answered 403: no key/ },
	"404 of a proxy": { behaviour: answering(404, "<html>nginx"), held: true, why: /answered 404/ },
	"400 of a proxy": { behaviour: answering(400, "<html>Bad Request"), held: true, why: /answered 400/ },
	"400 of ours about the batch": { behaviour: refusing(400, "not_gzip", "cut"), held: true, why: /answered 400: cut/ },
	"415 of ours": { behaviour: refusing(415, "unsupported_wire", "wire"), held: true, why: /answered 415: wire/ },
	"500": { behaviour: answering(500, "oops"), held: false, why: /answered 500/ },
	"503 with Retry-After in seconds": {
		behaviour: refusing(503, "busy", "busy", { "retry-after": "3600" }),
		held: false,
		why: /answered 503: busy/,
		waitMs: HOUR_MS,
	},
	"503 with Retry-After as a date": {
		behaviour: answering(503, "", RETRY_DATE),
		held: false,
		why: /503/,
		waitMs: HOUR_MS,
	},
	"429 with Retry-After of a year": {
		behaviour: answering(429, "", RETRY_YEAR),
		held: false,
		why: /429/,
		waitMs: DAY_MS,
	},
	"429 with Retry-After of garbage": {
		behaviour: answering(429, "", { "retry-after": "soon 2099" }),
		held: false,
		why: /429/,
	},
	"408": { behaviour: answering(408), held: false, why: /answered 408/ },
	"verdicts on ids that were not sent": {
		behaviour: ({ response }) => sayVerdicts(response, [{ id: uuid(), verdict: "accepted" }]),
		held: false,
		why: /none of the reports/,
	},
	"no verdict at all": {
		behaviour: ({ response }) => sayVerdicts(response, []),
		held: false,
		why: /none of the reports/,
	},
	"later for all": {
		behaviour: giving("later", { code: "busy", message: "the disk is full" }),
		held: false,
		why: /disk is full/,
	},
};

for (const [what, { behaviour, held, why, waitMs = QUICK.backoffFirstMs }] of Object.entries(KEPT)) {
	test(`${what}: every report stays, the status says why, and the next try is later`, async (t) => {
		const { server, folders, ids } = await scene(t, behaviour);
		const now = (): Date => NOW;
		const summary = await flushSpool(folders, { now });
		t.is(summary.delivered + summary.rejected + summary.lost + summary.corrupt, 0);
		t.deepEqual(pendingIds(folders), ids);
		t.deepEqual(rejections(folders), []);
		t.deepEqual(
			summary.failed.map(({ endpoint }) => endpoint),
			[server.url],
		);
		t.regex(summary.failed[0]?.why ?? "", why);
		t.is(server.requests.length, 1);

		const state = readState(folders).endpoints[server.url];
		t.is(state?.failures, 1);
		t.is(state?.held !== null, held);
		t.is(Date.parse(state?.next_at ?? "") - NOW.getTime(), waitMs);
		t.is(summary.nextDueMs, NOW.getTime() + waitMs);
		const text = statusText(await readStatus(folders, HOST), NOW);
		t.regex(text, why);
		t.is(text.includes("HELD"), held);

		// The next round, in another process, does not ask again before its time.
		const early = await flushSpool(folders, { now: () => new Date(NOW.getTime() + waitMs - 1) });
		t.deepEqual([early.notDue, server.requests.length], [[server.url], 1]);
		server.behave(accepting);
		const due = await flushSpool(folders, { now: () => new Date(NOW.getTime() + waitMs) });
		t.is(due.delivered, ids.length);
		t.deepEqual(pendingIds(folders), []);
		t.is(readState(folders).endpoints[server.url]?.failures, 0);
		t.is(readState(folders).endpoints[server.url]?.held, null);
	});
}

for (const status of [301, 302, 303, 307, 308]) {
	test(`${status} is not followed: the other server is never spoken to`, async (t) => {
		const other = await faultyServer(t, accepting);
		const { folders, ids } = await scene(t, answering(status, "", { location: `${other.url}/v1/batches` }));
		const summary = await flushSpool(folders);
		t.regex(summary.failed[0]?.why ?? "", new RegExp(`answered ${status}`));
		t.deepEqual(other.requests, []);
		t.deepEqual(pendingIds(folders), ids);
	});
}

for (const verdict of ["accepted", "duplicate", "erased"] as const) {
	test(`${verdict} is delivered`, async (t) => {
		const { folders } = await scene(t, giving(verdict));
		const summary = await flushSpool(folders);
		t.deepEqual([summary.delivered, summary.rejected, summary.failed.length], [3, 0, 0]);
		t.deepEqual(pendingIds(folders), []);
	});
}

test("verdicts for half the batch: that half is settled, the other half waits for the next flush", async (t) => {
	const { server, folders, ids } = await scene(
		t,
		judging((_, index) => (index % 2 === 0 ? { verdict: "accepted" } : null)),
		10,
	);
	const even = ids.filter((_, index) => index % 2 === 0);
	const odd = ids.filter((_, index) => index % 2 === 1);
	t.is((await flushSpool(folders)).delivered, even.length);
	t.deepEqual(pendingIds(folders), odd);
	t.is(server.requests.length, 1);
	server.behave(accepting);
	await flushSpool(folders);
	t.deepEqual(server.requests[1]?.ids, odd);
	t.deepEqual(pendingIds(folders), []);
});

test("each report by its own verdict: accepted goes, rejected is set aside with its reason, later stays", async (t) => {
	const said = [
		{ verdict: "accepted" },
		{ verdict: "rejected", code: "bad_date", message: "no" },
		{ verdict: "later" },
	];
	const { folders, ids } = await scene(
		t,
		judging((_, index) => said[index] as { verdict: "accepted" }),
	);
	const [, rejected = "", later = ""] = ids;
	const summary = await flushSpool(folders);
	t.deepEqual([summary.delivered, summary.rejected, summary.failed.length], [1, 1, 0]);
	t.deepEqual(pendingIds(folders), [later]);
	t.deepEqual(rejections(folders), [{ id: rejected, code: "bad_date", message: "no" }]);
});

test("two copies of one report are both gone once the server has it", async (t) => {
	const { server, folders } = await scene(t, accepting, 0);
	const manifest = testManifest({ endpoint: server.url });
	const key = "k".repeat(22);
	putReport(folders, { manifest, key });
	const [name = ""] = reportNames(folders.new);
	const reading = readEntry(folders.new, name);
	if (reading.state !== "read") return t.fail();
	const { envelope } = reading.entry;
	putReport(folders, { manifest, changes: envelope, atMs: Date.now() + 1 });
	const { id } = envelope.report;
	t.deepEqual(pendingIds(folders), [id, id]);
	await flushSpool(folders);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(rejections(folders), []);
	return undefined;
});

test("413 halves the batch until it fits: all is delivered", async (t) => {
	const atMost =
		(most: number): Behaviour =>
		(exchange) =>
			exchange.received.ids.length > most ? answering(413, "<html>")(exchange) : accepting(exchange);
	const { server, folders } = await scene(t, atMost(4), 30);
	const summary = await flushSpool(folders);
	t.deepEqual([summary.delivered, summary.rejected, summary.failed.length], [30, 0, 0]);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(rejections(folders), []);
	t.true(server.requests.length < 30);
});

test("a single report that is too large for the server is refused, the others arrive", async (t) => {
	const { server, folders, ids } = await scene(t, accepting, 8);
	const large = ids[5] ?? "";
	server.behave((exchange) => (exchange.received.ids.includes(large) ? answering(413)(exchange) : accepting(exchange)));
	const summary = await flushSpool(folders);
	t.deepEqual([summary.delivered, summary.rejected], [7, 1]);
	t.deepEqual(
		rejections(folders).map(({ id, code }) => [id, code]),
		[[large, "too_large_for_server"]],
	);
	t.deepEqual(pendingIds(folders), []);
});

for (const count of [1, 2, 37, 500]) {
	test(`400 of ours: of ${count} reports the one at fault is found and refused, the rest is delivered`, async (t) => {
		const { server, folders, ids } = await scene(t, accepting, count);
		const bad = ids[Math.floor(count / 3)] ?? "";
		server.behave((exchange) =>
			exchange.received.ids.includes(bad) ? refusing(400, "bad_report", "it is bad")(exchange) : accepting(exchange),
		);
		const summary = await flushSpool(folders);
		t.deepEqual([summary.delivered, summary.rejected, summary.failed.length], [count - 1, 1, 0]);
		t.deepEqual(rejections(folders), [{ id: bad, code: "bad_report", message: "it is bad" }]);
		t.deepEqual(pendingIds(folders), []);
		t.true(server.requests.length <= 2 * Math.ceil(Math.log2(count)) + 1);
		for (const id of ids) if (id !== bad) t.is(server.timesSent(id) > 0, true);
	});
}

test("three reports at fault in one batch are all found", async (t) => {
	const { server, folders, ids } = await scene(t, accepting, 64);
	const bad = [ids[0], ids[31], ids[63]] as string[];
	server.behave((exchange) =>
		exchange.received.ids.some((id) => bad.includes(id)) ? refusing(422, "bad", "bad")(exchange) : accepting(exchange),
	);
	const summary = await flushSpool(folders);
	t.deepEqual([summary.delivered, summary.rejected], [61, 3]);
	t.deepEqual(
		rejections(folders).map(({ id }) => id),
		bad,
	);
	t.deepEqual(pendingIds(folders), []);
});

test("a server that fails in the middle of a search stops it: what was not settled is still there", async (t) => {
	const { server, folders, ids } = await scene(t, accepting, 16);
	const bad = ids[15] ?? "";
	server.behave((exchange) => {
		if (exchange.index === 3) return answering(503)(exchange);
		const isBad = exchange.received.ids.includes(bad);
		return isBad ? refusing(400, "bad", "bad")(exchange) : accepting(exchange);
	});
	const summary = await flushSpool(folders);
	t.regex(summary.failed[0]?.why ?? "", /503/);
	t.deepEqual(rejections(folders), []);
	t.deepEqual(pendingIds(folders), ids.slice(summary.delivered));
	await flushSpool(folders, { evenIfNotDue: true });
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(
		rejections(folders).map(({ id }) => id),
		[bad],
	);
});

const BOUNDS_OF_3 = { ...DEFAULT_BOUNDS, maxReports: 3 };

test("the count of what the bounds cost arrives with the next batch, and once", async (t) => {
	const { server, folders } = await scene(t, accepting, 5);
	const summary = await flushSpool(folders, { bounds: BOUNDS_OF_3 });
	t.deepEqual([summary.lost, summary.delivered], [2, 3]);
	const [request] = server.requests;
	t.deepEqual(
		request?.lost.map(({ project, reason, count }) => [project, reason, count]),
		[["dunovo", "too_many", 2]],
	);
	fillSpool(folders, 1, { manifest: testManifest({ endpoint: server.url }) });
	await flushSpool(folders, { bounds: BOUNDS_OF_3 });
	t.deepEqual(server.requests[1]?.lost, []);
});

test("a count of lost reports that did not arrive is told again under the same id", async (t) => {
	const { server, folders } = await scene(t, answering(500), 5);
	await flushSpool(folders, { bounds: BOUNDS_OF_3 });
	server.behave(accepting);
	await flushSpool(folders, { bounds: BOUNDS_OF_3, evenIfNotDue: true });
	t.is(server.requests.length, 2);
	t.is(server.requests[0]?.lost.length, 1);
	t.deepEqual(server.requests[0]?.lost, server.requests[1]?.lost);
});

for (const [status, code] of [
	[400, "bad_lost"],
	[413, "body_too_large"],
] as const) {
	test(`a server that answers ${status} to counts of lost reports is told none, and no report is blamed`, async (t) => {
		const { folders } = await scene(
			t,
			(exchange) =>
				exchange.received.lost.length > 0 ? refusing(status, code, "no counts")(exchange) : accepting(exchange),
			5,
		);
		const summary = await flushSpool(folders, { bounds: BOUNDS_OF_3 });
		t.deepEqual([summary.delivered, summary.rejected], [3, 0]);
		t.deepEqual(rejections(folders), []);
		t.deepEqual(pendingIds(folders), []);
	});
}

test("500 for ever: tries are few, over restarts, and every report is still there", async (t) => {
	const { server, folders, ids } = await scene(t, answering(500));
	let nowMs = NOW.getTime();
	for (const end = nowMs + DAY_MS; nowMs < end; nowMs += 5 * 60 * 1000) {
		await flushSpool(folders, { now: () => new Date(nowMs), random: () => 0.5 });
	}
	t.true(server.requests.length >= 8, `${server.requests.length}`);
	t.true(server.requests.length <= 20, `${server.requests.length}`);
	t.is(readState(folders).endpoints[server.url]?.failures, server.requests.length);
	t.deepEqual(pendingIds(folders), ids);
});

test("the user's --now tries an endpoint that is backing off", async (t) => {
	const { server, folders } = await scene(t, answering(503, "", RETRY_YEAR));
	await flushSpool(folders);
	server.behave(accepting);
	t.is((await flushSpool(folders)).delivered, 0);
	t.is((await flushSpool(folders, { evenIfNotDue: true })).delivered, 3);
});

test("the first failure ends the endpoint's part of a flush, however much waits", async (t) => {
	const { server, folders, ids } = await scene(t, answering(503), 50);
	await flushSpool(folders, { policy: { ...QUICK, batchReports: 5 } });
	t.is(server.requests.length, 1);
	t.deepEqual(pendingIds(folders), ids);
});

const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nreboot\u202e";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test("escape sequences in a server's words reach neither rejected/, nor the status, nor the summary", async (t) => {
	const { server, folders } = await scene(t, giving("rejected", { code: HOSTILE, message: HOSTILE }));
	const refused = await flushSpool(folders);
	t.is(refused.rejected, 3);
	for (const { code, message } of rejections(folders)) t.notRegex(code + message, CONTROL);
	fillSpool(folders, 1, { manifest: testManifest({ endpoint: server.url }) });
	server.behave(refusing(503, HOSTILE, HOSTILE));
	const summary = await flushSpool(folders);
	t.notRegex(summaryText({ kind: "flushed", summary }), CONTROL);
	t.notRegex(statusText(await readStatus(folders, HOST), NOW), CONTROL);
});

test("escape sequences in an endpoint's own address don't reach a terminal", async (t) => {
	const { server, folders } = await scene(t, answering(404), 0);
	fillSpool(folders, 1, { changes: { endpoint: `${server.url}/${HOSTILE.replace("\r\n", "")}` } });
	t.is(pendingIds(folders).length, 1);
	const summary = await flushSpool(folders);
	t.is(summary.failed.length, 1);
	t.notRegex(summaryText({ kind: "flushed", summary }), CONTROL);
	t.notRegex(statusText(await readStatus(folders, HOST), NOW), CONTROL);
});

test("a report that its user drops while another batch is under way does not leave", async (t) => {
	const { server, folders, ids } = await scene(t, accepting, 20);
	const [dropped = ""] = reportNames(folders.new).slice(15);
	server.behave((exchange) => {
		// The second batch is read by now, and waits for the first to be answered.
		if (exchange.index === 0) unlinkSync(join(folders.new, dropped));
		return accepting(exchange);
	});
	const summary = await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 } });
	t.is(summary.delivered, 19);
	t.is(server.timesSent(ids[15] ?? ""), 0);
	t.deepEqual(pendingIds(folders), []);
});

test("a folded report that its user drops while another batch is under way does not leave", async (t) => {
	const { server, folders, ids } = await scene(t, answering(503), 20);
	await flushSpool(folders, { policy: { ...QUICK, foldFromReports: 5 } });
	t.deepEqual(reportNames(folders.new), []);
	const dropped = ids[15] ?? "";
	server.behave((exchange) => {
		if (exchange.index === 1) {
			const graves = new Graves(folders, writerName(HOST, process.pid, 0));
			graves.bury([dropped]);
			graves.close();
		}
		return accepting(exchange);
	});
	const summary = await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 }, evenIfNotDue: true });
	t.is(summary.delivered, 19);
	t.false(server.requests.slice(1).some((request) => request.ids.includes(dropped)));
	t.deepEqual(pendingIds(folders), []);
});

test("where all of a batch was dropped there is no request, and the endpoint is not to blame", async (t) => {
	const { server, folders } = await scene(t, accepting, 20);
	const dropped = reportNames(folders.new).slice(10);
	server.behave((exchange) => {
		for (const name of dropped) unlinkSync(join(folders.new, name));
		return accepting(exchange);
	});
	const summary = await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 } });
	t.deepEqual([summary.delivered, summary.failed.length, server.requests.length], [10, 0, 1]);
});

test("an endpoint that nothing waits for any more does not wake the daemon", async (t) => {
	const { folders } = await scene(t, answering(503), 1);
	t.not((await flushSpool(folders)).nextDueMs, null);
	for (const name of reportNames(folders.new)) unlinkSync(join(folders.new, name));
	t.is((await flushSpool(folders)).nextDueMs, null);
});
