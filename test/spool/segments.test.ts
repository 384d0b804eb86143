/** Folding: each report keeps its bytes, and is one for every reader, at every step and after a crash between any two. */
import { existsSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { DEFAULT_BOUNDS, keepBounds } from "../../src/spool/bounds.js";
import { clearGraves, Graves, gone } from "../../src/spool/gone.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { finishLosing, type LostReason, lose, lostByReason } from "../../src/spool/lost.js";
import { readLoose } from "../../src/spool/read.js";
import {
	finishedEntries,
	finishFolding,
	fold,
	foldedEntries,
	isWhole,
	type LooseReport,
	parseSegment,
	segmentEntries,
	segmentNames,
	segmentText,
} from "../../src/spool/segments.js";
import { countWaiting, waiting } from "../../src/spool/waiting.js";
import { fillSpool, namesIn, plantFile, putReport, temporarySpool } from "../helpers/spool.js";
import { pendingIds } from "../helpers/uploader.js";

const AT_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 24 * 60 * 60 * 1000;

function looseReports({ new: folder }: SpoolFolders): LooseReport[] {
	return namesIn(folder).map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
}

/** As an uploader leaves it that dies in mid-fold: the segment is there, and of the loose files the last `left`. */
function dieFolding(folders: SpoolFolders, left: number): LooseReport[] {
	const reports = looseReports(folders);
	fold(folders, "a-0", reports);
	const [segment = ""] = segmentNames(folders);
	const text = readFileSync(join(folders.segments, segment));
	writeFileSync(join(folders.segments, "a-0.folding"), text);
	unlinkSync(join(folders.segments, segment));
	for (const { name, text } of reports.slice(reports.length - left)) writeFileSync(join(folders.new, name), text);
	return reports;
}

/** Counts reports as gone, as a drop and the bounds do; only the ids, where no file of theirs was seen. */
function drop(folders: SpoolFolders, ids: string[], names: string[], reason: LostReason = "dropped_by_user"): void {
	const [endpoint, project] = ["https://et.example.org", "dunovo"];
	const at = new Date(AT_MS).toISOString();
	const document = { et: 1, id: "count-1", at, project, endpoint, grant: "flag", told: false } as const;
	lose(folders, { ...document, reason, count: ids.length, names, ids });
}

/** What the spool holds, and which of it waits. */
function scene(t: Parameters<typeof temporarySpool>[0], count = 5) {
	const folders = temporarySpool(t);
	fillSpool(folders, count, { atMs: AT_MS });
	return { folders, ids: pendingIds(folders), names: namesIn(folders.new) };
}

test("whatever reports hold, a segment gives their bytes back", (t) => {
	const report = fc.record({
		name: fc.stringMatching(/^[ -~]{1,40}$/),
		text: fc.string({ unit: "grapheme", maxLength: 200 }),
	});
	fc.assert(
		fc.property(fc.array(report), (reports) => {
			t.deepEqual([...parseSegment(Buffer.from(segmentText(reports)))], reports);
		}),
	);
});

test("a segment that was cut anywhere gives back a part of its reports, and nothing else", (t) => {
	const reports = ["one", "two\n2 x\n", "drei ❦"].map((text, index) => ({ name: `${index}.json`, text }));
	const bytes = Buffer.from(segmentText(reports));
	for (let length = 0; length <= bytes.length; length++) {
		const found = [...parseSegment(bytes.subarray(0, length))];
		t.deepEqual(found, reports.slice(0, found.length));
		t.is(found.length === reports.length, length === bytes.length);
	}
});

test("no bytes whatever make the reader of segments throw", (t) => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
			t.true([...parseSegment(Buffer.from(bytes))].length <= bytes.length);
		}),
	);
});

test("folding keeps each report's bytes, its name and its order, and leaves no loose file", (t) => {
	const { folders, ids } = scene(t);
	const before = looseReports(folders);
	fold(folders, "a-0", before);
	t.deepEqual([namesIn(folders.new), namesIn(folders.segments)], [[], ["a-0.seg"]]);
	t.deepEqual([...parseSegment(readFileSync(join(folders.segments, "a-0.seg")))], before);
	t.deepEqual(pendingIds(folders), ids);
	t.is(countWaiting(folders), 5);
	t.true(isWhole(folders, "a-0.seg"));
	t.is(statSync(join(folders.segments, "a-0.seg")).mode & 0o777, 0o600);
});

for (const left of [0, 1, 3, 5]) {
	test(`a crash in mid-fold that left ${left} of 5 loose files: each report is seen once, and the fold is ended`, (t) => {
		const { folders, ids } = scene(t);
		const reports = dieFolding(folders, left);
		t.is(namesIn(folders.new).length, left);
		t.deepEqual(pendingIds(folders).toSorted(), ids.toSorted());
		t.is(countWaiting(folders), 5);
		t.is([...foldedEntries(folders)].length, 5 - left);
		finishFolding(folders);
		t.deepEqual([namesIn(folders.new), namesIn(folders.segments)], [[], ["a-0.seg"]]);
		t.deepEqual(pendingIds(folders), ids);
		t.deepEqual([...parseSegment(readFileSync(join(folders.segments, "a-0.seg")))], reports);
	});
}

test("a crash before the segment has its name: nothing happened", (t) => {
	const { folders, ids } = scene(t);
	writeFileSync(join(folders.tmp, "a-0.folding"), segmentText(looseReports(folders)).slice(0, 100));
	finishFolding(folders);
	t.deepEqual(pendingIds(folders), ids);
	t.is(namesIn(folders.new).length, 5);
});

test("two that end one fold do no harm to each other", (t) => {
	const { folders, ids } = scene(t);
	dieFolding(folders, 2);
	finishFolding(folders);
	finishFolding(folders);
	t.deepEqual(pendingIds(folders), ids);
});

test("two that fold the same reports at once: each is one for every reader, and gone when it is", (t) => {
	const { folders, ids, names } = scene(t);
	const reports = looseReports(folders);
	fold(folders, "a-0", reports);
	for (const { name, text } of reports.slice(1)) writeFileSync(join(folders.new, name), text);
	fold(folders, "b-0", reports.slice(1));
	t.deepEqual(pendingIds(folders), ids);
	t.deepEqual(
		[...finishedEntries(folders)].map(({ envelope }) => envelope.report.id),
		ids,
	);
	t.is(countWaiting(folders), 5);
	let made = 0;
	const options = { nowMs: AT_MS, newId: () => `count-${made++}` };
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxReports: 4 }, options), 1);
	drop(folders, ids.slice(0, 2), names.slice(0, 2));
	t.deepEqual(pendingIds(folders), ids.slice(2));
});

test("what is written while another folds stays loose, and waits once", (t) => {
	const { folders, ids } = scene(t);
	const reports = looseReports(folders);
	putReport(folders, { atMs: AT_MS + 100 });
	fold(folders, "a-0", reports);
	t.is(namesIn(folders.new).length, 1);
	t.is(new Set([...pendingIds(folders), ...ids]).size, 6);
});

test("a drop before the fold's reading: it was not read", (t) => {
	const { folders, ids, names } = scene(t);
	drop(folders, ids.slice(0, 2), names.slice(0, 2));
	fold(folders, "a-0", looseReports(folders));
	t.deepEqual(pendingIds(folders), ids.slice(2));
});

test("a drop between the fold's reading and its writing: the folded copy is no more, either", (t) => {
	const { folders, ids, names } = scene(t);
	const read = looseReports(folders);
	drop(folders, ids.slice(0, 2), names.slice(0, 2));
	fold(folders, "a-0", read);
	t.is([...segmentEntries(folders, "a-0.seg")].length, 5);
	t.deepEqual(pendingIds(folders), ids.slice(2));
	t.is(countWaiting(folders), 3);
	t.is(lostByReason(folders).get("dunovo")?.get("dropped_by_user"), 2);
});

for (const left of [0, 2, 5]) {
	test(`a drop after a crash in mid-fold that left ${left} loose files covers both copies`, (t) => {
		const { folders, ids, names } = scene(t);
		dieFolding(folders, left);
		drop(folders, [ids[0] ?? "", ids[4] ?? ""], [names[0] ?? "", names[4] ?? ""], "withdrawn");
		t.deepEqual(pendingIds(folders).toSorted(), ids.slice(1, 4).toSorted());
		finishFolding(folders);
		t.deepEqual(pendingIds(folders), ids.slice(1, 4));
		t.is(lostByReason(folders).get("dunovo")?.get("withdrawn"), 2);
	});
}

test("a drop that died before it removed anything is ended, folded copies and all, and counted once", (t) => {
	const { folders, ids, names } = scene(t);
	const read = looseReports(folders);
	drop(folders, ids.slice(0, 2), names.slice(0, 2));
	const [document = ""] = namesIn(folders.lost);
	const path = join(folders.lost, document);
	const lost = JSON.parse(readFileSync(path, "utf8"));
	writeFileSync(path, JSON.stringify({ ...lost, names: names.slice(0, 2), ids: ids.slice(0, 2) }));
	for (const file of namesIn(folders.gone)) unlinkSync(join(folders.gone, file));
	fold(folders, "a-0", [...read.slice(0, 2), ...looseReports(folders)]);
	t.is(countWaiting(folders), 5);
	finishLosing(folders);
	finishLosing(folders);
	t.deepEqual(pendingIds(folders), ids.slice(2));
	t.is(lostByReason(folders).get("dunovo")?.get("dropped_by_user"), 2);
});

test("the bounds count folded reports, and drop the oldest first wherever they are", (t) => {
	const { folders, ids } = scene(t, 6);
	fold(folders, "a-0", looseReports(folders).slice(0, 4));
	let made = 0;
	const options = { nowMs: AT_MS, newId: () => `count-${made++}` };
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxReports: 6 }, options), 0);
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxReports: 1 }, options), 5);
	t.deepEqual(pendingIds(folders), ids.slice(5));
	t.is(lostByReason(folders).get("dunovo")?.get("too_many"), 5);
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxReports: 1 }, options), 0);
});

test("the bound of bytes counts folded ones, too, and not what is gone", (t) => {
	const { folders } = scene(t, 200);
	const bytes = [...waiting(folders)].reduce((sum, entry) => sum + entry.bytes, 0);
	fold(folders, "a-0", looseReports(folders).slice(0, 150));
	let made = 0;
	const options = { nowMs: AT_MS, newId: () => `count-${made++}` };
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxBytes: bytes }, options), 0);
	const gone = keepBounds(folders, { ...DEFAULT_BOUNDS, maxBytes: bytes / 2 }, options);
	t.true(gone >= 95 && gone <= 105, String(gone));
	t.is(keepBounds(folders, { ...DEFAULT_BOUNDS, maxBytes: bytes / 2 }, options), 0);
	t.is(countWaiting(folders), 200 - gone);
});

test("what is old expires out of a segment", (t) => {
	const { folders } = scene(t);
	fold(folders, "a-0", looseReports(folders));
	putReport(folders, { atMs: AT_MS + 50 * DAY_MS });
	const options = { nowMs: AT_MS + 91 * DAY_MS, newId: () => "count-1" };
	t.is(keepBounds(folders, DEFAULT_BOUNDS, options), 5);
	t.is(countWaiting(folders), 1);
	t.is(lostByReason(folders).get("dunovo")?.get("too_old"), 5);
});

test("tombstones are cleared after a day, and not before", (t) => {
	const { folders } = scene(t);
	const graves = new Graves(folders, "writer");
	graves.bury(["a", "b"]);
	graves.close();
	const [file = ""] = namesIn(folders.gone);
	const buriedMs = statSync(join(folders.gone, file)).mtimeMs;
	clearGraves(folders, buriedMs + DAY_MS - 1);
	t.deepEqual(gone(folders).all, new Set(["a", "b"]));
	clearGraves(folders, buriedMs + DAY_MS + 1);
	t.deepEqual(gone(folders).all, new Set());
	clearGraves(folders, buriedMs + 2 * DAY_MS);
});

test("half a tombstone of a writer that was killed buries nobody, and hides none of the others", (t) => {
	const { folders } = scene(t);
	const graves = new Graves(folders, "writer");
	graves.bury(["a"]);
	graves.close();
	writeFileSync(join(folders.gone, "other-0000.jsonl"), '{"ids":["b"]}\n{"ids":["c"');
	t.deepEqual([...gone(folders).all].sort(), ["a", "b"]);
});

test("a damaged segment is told from a whole one", (t) => {
	const { folders } = scene(t);
	fold(folders, "a-0", looseReports(folders));
	const path = join(folders.segments, "a-0.seg");
	truncateSync(path, statSync(path).size - 1);
	t.false(isWhole(folders, "a-0.seg"));
	t.true(isWhole(folders, "gone.seg"), "one that another removed lacks nothing");
});

test("what is no report, or holds bytes that are no UTF-8, is not read for folding", (t) => {
	const folders = temporarySpool(t);
	const good = putReport(folders, { atMs: AT_MS });
	const text = readFileSync(join(folders.new, good));
	const bytes = Buffer.concat([text.subarray(0, -2), Buffer.from(',"x":"'), Buffer.from([0xff]), Buffer.from('"}\n')]);
	const odd = plantFile(folders, bytes, AT_MS + 1);
	t.deepEqual(JSON.parse(bytes.toString("utf8")).et, 1, "as a reader takes it, it is a report");
	t.is(readLoose(folders.new, good)?.text, text.toString("utf8"));
	t.is(readLoose(folders.new, odd), null);
	t.is(readLoose(folders.new, plantFile(folders, "no report", AT_MS + 2)), null);
	t.is(readLoose(folders.new, "not-there.json"), null);
});

test("a fold that can't be written leaves all as it was", (t) => {
	const { folders, ids } = scene(t);
	writeFileSync(folders.segments, "");
	t.throws(() => fold(folders, "a-0", looseReports(folders)));
	t.deepEqual(pendingIds(folders), ids);
	t.false(existsSync(join(folders.tmp, "a-0.folding")));
	t.is(namesIn(folders.new).length, 5);
});
