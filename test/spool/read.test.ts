/** The reader: what waits in the order of time, and what is no report, with its reason. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { MAX_REPORT_BYTES } from "../../src/report/limits.js";
import { MAX_ENVELOPE_BYTES, parseEnvelope } from "../../src/spool/envelope.js";
import { fileName, isReportName, namedAtMs } from "../../src/spool/layout.js";
import { entries, readEntry, reportNames } from "../../src/spool/read.js";
import { corruptFiles, setAsideCorrupt } from "../../src/spool/remove.js";
import { onUnix } from "../helpers/needs.js";
import { fillSpool, namesIn, plantFile, putReport, temporarySpool, testEnvelope } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const AT_MS = Date.UTC(2026, 0, 1);

const envelopeText = (changes: Record<string, unknown> = {}): string =>
	JSON.stringify({ ...testEnvelope(), ...changes });
const nested = (depth: number): string =>
	envelopeText({ report: { ...testEnvelope().report, data: "NESTED" } }).replace(
		'"NESTED"',
		"[".repeat(depth) + "]".repeat(depth),
	);

/** Contents of a file in new/ that is no report, and the reason that is found. */
const NO_REPORTS: Record<string, [content: string | Uint8Array, reason: string]> = {
	"an empty file": ["", "empty"],
	"blanks alone": [" \n\n", "empty"],
	"a truncated report": [envelopeText().slice(0, 100), "not_json"],
	"a binary file": [Uint8Array.from({ length: 2000 }, (_, index) => (index * 37) % 256), "not_json"],
	"a file of zeros, as after a power failure": [new Uint8Array(700), "not_json"],
	"a file of 1 MiB": ["x".repeat(1024 * 1024), "too_large"],
	"a report just over the bound of a file": [" ".repeat(MAX_ENVELOPE_BYTES) + envelopeText(), "too_large"],
	"a report over 64 KiB": [
		envelopeText({ report: { ...testEnvelope().report, command: "x".repeat(MAX_REPORT_BYTES) } }),
		"report_too_large",
	],
	"a report nested deeper than a stack": [nested(30_000), "not_an_envelope"],
	"other JSON": ['{"a":1}', "not_an_envelope"],
	null: ["null", "not_an_envelope"],
	"a list": ["[]", "not_an_envelope"],
	"an envelope of another format": [envelopeText({ et: 2 }), "not_an_envelope"],
	"an envelope to a plain http address": [envelopeText({ endpoint: "http://example.org" }), "not_an_envelope"],
	"an envelope without a grant": [envelopeText({ grant: "" }), "not_an_envelope"],
	"an envelope without a notice": [envelopeText({ notice: null }), "not_an_envelope"],
	"an envelope without a report": [envelopeText({ report: null }), "not_an_envelope"],
	"a report with a bad id": [envelopeText({ report: { ...testEnvelope().report, id: "1" } }), "not_an_envelope"],
	"a report of no project": [
		envelopeText({ report: { ...testEnvelope().report, project: "../x" } }),
		"not_an_envelope",
	],
};

for (const [what, [content, reason]] of Object.entries(NO_REPORTS)) {
	test(`${what} is corrupt: ${reason}`, (t) => {
		const folders = temporarySpool(t);
		const name = plantFile(folders, content);
		t.deepEqual(readEntry(folders.new, name), { state: "corrupt", reason: reason as "empty" });
	});
}

onUnix("a link, a pipe, a socket and a folder are no files, and none is waited for", async (t) => {
	const folders = temporarySpool(t);
	const secret = join(temporaryFolder(t), "secret.json");
	writeFileSync(secret, envelopeText());
	const named = (random: string) =>
		fileName({ atMs: AT_MS, host: "0".repeat(12), pid: 1, runId: "0".repeat(32), random });
	const names = ["00000001", "00000002", "00000003", "00000004"].map(named);
	const [link = "", pipe = "", folder = "", socket = ""] = names;
	symlinkSync(secret, join(folders.new, link));
	spawnSync("mkfifo", [join(folders.new, pipe)]);
	mkdirSync(join(folders.new, folder));
	const server = createServer();
	t.teardown(() => server.close());
	// A socket's path may have 107 bytes at most: the folder is gone to, and the name alone is used.
	const before = process.cwd();
	process.chdir(folders.new);
	await new Promise<void>((resolve) => server.listen(socket, resolve));
	process.chdir(before);
	for (const name of names) {
		t.deepEqual(readEntry(folders.new, name), { state: "corrupt", reason: "not_a_file" }, name);
		setAsideCorrupt(folders, name, "not_a_file");
	}
	t.deepEqual(namesIn(folders.new), []);
	t.is(corruptFiles(folders).length, names.length);
});

test("what is no report is set aside with its reason, and the rest is read", (t) => {
	const folders = temporarySpool(t);
	putReport(folders, { atMs: AT_MS });
	const bad = plantFile(folders, "{", AT_MS + 1);
	putReport(folders, { atMs: AT_MS + 2 });
	setAsideCorrupt(folders, bad, "not_json");
	t.deepEqual(corruptFiles(folders), [{ name: bad, reason: "not_json" }]);
	t.deepEqual(namesIn(folders.corrupt), [`${bad}.not_json`]);
	t.is([...entries(folders.new)].length, 2);
});

test("a report that another reader took is gone, and no fault", (t) => {
	const folders = temporarySpool(t);
	t.deepEqual(readEntry(folders.new, "0000000000001-x.json"), { state: "gone" });
	t.deepEqual(corruptFiles(folders), []);
});

test("entries come in the order of time, each as it would travel", (t) => {
	const folders = temporarySpool(t);
	const times = [5, 3, 9, 1, 7].map((offset) => AT_MS + offset);
	for (const atMs of times) putReport(folders, { atMs });
	const read = [...entries(folders.new)];
	t.deepEqual(
		read.map(({ name }) => namedAtMs(name)),
		times.toSorted(),
	);
	for (const { envelope, text } of read) t.is(text, JSON.stringify(envelope.report));
});

test("names come in windows of any size, each once and in order", (t) => {
	const folders = temporarySpool(t);
	const count = 53;
	fillSpool(folders, count, { atMs: AT_MS });
	const all = namesIn(folders.new);
	for (const window of [1, 2, 3, 7, 26, 27, count - 1, count, count + 1]) {
		const seen: string[] = [];
		for (
			let names = reportNames(folders.new, window);
			names.length > 0;
			names = reportNames(folders.new, window, seen.at(-1))
		) {
			t.true(names.length <= window);
			seen.push(...names);
		}
		t.deepEqual(seen, all, `window ${window}`);
		t.deepEqual(
			[...entries(folders.new, window)].map(({ name }) => name),
			all,
		);
	}
});

test("what is not named as a report is passed over, and no folder is no reports", (t) => {
	const folders = temporarySpool(t);
	for (const name of [".nfs0001.json", ".hidden.json", "note.txt", "a.json~", "x.json.swp"]) {
		writeFileSync(join(folders.new, name), "x");
		t.false(isReportName(name));
	}
	t.deepEqual(reportNames(folders.new), []);
	t.deepEqual(reportNames(join(folders.root, "none")), []);
});

test("a name holds its moment, and sorts by it", (t) => {
	const parts = { host: "0123456789ab", pid: 99, runId: "f".repeat(32), random: "0011aabb" };
	const moments = fc.integer({ min: 0, max: 9_999_999_999_999 });
	fc.assert(
		fc.property(moments, moments, (a, b) => {
			const [one, two] = [fileName({ ...parts, atMs: a }), fileName({ ...parts, atMs: b })];
			return namedAtMs(one) === a && isReportName(one) && (one < two || a >= b);
		}),
	);
	t.is(namedAtMs("somebody-elses.json"), null);
	t.is(namedAtMs(fileName({ ...parts, atMs: -1 })), 0);
});

test("parsing never throws, whatever the text", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string({ unit: "binary" }),
					fc.json(),
					fc.jsonValue().map((value) => envelopeText({ report: value })),
				),
				(text) => {
					const parsed = parseEnvelope(text);
					return parsed.ok === false;
				},
			),
		),
	);
});

test("what another language leaves out of an envelope is null", (t) => {
	const parsed = parseEnvelope(envelopeText({ hold: undefined, erase_key: undefined }));
	t.true(parsed.ok);
	if (parsed.ok) t.like(parsed.envelope, { hold: null, erase_key: null });
});
