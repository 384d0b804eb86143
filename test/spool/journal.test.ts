/** What was tried, what was sent, the keys: written before it matters, merged when read, bounded. */
import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
	JOURNAL_FILE_BYTES,
	Journal,
	journalLines,
	keyLines,
	pruneJournal,
	triedIds,
} from "../../src/spool/journal.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { writerName } from "../../src/spool/line-file.js";
import { runScript } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { onLinux } from "../helpers/needs.js";
import { namesIn, temporarySpool } from "../helpers/spool.js";

const HOST = "0123456789ab";
const AT_MS = Date.UTC(2026, 0, 1);
const AT = new Date(AT_MS).toISOString();
const ENDPOINT = "https://et.example.org";

function openJournal(t: ExecutionContext, folders: SpoolFolders, pid = 1): Journal {
	const journal = new Journal(folders, writerName(HOST, pid, AT_MS));
	t.teardown(() => journal.close());
	return journal;
}

const tryOf = (id: string, batch = "1") => ({
	at: AT,
	endpoint: ENDPOINT,
	batch,
	tried: [{ id, run_id: "r", project: "dunovo", event: "end" }],
});
const keyOf = (key: string) => ({ run_id: "r", key, project: "dunovo", endpoint: ENDPOINT });

test("nothing is made before there is something to write", (t) => {
	const folders = temporarySpool(t);
	openJournal(t, folders).close();
	t.deepEqual(namesIn(folders.root), ["new", "tmp"]);
	t.deepEqual([...journalLines(folders), ...keyLines(folders)], []);
});

test("tries, answers and keys of all writers are read back, writer by writer", (t) => {
	const folders = temporarySpool(t);
	const [one, two] = [openJournal(t, folders, 1), openJournal(t, folders, 2)];
	one.trying(tryOf("a"), [keyOf("k1")]);
	two.trying(tryOf("b"), [keyOf("k2"), keyOf("k1")]);
	one.answered({ at: AT, endpoint: ENDPOINT, batch: "1", verdicts: { a: "accepted" } });
	t.deepEqual(
		[...journalLines(folders)].map((line) => ("tried" in line ? line.tried[0]?.id : line.verdicts)),
		["a", { a: "accepted" }, "b"],
	);
	t.deepEqual([...keyLines(folders)].map(({ key }) => key).toSorted(), ["k1", "k1", "k2"]);
	t.deepEqual(triedIds(folders), new Set(["a", "b"]));
});

test("a key is written once by a writer", (t) => {
	const folders = temporarySpool(t);
	const journal = openJournal(t, folders);
	for (const id of ["a", "b", "c"]) journal.trying(tryOf(id), [keyOf("k1")]);
	t.is([...keyLines(folders)].length, 1);
});

test("the last line of a writer that was killed is passed over, and so is what is no JSON", (t) => {
	const folders = temporarySpool(t);
	openJournal(t, folders).trying(tryOf("a"), []);
	const [name = ""] = namesIn(folders.sent);
	appendFileSync(join(folders.sent, name), '{"at":"2026","tri');
	writeFileSync(join(folders.sent, "zz.jsonl"), "\u0000\u0001\n");
	t.deepEqual(triedIds(folders), new Set(["a"]));
});

test("files are the user's own, closed at their size, and the oldest go", (t) => {
	const folders = temporarySpool(t);
	const journal = openJournal(t, folders);
	const long = "x".repeat(JOURNAL_FILE_BYTES / 2);
	for (const id of ["a", "b", "c"]) journal.trying(tryOf(id, long), [keyOf(id)]);
	t.is(namesIn(folders.sent).length, 2);
	if (process.platform !== "win32") {
		for (const name of namesIn(folders.sent)) t.is(statSync(join(folders.sent, name)).mode & 0o777, 0o600);
	}
	pruneJournal(folders, JOURNAL_FILE_BYTES);
	t.deepEqual(triedIds(folders), new Set(["c"]));
	t.is([...keyLines(folders)].length, 3);
	pruneJournal({ ...folders, sent: join(folders.root, "none") });
});

onLinux("after a write that failed, the next line is whole (needs prlimit)", async (t) => {
	const folders = temporarySpool(t);
	const script = `
		import { spawnSync } from "node:child_process";
		import { Journal } from ${JSON.stringify(moduleUrl("src/spool/journal.js"))};
		process.on("SIGXFSZ", () => {});
		const limit = (bytes) => spawnSync("prlimit", ["--pid", process.pid, "--fsize=" + bytes + ":unlimited"]).status;
		const journal = new Journal(${JSON.stringify(folders)}, "writer");
		const line = (id) => ({ at: "", endpoint: "", batch: "", tried: [{ id }] });
		journal.trying(line("a"), []);
		const limited = limit(100);
		let failed = "no";
		try { journal.trying(line("b".repeat(200)), []); } catch (error) { failed = error.code; }
		limit("unlimited");
		journal.trying(line("c"), []);
		console.log(JSON.stringify([limited, failed]));`;
	const { stdout, stderr } = await runScript(t, script);
	t.is(stderr, "");
	const [limited, failed] = JSON.parse(stdout) as [number | null, string];
	t.is(failed, limited === 0 ? "EFBIG" : "no");
	if (limited === 0) t.deepEqual(triedIds(folders), new Set(["a", "c"]));
});
