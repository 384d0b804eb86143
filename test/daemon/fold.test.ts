/** Folding as the uploader does it: after a flush that left much, under whatever its server says of what is folded. */
import { readdirSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { deny, grant, withdraw } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { lostByReason } from "../../src/spool/lost.js";
import { parseSegment } from "../../src/spool/segments.js";
import { countWaiting } from "../../src/spool/waiting.js";
import { et } from "../helpers/cli.js";
import { accepting, answering, faultyServer, giving, judging } from "../helpers/faulty-server.js";
import { temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { fillSpool, namesIn, plantFile, putReport, temporarySpool, testEnvelope } from "../helpers/spool.js";
import { directoriesOf, flushSpool, pendingIds, QUICK, rejections } from "../helpers/uploader.js";

const AT_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
/** Folds soon, and into segments of a few reports. */
const FOLDING = { ...QUICK, foldFromReports: 5, segmentReports: 8 };

/** A spool of which a flush has folded all, since its server was down. */
async function foldedScene(t: ExecutionContext, count = 20, under = "flag") {
	const server = await faultyServer(t, answering(503));
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	fillSpool(folders, count, { manifest, atMs: AT_MS, grant: under });
	const texts = new Map(namesIn(folders.new).map((name) => [name, readFileSync(join(folders.new, name), "utf8")]));
	const ids = pendingIds(folders);
	const { folded } = await flushSpool(folders, { policy: FOLDING });
	t.is(folded, count);
	t.deepEqual(namesIn(folders.new), []);
	return { server, folders, manifest, ids, texts };
}

const again = (folders: SpoolFolders) => flushSpool(folders, { policy: FOLDING, evenIfNotDue: true });

test("what still waits after a flush is folded, each report with its bytes, in segments of the policy's size", async (t) => {
	const { folders, ids, texts } = await foldedScene(t);
	const segments = namesIn(folders.segments);
	t.is(segments.length, 3);
	const kept = segments.flatMap((name) => [...parseSegment(readFileSync(join(folders.segments, name)))]);
	t.deepEqual(new Map(kept.map(({ name, text }) => [name, text])), texts);
	t.deepEqual(pendingIds(folders), ids);
});

test("a segment ends at the policy's bytes, too", async (t) => {
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: (await faultyServer(t, answering(503))).url });
	fillSpool(folders, 20, { manifest, atMs: AT_MS });
	const [first = ""] = namesIn(folders.new);
	const { size } = statSync(join(folders.new, first));
	await flushSpool(folders, { policy: { ...FOLDING, segmentReports: 1000, segmentBytes: 5 * size } });
	const segments = namesIn(folders.segments);
	t.true(segments.length >= 3 && segments.length <= 5, String(segments.length));
	t.is(countWaiting(folders), 20);
});

test("where few wait, nothing is folded", async (t) => {
	const server = await faultyServer(t, answering(503));
	const folders = temporarySpool(t);
	fillSpool(folders, 5, { manifest: testManifest({ endpoint: server.url }) });
	t.is((await flushSpool(folders, { policy: FOLDING })).folded, 0);
	t.deepEqual([namesIn(folders.new).length, namesIn(folders.segments)], [5, []]);
});

test("folded reports are delivered with the bytes that they had, and then nothing of them is left", async (t) => {
	const { server, folders, ids, texts } = await foldedScene(t);
	server.behave(accepting);
	t.is((await again(folders)).delivered, 20);
	const sent = server.requests.at(-1);
	t.deepEqual(sent?.ids, ids);
	for (const text of texts.values()) {
		const { report } = JSON.parse(text);
		t.true(sent?.text.includes(JSON.stringify(report)));
	}
	t.deepEqual([pendingIds(folders), namesIn(folders.segments)], [[], []]);
	await again(folders);
	t.deepEqual(server.timesSent(ids[0] ?? ""), 2, "the 503, and the delivery");
});

test("of a segment some are delivered, some refused, some wait: each by its own verdict, over several flushes", async (t) => {
	const { server, folders, ids } = await foldedScene(t);
	const fate = (id: string) => ids.indexOf(id) % 4;
	server.behave(
		judging(({ id }) => {
			if (fate(id) === 0) return { verdict: "accepted" };
			if (fate(id) === 1) return { verdict: "rejected", code: "no", message: "never" };
			return fate(id) === 2 ? { verdict: "later" } : null;
		}),
	);
	const summary = await again(folders);
	t.deepEqual([summary.delivered, summary.rejected], [5, 5]);
	const staying = ids.filter((id) => fate(id) >= 2);
	t.deepEqual(pendingIds(folders), staying);
	t.is(countWaiting(folders), 10);
	t.deepEqual(
		rejections(folders)
			.map(({ id, code }) => `${id} ${code}`)
			.sort(),
		ids
			.filter((id) => fate(id) === 1)
			.map((id) => `${id} no`)
			.sort(),
	);
	server.behave(giving("duplicate"));
	await again(folders);
	t.deepEqual(server.requests.at(-1)?.ids, staying);
	t.deepEqual([pendingIds(folders), namesIn(folders.segments)], [[], []]);
});

test("a segment goes once its last report is settled, and the others stay", async (t) => {
	const { server, folders, ids } = await foldedScene(t);
	const first = new Set(ids.slice(0, 8));
	server.behave(judging(({ id }) => (first.has(id) ? { verdict: "accepted" } : { verdict: "later" })));
	await again(folders);
	t.is(namesIn(folders.segments).length, 2);
	t.deepEqual(pendingIds(folders), ids.slice(8));
});

test("what is held, or kept for its user's own eyes, is folded like the rest, and stays", async (t) => {
	const server = await faultyServer(t, accepting);
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	const local = testManifest({ endpoint: server.url, project: "own" });
	const record = grant(local, "local", null, "grant-1", { now: new Date(AT_MS), how: "test" });
	new ConsentStore(directoriesOf(folders).consent).write(record);
	fillSpool(folders, 6, { manifest, changes: { hold: "user" } });
	fillSpool(folders, 6, { manifest: local, grant: "grant-1" });
	const ids = pendingIds(folders).toSorted();
	t.is((await flushSpool(folders, { policy: FOLDING })).folded, 12);
	for (let round = 0; round < 2; round++) {
		const { kept, folded } = await again(folders);
		t.deepEqual(Object.fromEntries(kept), { held: 6, local: 6 });
		t.is(folded, 0);
	}
	t.deepEqual(server.requests, []);
	t.deepEqual(pendingIds(folders).toSorted(), ids);
});

for (const [what, decide] of [
	["withdrawn", withdraw],
	["denied", deny],
] as const) {
	test(`consent that is ${what} after the fold: nothing leaves, all is counted once, and no segment stays`, async (t) => {
		const { server, folders, manifest } = await foldedScene(t, 20, "grant-0");
		t.is(server.requests.length, 0, "there was no decision under which it could leave");
		server.behave(accepting);
		const change = { project: manifest.project, now: new Date(), how: "test" };
		new ConsentStore(directoriesOf(folders).consent).write(decide(change));
		t.is((await again(folders)).lost, 20);
		t.is((await again(folders)).lost, 0);
		t.deepEqual(server.requests, []);
		t.deepEqual([pendingIds(folders), namesIn(folders.segments)], [[], []]);
		t.is(lostByReason(folders).get("dunovo")?.get("withdrawn"), 20);
	});
}

test("DO_NOT_TRACK keeps folded reports where they are", async (t) => {
	const { server, folders, ids } = await foldedScene(t);
	server.behave(accepting);
	const { kept } = await flushSpool(folders, { policy: FOLDING, evenIfNotDue: true, env: { DO_NOT_TRACK: "1" } });
	t.deepEqual(Object.fromEntries(kept), { do_not_track: 20 });
	t.deepEqual(pendingIds(folders), ids);
});

test("et drop reaches into segments, and needs no lease for it", async (t) => {
	const home = temporaryHome(t);
	const server = await faultyServer(t, answering(503));
	const folders = spoolFolders(home.spool.root);
	putReport(folders, { manifest: testManifest({ endpoint: server.url }) });
	fillSpool(folders, 9, { manifest: testManifest({ endpoint: server.url }) });
	await flushSpool(folders, { policy: FOLDING });
	t.deepEqual(namesIn(folders.new), []);
	const [gone = "", ...ids] = pendingIds(folders);
	t.is((await et(t, home, ["drop", gone])).code, 0);
	t.deepEqual(pendingIds(folders), ids);
	server.behave(accepting);
	await again(folders);
	t.deepEqual(server.requests.at(-1)?.ids, ids);
	t.deepEqual(namesIn(folders.segments), []);
});

test("strangers' names, and bytes that are no UTF-8, stay loose; both are sent", async (t) => {
	const server = await faultyServer(t, answering(503));
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	fillSpool(folders, 10, { manifest, atMs: AT_MS });
	writeFileSync(join(folders.new, "of a\nstranger.json"), JSON.stringify(testEnvelope({ manifest })));
	const text = JSON.stringify(testEnvelope({ manifest }));
	const odd = plantFile(folders, Buffer.from(`${text.slice(0, -1)},"x":"\u00ff"}`, "latin1"), AT_MS);
	const ids = pendingIds(folders).toSorted();
	await flushSpool(folders, { policy: FOLDING });
	t.deepEqual(namesIn(folders.new), [odd, "of a\nstranger.json"].sort());
	t.deepEqual(pendingIds(folders).toSorted(), ids);
	server.behave(accepting);
	await again(folders);
	t.deepEqual(server.requests.at(-1)?.ids.toSorted(), ids);
	t.is(countWaiting(folders), 0);
});

test("the next uploader ends what one that died had begun to fold, and sends each report once", async (t) => {
	const { server, folders, ids, texts } = await foldedScene(t);
	const [segment = ""] = namesIn(folders.segments);
	const path = join(folders.segments, segment);
	writeFileSync(path.replace(/\.seg$/, ".folding"), readFileSync(path));
	unlinkSync(path);
	const [name = ""] = texts.keys();
	writeFileSync(join(folders.new, name), texts.get(name) ?? "");
	t.deepEqual(pendingIds(folders).toSorted(), ids.toSorted());
	server.behave(accepting);
	await again(folders);
	t.deepEqual(server.requests.slice(-1)[0]?.ids.toSorted(), ids.toSorted());
	t.deepEqual([namesIn(folders.new), namesIn(folders.segments), pendingIds(folders)], [[], [], []]);
});

test("tombstones are needed no more a day after the last segment went, and are kept until then", async (t) => {
	const { server, folders } = await foldedScene(t);
	server.behave(accepting);
	await again(folders);
	const graves = namesIn(folders.gone);
	t.true(graves.length > 0);
	await flushSpool(folders, { now: () => new Date(Date.now() + DAY_MS / 2) });
	t.deepEqual(namesIn(folders.gone), graves);
	for (const file of graves) utimesSync(join(folders.gone, file), new Date(), new Date(Date.now() - DAY_MS - 1000));
	await flushSpool(folders);
	t.deepEqual(namesIn(folders.gone), []);
});

test("tombstones stay for as long as a segment does", async (t) => {
	const { server, folders, ids } = await foldedScene(t);
	server.behave(judging(({ id }) => ({ verdict: id === ids[0] ? "accepted" : "later" })));
	await again(folders);
	for (const file of namesIn(folders.gone)) utimesSync(join(folders.gone, file), new Date(0), new Date(0));
	await again(folders);
	t.deepEqual(pendingIds(folders), ids.slice(1));
	t.is(server.timesSent(ids[0] ?? ""), 2, "the 503, and the delivery");
});

test("no new segment is begun once the uploader is stopped", async (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 20, { manifest: testManifest({ endpoint: "http://127.0.0.1:1" }) });
	const { folded } = await flushSpool(folders, { policy: FOLDING, stop: AbortSignal.abort() });
	t.is(folded, 0);
	t.is(readdirSync(folders.new).length, 20);
});
