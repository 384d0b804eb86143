/** One report in another envelope: what counts is the new one, and only it, wherever the former one was. */
import { readFileSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Removal } from "../../daemon/removal.js";
import { remove } from "../../src/spool/remove.js";
import { replace } from "../../src/spool/replace.js";
import { fold } from "../../src/spool/segments.js";
import { countWaiting, waiting } from "../../src/spool/waiting.js";
import { namesIn, putReport, temporarySpool } from "../helpers/spool.js";

const AT_MS = Date.UTC(2026, 0, 1);
const RANDOM = "0badcafe";

test("a loose report is replaced under a new name, beside the former one in time", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const [entry] = waiting(folders);
	if (entry === undefined) return t.fail();
	const replaced = replace(folders, entry, { ...entry.envelope, hold: "user" }, RANDOM);
	t.is(replaced, name.replace(/[0-9a-f]{8}\.json$/, `${RANDOM}.json`));
	t.deepEqual(namesIn(folders.new), [replaced]);
	t.deepEqual(namesIn(folders.tmp), []);
	t.deepEqual(
		[...waiting(folders)].map(({ envelope }) => envelope),
		[{ ...entry.envelope, hold: "user" }],
	);
});

test("a folded report is replaced by a loose one, which is not folded into the other's grave", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	fold(folders, "a-0", [{ name, text: readFileSync(join(folders.new, name), "utf8") }]);
	const [entry] = waiting(folders);
	if (entry === undefined) return t.fail();
	t.not(entry.segment, null);
	replace(folders, entry, { ...entry.envelope, hold: "user" }, RANDOM);
	t.is(countWaiting(folders), 1);
	t.deepEqual(
		[...waiting(folders)].map(({ envelope, segment }) => [envelope.hold, segment]),
		[["user", null]],
	);
	const removal = new Removal(folders, "writer");
	t.true(removal.isReplaced(entry.envelope.report.id));
	t.false(removal.isGone(entry.envelope.report.id, null));
	t.true(removal.isGone(entry.envelope.report.id, "a-0.seg"));
});

test("a report that went meanwhile does not come back", (t) => {
	const folders = temporarySpool(t);
	putReport(folders, { atMs: AT_MS });
	const [entry] = waiting(folders);
	if (entry === undefined) return t.fail();
	remove(folders.new, entry.name);
	t.is(replace(folders, entry, { ...entry.envelope, hold: "user" }, RANDOM), null);
	t.is(countWaiting(folders), 0);
});

test("a fold that had read the former copy does not bring it back", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const [entry] = waiting(folders);
	if (entry === undefined) return t.fail();
	const text = readFileSync(join(folders.new, name), "utf8");
	const replaced = replace(folders, entry, { ...entry.envelope, hold: "user" }, RANDOM);
	fold(folders, "a-0", [{ name, text }]);
	t.deepEqual(
		[...waiting(folders)].map(({ envelope }) => envelope.hold),
		["user"],
	);
	unlinkSync(join(folders.new, replaced ?? ""));
	t.is(countWaiting(folders), 0);
});
