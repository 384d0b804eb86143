/** Requests to erase or redact: after the batches, by the same rules, and never lost. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import test from "ava";
import { readStatus } from "../../daemon/status.js";
import { summaryText } from "../../daemon/summary.js";
import { withdraw } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import { keyLines } from "../../src/spool/journal.js";
import { readState } from "../../src/spool/state.js";
import {
	accepting,
	answering,
	type Behaviour,
	deadAddress,
	eachBy,
	erasing,
	faultyServer,
	hanging,
	refusing,
} from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { askToErase, requestsIn } from "../helpers/requests.js";
import { testServer } from "../helpers/server.js";
import { putReport, temporarySpool } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { directoriesOf, flushSpool, HOST, pendingIds, QUICK, runUploader, startUploader } from "../helpers/uploader.js";

const KEY = eraseKey(Buffer.alloc(16, 7));

test("a report leaves and is erased in one flush; the receipt is written down, and the key is not kept", async (t) => {
	const server = await testServer(t);
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	putReport(folders, { manifest, key: KEY, atMs: Date.now() - 1000 });
	putReport(folders, { manifest });
	const [, other] = pendingIds(folders);
	askToErase(folders, server.url, { key: KEY });
	const summary = await flushSpool(folders);
	t.is(summary.delivered, 2);
	t.is(summary.requests.done, 1);
	t.deepEqual(storedReports(server), [other]);
	const [request] = requestsIn(folders);
	t.is(request?.verdict, "erased");
	t.regex(request?.receipt ?? "", /^[0-9a-f-]{36}$/);
	t.is(request?.key, "");
	t.is(request?.run_id, runIdOf(KEY));
	// What comes later of that run is turned away by the server.
	putReport(folders, { manifest, key: KEY });
	await flushSpool(folders);
	t.deepEqual(storedReports(server), [other]);
});

test("fields of a report are taken out, and the run's key stays for the rest of it", async (t) => {
	const server = await testServer(t);
	const folders = temporarySpool(t);
	putReport(folders, { manifest: testManifest({ endpoint: server.url }), key: KEY, given: { command: "align" } });
	const [report_id = ""] = pendingIds(folders);
	askToErase(folders, server.url, { key: KEY, kind: "redact", report_id, fields: ["command"] });
	await flushSpool(folders);
	const [request] = requestsIn(folders);
	t.is(request?.verdict, "redacted");
	t.is(request?.key, "");
	t.deepEqual(
		[...keyLines(folders)].map(({ key }) => key),
		[KEY],
	);
	t.not(request?.receipt, null);
});

test("after the batches, and so many at once", async (t) => {
	const server = await faultyServer(t, eachBy(accepting, erasing()));
	const folders = temporarySpool(t);
	putReport(folders, { manifest: testManifest({ endpoint: server.url }) });
	const asked = [1, 2, 3, 4, 5].map((index) =>
		askToErase(folders, server.url, { asked_at: new Date(index).toISOString() }),
	);
	await flushSpool(folders, { policy: { ...QUICK, requestsAtOnce: 2 } });
	t.deepEqual(
		server.requests.map(({ path, erasures }) => [path, erasures.map(({ id }) => id)]),
		[
			["/v1/batches", []],
			["/v1/erasures", [asked[0]?.id, asked[1]?.id]],
			["/v1/erasures", [asked[2]?.id, asked[3]?.id]],
			["/v1/erasures", [asked[4]?.id]],
		],
	);
	t.deepEqual(
		server.requests[1]?.erasures,
		asked.slice(0, 2).map(({ id, key }) => ({ id, key })),
	);
	await flushSpool(folders);
	t.is(server.requests.length, 4, "what is answered is not asked again");
});

interface Staying {
	name: string;
	behaviour: Behaviour;
	/** Whether the whole endpoint backs off, or only its requests. */
	backsOff: "endpoint" | "requests";
}

const STAYING: Staying[] = [
	{ name: "503", behaviour: answering(503), backsOff: "endpoint" },
	{ name: "429", behaviour: refusing(429, "busy", "later", { "retry-after": "3600" }), backsOff: "endpoint" },
	{ name: "no verdict", behaviour: erasing(() => null), backsOff: "endpoint" },
	{ name: "404, as a server that knows no erasures", behaviour: answering(404), backsOff: "requests" },
	{ name: "401", behaviour: answering(401), backsOff: "requests" },
	{ name: "302", behaviour: answering(302, "", { location: "https://login.example.org" }), backsOff: "requests" },
	{ name: "200 that is not ours", behaviour: answering(200, "<html>"), backsOff: "requests" },
	{ name: "400 that is ours", behaviour: refusing(400, "not_erasures", "x"), backsOff: "requests" },
	{ name: "400 of a code of the future", behaviour: refusing(400, "new_code", "x"), backsOff: "requests" },
	{ name: "413 of one", behaviour: refusing(413, "body_too_large", "x"), backsOff: "requests" },
];

for (const { name, behaviour, backsOff } of STAYING) {
	test(`it stays, and backs off: ${name}`, async (t) => {
		const server = await faultyServer(t, eachBy(accepting, behaviour));
		const folders = temporarySpool(t);
		const before = askToErase(folders, server.url);
		const summary = await flushSpool(folders);
		t.is(summary.failed.length, 1);
		t.not(summary.nextDueMs, null);
		t.deepEqual(requestsIn(folders), [before]);
		const address = backsOff === "endpoint" ? server.url : `${server.url}/v1/erasures`;
		const { failures, held } = readState(folders).endpoints[address] ?? {};
		t.is(failures, 1);
		t.is(held !== null, backsOff === "requests");

		putReport(folders, { manifest: testManifest({ endpoint: server.url }) });
		const second = await flushSpool(folders);
		t.is(second.delivered, backsOff === "endpoint" ? 0 : 1, "only what has to wait waits");
		t.true(second.notDue.includes(address));

		server.behave(eachBy(accepting, erasing()));
		const third = await flushSpool(folders, { evenIfNotDue: true });
		t.is(third.requests.done, 1);
		t.deepEqual(Object.keys(readState(folders).endpoints), [server.url]);
		t.is(readState(folders).endpoints[server.url]?.next_at, null);
	});
}

test("one endpoint that is away holds back no other", async (t) => {
	const server = await faultyServer(t, erasing());
	const folders = temporarySpool(t);
	const away = await deadAddress();
	askToErase(folders, away);
	askToErase(folders, server.url);
	const summary = await flushSpool(folders);
	t.deepEqual([summary.requests.done, summary.failed.map(({ endpoint }) => endpoint)], [1, [away]]);
});

test("an endpoint whose batch failed is asked nothing in that flush", async (t) => {
	const server = await faultyServer(t, eachBy(answering(503), erasing()));
	const folders = temporarySpool(t);
	putReport(folders, { manifest: testManifest({ endpoint: server.url }) });
	askToErase(folders, server.url);
	await flushSpool(folders);
	t.deepEqual(
		server.requests.map(({ path }) => path),
		["/v1/batches"],
	);
});

test("what a server refuses, and what it does not know, is written down with its words", async (t) => {
	const folders = temporarySpool(t);
	const say = (key: string) =>
		key === KEY
			? ({ verdict: "rejected", receipt: null, code: "invalid_erasure", message: "no\u001b[2J" } as const)
			: ({ verdict: "unknown", receipt: null } as const);
	const server = await faultyServer(
		t,
		erasing(({ key }) => say(key)),
	);
	askToErase(folders, server.url, { key: KEY });
	askToErase(folders, server.url, {
		kind: "redact",
		report_id: "x",
		fields: ["command"],
		asked_at: "2030-01-01T00:00:00.000Z",
	});
	const { requests } = await flushSpool(folders);
	t.deepEqual([requests.done, requests.refused], [1, 1]);
	const [refused, unknown] = requestsIn(folders);
	t.is(refused?.verdict, "rejected");
	t.notRegex(refused?.message ?? "\u001b", /\p{Cc}/u);
	t.is(unknown?.verdict, "unknown");
	t.is(unknown?.message, null);
});

test("no consent is needed, neither withdrawn nor DO_NOT_TRACK stands in the way", async (t) => {
	const server = await faultyServer(t, erasing());
	const folders = temporarySpool(t);
	const record = withdraw({ project: "dunovo", now: new Date(), how: "test" });
	new ConsentStore(directoriesOf(folders).consent).write(record);
	askToErase(folders, server.url);
	t.is((await flushSpool(folders, { env: { DO_NOT_TRACK: "1" } })).requests.done, 1);
});

test("ET_DISABLED and the site's policy keep them, and the summary says so", async (t) => {
	const server = await faultyServer(t, erasing());
	const folders = temporarySpool(t);
	const before = askToErase(folders, server.url);
	const disabled = await flushSpool(folders, { env: { ET_DISABLED: "1" } });
	t.regex(
		summaryText({ kind: "flushed", summary: disabled }),
		/Not asked: 1 request to erase or redact, since ET_DISABLED/,
	);
	const { sitePolicy } = directoriesOf(folders);
	mkdirSync(dirname(sitePolicy), { recursive: true });
	for (const policy of [{ deny: true }, { endpoints: ["https://other.example.org"] }]) {
		writeFileSync(sitePolicy, JSON.stringify(policy));
		t.deepEqual([...(await flushSpool(folders)).requests.kept], [["site_policy", 1]]);
	}
	t.is(server.requests.length, 0);
	t.deepEqual(requestsIn(folders), [before]);
	writeFileSync(sitePolicy, JSON.stringify({ endpoints: [server.url] }));
	t.is((await flushSpool(folders)).requests.done, 1);
});

test("killed between the request and its record: asked again under the same id, and answered once", async (t) => {
	const server = await faultyServer(t, hanging);
	const folders = temporarySpool(t);
	const { id } = askToErase(folders, server.url);
	const { child, ended } = startUploader(t, folders, ["--once"]);
	await server.arrived(1);
	child.kill("SIGKILL");
	await ended;
	t.is(requestsIn(folders)[0]?.answered_at, null);
	server.behave(erasing());
	const next = await runUploader(t, folders, ["--once"]);
	t.is(next.code, 0, next.stdout + next.stderr);
	t.regex(next.stdout, /Answered: 1 request to erase or redact/);
	t.deepEqual(
		server.requests.map(({ erasures }) => erasures.map((each) => each.id)),
		[[id], [id]],
	);
	t.is(requestsIn(folders)[0]?.receipt, `receipt of ${id}`);
});

test("where only requests wait, they are counted, tried, and wait for the next time", async (t) => {
	const folders = temporarySpool(t);
	askToErase(folders, await deadAddress());
	t.is((await readStatus(folders, HOST)).requests, 1);
	const { code } = await runUploader(t, folders, ["--once"]);
	t.is(code, 4);
	const status = await runUploader(t, folders, ["status"]);
	t.regex(status.stdout, /^Requests to erase or redact that wait: 1$/m);
	t.is((await runUploader(t, folders, ["--once"])).code, 4, "backing off");
});
