/** At each bound the oldest runs go, whole, and are counted once. */
import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Bounds, boundsFrom, DEFAULT_BOUNDS, keepBounds } from "../../src/spool/bounds.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { finishLosing, type LostDocument, lose, lostByReason, lostEntries, markTold } from "../../src/spool/lost.js";
import { entries } from "../../src/spool/read.js";
import { runTogether } from "../helpers/child.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { fillSpool, namesIn, plantFile, putReport, temporarySpool } from "../helpers/spool.js";

const AT_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;
const UNBOUNDED: Bounds = { maxReports: 1e9, maxBytes: 1e15, maxAgeMs: Number.POSITIVE_INFINITY };
const OTHER = testManifest({ project: "other" });

let ids = 0;
const newId = () => `count-${ids++}`;
const keep = (folders: SpoolFolders, bounds: Partial<Bounds>, nowMs = AT_MS) =>
	keepBounds(folders, { ...UNBOUNDED, ...bounds }, { nowMs, newId });

/** Ten runs, oldest first: an end each, and of the even ones a start right before it. */
function tenRuns(folders: SpoolFolders): string[] {
	const keys = Array.from({ length: 10 }, (_, index) => String(index).repeat(32));
	for (const [index, key] of keys.entries()) {
		if (index % 2 === 0) putReport(folders, { key, atMs: AT_MS + index, given: { event: "start" } });
		putReport(folders, { key, atMs: AT_MS + 100 + index });
	}
	return keys;
}

const keysIn = (folders: SpoolFolders): (string | null)[] => [
	...new Set([...entries(folders.new)].map(({ envelope }) => envelope.erase_key)),
];
const totals = (folders: SpoolFolders) => Object.fromEntries(lostByReason(folders).get("dunovo") ?? []);

test("within the bounds nothing goes, and nothing is written", (t) => {
	const folders = temporarySpool(t);
	tenRuns(folders);
	t.is(keep(folders, { maxReports: 15 }), 0);
	t.is(namesIn(folders.new).length, 15);
	t.deepEqual([namesIn(folders.lost), namesIn(folders.tmp)], [[], []]);
});

test("over the number of reports the oldest runs go, whole", (t) => {
	const folders = temporarySpool(t);
	const keys = tenRuns(folders);
	t.is(keep(folders, { maxReports: 10 }), 6);
	t.deepEqual(keysIn(folders).toSorted(), [...keys.slice(1, 2), ...keys.slice(3, 4), ...keys.slice(5)].sort());
	t.deepEqual(totals(folders), { too_many: 6 });
});

test("over the number of bytes the oldest runs go, whole", (t) => {
	const folders = temporarySpool(t);
	tenRuns(folders);
	const read = [...entries(folders.new)];
	const maxBytes = read.reduce((sum, { bytes }) => sum + bytes, 0) - 1;
	t.is(keep(folders, { maxBytes }), 2);
	const left = [...entries(folders.new)].reduce((sum, { bytes }) => sum + bytes, 0);
	t.true(left <= maxBytes);
	t.deepEqual(totals(folders), { too_many_bytes: 2 });
});

test("over the age runs go of which no event is younger", (t) => {
	const folders = temporarySpool(t);
	const key = "a".repeat(32);
	putReport(folders, { atMs: AT_MS - 3 * DAY_MS });
	putReport(folders, { key, atMs: AT_MS - 3 * DAY_MS, given: { event: "start" } });
	putReport(folders, { key, atMs: AT_MS - DAY_MS });
	t.is(keep(folders, { maxAgeMs: 2 * DAY_MS }), 1);
	t.deepEqual(keysIn(folders), [key]);
	t.deepEqual(totals(folders), { too_old: 1 });
	t.is(keep(folders, { maxAgeMs: 2 * DAY_MS }), 0);
});

test("projects are bounded apart, and what is no report is left alone", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 5, { atMs: AT_MS });
	fillSpool(folders, 2, { atMs: AT_MS, manifest: OTHER });
	const stranger = plantFile(folders, "{", AT_MS - DAY_MS);
	t.is(keep(folders, { maxReports: 3 }), 2);
	t.is([...entries(folders.new)].filter(({ envelope }) => envelope.report.project === "other").length, 2);
	t.true(existsSync(join(folders.new, stranger)));
	t.false(lostByReason(folders).has("other"));
});

test("what goes under one grant and to one endpoint is one count", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 3, { atMs: AT_MS, grant: "one" });
	fillSpool(folders, 2, { atMs: AT_MS + 10, grant: "two" });
	fillSpool(folders, 1, { atMs: AT_MS + 20, grant: "two" });
	t.is(keep(folders, { maxReports: 1 }), 5);
	const counts = lostEntries(folders).map(({ lost }) => [lost.grant, lost.count, lost.told, lost.endpoint]);
	const endpoint = testManifest().endpoint;
	t.deepEqual(counts.toSorted(), [
		["one", 3, false, endpoint],
		["two", 2, false, endpoint],
	]);
});

/** A keeper's count, written, of files that are still there: it died before it removed them. */
function halfLost(folders: SpoolFolders, count: number): LostDocument {
	const names = namesIn(folders.new).slice(0, count);
	const at = new Date(AT_MS).toISOString();
	const { endpoint } = testManifest();
	const lost: LostDocument = {
		et: 1,
		id: "died",
		at,
		project: "dunovo",
		endpoint,
		grant: "flag",
		reason: "too_many",
		count,
		names,
		ids: [],
		told: false,
	};
	lose(folders, { ...lost, names: [] });
	writeFileSync(join(folders.lost, namesIn(folders.lost)[0] ?? ""), JSON.stringify(lost));
	return lost;
}

test("a keeper that died between count and removal is finished, and counted once", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 10, { atMs: AT_MS });
	const { names } = halfLost(folders, 4);
	finishLosing(folders);
	finishLosing(folders);
	t.is(namesIn(folders.new).length, 6);
	for (const name of names) t.false(existsSync(join(folders.new, name)));
	t.deepEqual(totals(folders), { too_many: 4 });
	t.deepEqual(lostEntries(folders)[0]?.lost.names, []);
});

test("the next keeper finishes before it counts", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 10, { atMs: AT_MS });
	halfLost(folders, 4);
	t.is(keep(folders, { maxReports: 5 }), 1);
	t.is(namesIn(folders.new).length, 5);
	t.deepEqual(totals(folders), { too_many: 5 });
});

test("a count that was told stays told, and what can't be read counts nothing", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 4, { atMs: AT_MS });
	keep(folders, { maxReports: 1 });
	const [entry] = lostEntries(folders);
	t.truthy(entry);
	if (entry !== undefined) markTold(folders, entry);
	for (const content of ["{", "null", '{"et":1}', '{"et":1,"count":3}']) {
		writeFileSync(join(folders.lost, `${Math.random()}.json`), content);
	}
	t.deepEqual(
		lostEntries(folders).map(({ lost }) => [lost.count, lost.told]),
		[[3, true]],
	);
});

test("while a keeper is at work another leaves it alone; a keeper that died is followed after an hour", (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 4, { atMs: AT_MS });
	const path = join(folders.tmp, "keeper");
	writeFileSync(path, "");
	utimesSync(path, AT_MS / 1000, AT_MS / 1000);
	t.is(keep(folders, { maxReports: 1 }, AT_MS + 60_000), 0);
	t.is(keep(folders, { maxReports: 1 }, AT_MS + 2 * 60 * 60_000), 0);
	t.is(keep(folders, { maxReports: 1 }, AT_MS + 2 * 60 * 60_000), 3);
	t.deepEqual(namesIn(folders.tmp), []);
});

test("ten keepers at once count each report once", async (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 200, { atMs: AT_MS });
	const script = `
		import { keepBounds } from ${JSON.stringify(moduleUrl("src/spool/bounds.js"))};
		import { randomUUID } from "node:crypto";
		const bounds = { maxReports: 50, maxBytes: 1e15, maxAgeMs: Infinity };
		keepBounds(${JSON.stringify(folders)}, bounds, { nowMs: Date.now(), newId: randomUUID });`;
	for (const { code, stderr } of await runTogether(t, Array(10).fill(script))) t.deepEqual([code, stderr], [0, ""]);
	t.is(namesIn(folders.new).length, 50);
	t.deepEqual(totals(folders), { too_many: 150 });
});

test("bounds come from variables, each over its default", (t) => {
	t.deepEqual(boundsFrom({}), DEFAULT_BOUNDS);
	t.deepEqual(boundsFrom({ ET_MAX_REPORTS: "5", ET_MAX_MIB: "2", ET_MAX_DAYS: "0.5" }), {
		maxReports: 5,
		maxBytes: 2 * 1024 * 1024,
		maxAgeMs: DAY_MS / 2,
	});
	t.deepEqual(boundsFrom({ ET_MAX_REPORTS: "", ET_MAX_MIB: "-1", ET_MAX_DAYS: "soon" }), DEFAULT_BOUNDS);
});
