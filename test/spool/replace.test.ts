/** One report in another envelope: what counts is the new one, and only it, wherever the former one was. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Removal } from "../../daemon/removal.js";
import { gone } from "../../src/spool/gone.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { remove } from "../../src/spool/remove.js";
import { replaceAll } from "../../src/spool/replace.js";
import { fold } from "../../src/spool/segments.js";
import { countWaiting, type WaitingEntry, waiting } from "../../src/spool/waiting.js";
import { namesIn, putReport, temporarySpool } from "../helpers/spool.js";
import { flushSpool } from "../helpers/uploader.js";

const AT_MS = Date.UTC(2026, 0, 1);
const RANDOM = "0badcafe";

function onlyEntry(folders: SpoolFolders): WaitingEntry {
	const [entry, more] = waiting(folders);
	if (entry === undefined || more !== undefined) throw new Error("one report was to wait");
	return entry;
}

function hold(folders: SpoolFolders, entry: WaitingEntry, random = RANDOM): string[] {
	return replaceAll(folders, [{ entry, envelope: { ...entry.envelope, hold: "user" } }], () => random);
}

const textOf = (folders: SpoolFolders, name: string) => readFileSync(join(folders.new, name), "utf8");
const holds = (folders: SpoolFolders) => [...waiting(folders)].map(({ envelope }) => envelope.hold);

test("a loose report is replaced under a new name, beside the former one in time", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const entry = onlyEntry(folders);
	const [replaced = ""] = hold(folders, entry);
	t.is(replaced, name.replace(/[0-9a-f]{8}\.json$/, `${RANDOM}.json`));
	t.deepEqual(namesIn(folders.new), [replaced]);
	t.deepEqual(namesIn(folders.tmp), []);
	t.deepEqual(onlyEntry(folders).envelope, { ...entry.envelope, hold: "user" });
});

test("a folded report is replaced by a loose one, which may be folded again", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	fold(folders, "a-0", [{ name, text: textOf(folders, name) }]);
	const entry = onlyEntry(folders);
	t.is(entry.segment, "a-0.seg");
	const [replaced = ""] = hold(folders, entry);
	t.is(countWaiting(folders), 1);
	t.is(onlyEntry(folders).segment, null);
	const removal = new Removal(folders, "writer");
	t.true(removal.isGone(entry.envelope.report.id, name));
	t.false(removal.isGone(entry.envelope.report.id, replaced));
	fold(folders, "b-0", [{ name: replaced, text: textOf(folders, replaced) }]);
	t.is(onlyEntry(folders).segment, "b-0.seg");
	t.deepEqual(holds(folders), ["user"]);
});

test("whatever a fold does while a report is replaced, the new envelope is what counts, and it is not lost", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const former = { name, text: textOf(folders, name) };
	const read = onlyEntry(folders);
	// Folded whole between the reading and the replacement.
	fold(folders, "a-0", [former]);
	const [second = ""] = hold(folders, read);
	t.deepEqual(holds(folders), ["user"]);
	// A fold that had read both copies, and ends only now.
	const replacement = { name: second, text: textOf(folders, second) };
	writeFileSync(join(folders.new, name), former.text);
	fold(folders, "b-0", [former, replacement]);
	t.deepEqual(holds(folders), ["user"]);
	t.deepEqual(namesIn(folders.new), []);
});

test("a report that was dropped meanwhile does not come back, and its new file goes", async (t) => {
	const folders = temporarySpool(t);
	putReport(folders, { atMs: AT_MS });
	const entry = onlyEntry(folders);
	const { id } = entry.envelope.report;
	writeFileSync(join(folders.root, "noise"), "");
	const removal = new Removal(folders, "0000000000001-a-1");
	remove(folders.new, entry.name);
	await removal.remove([{ segment: "a", name: entry.name, report: { id } } as never]);
	removal.close();
	const [replaced = ""] = hold(folders, entry);
	t.deepEqual(holds(folders), []);
	t.deepEqual(namesIn(folders.new), [replaced]);
	await flushSpool(folders);
	t.deepEqual(namesIn(folders.new), []);
});

test("a command that died before it removed the former file leaves one report, and the next flush removes the file", async (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const text = textOf(folders, name);
	const [replaced = ""] = hold(folders, onlyEntry(folders));
	writeFileSync(join(folders.new, name), text);
	t.deepEqual(holds(folders), ["user"]);
	await flushSpool(folders);
	t.deepEqual(namesIn(folders.new), [replaced]);
	t.true(gone(folders).replaced.has(name));
});

test("two copies that a command left when it died, each in a segment: neither hides the other", (t) => {
	const folders = temporarySpool(t);
	const name = putReport(folders, { atMs: AT_MS });
	const entry = onlyEntry(folders);
	const held = name.replace(/[0-9a-f]{8}\.json$/, `${RANDOM}.json`);
	fold(folders, "a-0", [{ name: held, text: JSON.stringify({ ...entry.envelope, hold: "user" }) }]);
	fold(folders, "b-0", [{ name, text: textOf(folders, name) }]);
	t.deepEqual(holds(folders), ["user", null]);
	for (const each of [...waiting(folders)]) if (each.envelope.hold === null) hold(folders, each, "0badf00d");
	t.deepEqual(holds(folders), ["user", "user"]);
});
