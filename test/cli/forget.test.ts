/** `et forget`: nothing of a run stays here, and its servers are asked to erase it until they have. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import { Journal, keyLines } from "../../src/spool/journal.js";
import { keepsCopies, keptLines } from "../../src/spool/kept.js";
import { lostByReason } from "../../src/spool/lost.js";
import { makeFolders } from "../../src/spool/put.js";
import { entries, readLoose } from "../../src/spool/read.js";
import { setAsideCorrupt, setAsideRejected } from "../../src/spool/remove.js";
import type { ServerRequest } from "../../src/spool/requests.js";
import { fold } from "../../src/spool/segments.js";
import { waiting } from "../../src/spool/waiting.js";
import { atTerminal, ET_WORDS, et, grantedHome } from "../helpers/cli.js";
import { accepting, deadAddress, eachBy, erasing, faultyServer } from "../helpers/faulty-server.js";
import type { Home } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { askToErase, requestsIn } from "../helpers/requests.js";
import { testServer } from "../helpers/server.js";
import { plantFile, putReport } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { pendingIds, runUploader } from "../helpers/uploader.js";

const KEY = eraseKey(Buffer.alloc(16, 7));
const RUN = runIdOf(KEY);
const OTHER_KEY = eraseKey(Buffer.alloc(16, 9));

/** A home with reports of two runs for a server that accepts them. */
async function scene(t: ExecutionContext, endpoint?: string) {
	const url = endpoint ?? (await testServer(t)).url;
	const home = grantedHome(t);
	makeFolders(home.spool);
	const manifest = testManifest({ endpoint: url });
	// A moment apart, since names of one millisecond stand in an order of chance.
	const atMs = Date.now();
	putReport(home.spool, { manifest, key: KEY, atMs: atMs - 1 });
	putReport(home.spool, { manifest, key: OTHER_KEY, atMs });
	return { home, manifest };
}

/** Every byte of a spool, as text. */
function allBytes(home: Home): string {
	const names = readdirSync(home.spool.root, { recursive: true }) as string[];
	const paths = names.map((name) => join(home.spool.root, name)).filter((path) => statSync(path).isFile());
	return paths.map((path) => `${path}\n${readFileSync(path, "latin1")}`).join("\n");
}

const json = async (t: ExecutionContext, home: Home, ...args: string[]) => {
	const { stdout, stderr, code } = await et(t, home, ["forget", ...args, "--json"]);
	t.is(code, 0, stderr);
	return JSON.parse(stdout);
};

test("a run that left: the server erases it, the receipt is shown, and its key is gone", async (t) => {
	const server = await testServer(t);
	const { home } = await scene(t, server.url);
	const [, other] = pendingIds(home.spool);
	await runUploader(t, home.spool, ["--once"]);
	t.is(storedReports(server).length, 2);
	t.is([...keyLines(home.spool)].length, 2);

	const asked = await et(t, home, ["forget", RUN.slice(0, 10)]);
	t.is(
		asked.stdout,
		"Removed here: 1 line of your own history.\n1 run: erasure is asked for at et-uploader's next turn (at once: et-uploader --once).\n",
	);
	t.regex((await et(t, home, ["forget"])).stdout, new RegExp(`${RUN} +dunovo +waits +-\n1 request not yet answered`));
	t.is((await json(t, home, RUN)).runs[0].fate, "asked_before");

	t.is((await runUploader(t, home.spool, ["--once"])).code, 0);
	t.deepEqual(storedReports(server), [other]);
	const [request] = requestsIn(home.spool);
	t.is(request?.verdict, "erased");
	t.true((await et(t, home, ["forget", "--status"])).stdout.includes(request?.receipt ?? "none"));
	t.false(JSON.stringify(await json(t, home)).includes('"key"'));
	t.deepEqual(
		[...keyLines(home.spool)].map(({ key }) => key),
		[OTHER_KEY],
	);
	t.false(allBytes(home).includes(KEY));
	t.is((await json(t, home, RUN)).runs[0].fate, "erased_before");
});

test("offline it waits like a report, and is asked when the server is back", async (t) => {
	const away = await deadAddress();
	const { home } = await scene(t, away);
	await runUploader(t, home.spool, ["--once"]);
	const done = await json(t, home, RUN);
	t.deepEqual(done.runs, [{ run_id: RUN, project: "dunovo", fate: "asked" }], "it may have left");
	t.is(done.removed.waiting, 1);
	t.is((await runUploader(t, home.spool, ["--once", "--now"])).code, 4);
	t.is(requestsIn(home.spool)[0]?.answered_at, null);
	t.is(pendingIds(home.spool).length, 1);
});

test("a run that never left needs no request, and what its script leaves later is dropped, counted", async (t) => {
	const server = await faultyServer(t, eachBy(accepting, erasing()));
	const { home, manifest } = await scene(t, server.url);
	const [id = ""] = pendingIds(home.spool);
	const { stdout } = await et(t, home, ["forget", id.slice(-12)]);
	t.is(stdout, "Removed here: 1 report.\n1 run: never left this machine, so there is nothing to ask of a server.\n");
	t.deepEqual(requestsIn(home.spool), []);
	putReport(home.spool, { manifest, key: KEY });
	const late = JSON.parse((await et(t, home, ["pending", "--json"])).stdout).reports[1];
	t.like(late.spool, { state: "never leaves", reason: "forgotten" });
	await runUploader(t, home.spool, ["--once"]);
	t.deepEqual(
		server.requests.map(({ reports }) => reports.map(({ run_id }) => run_id)),
		[[runIdOf(OTHER_KEY)]],
	);
	t.is(lostByReason(home.spool).get("dunovo")?.get("forgotten"), 2);
	t.deepEqual(pendingIds(home.spool), []);
});

test("no byte of it stays: loose, folded, held, refused, unreadable, half-written, marked, copied", async (t) => {
	const server = await faultyServer(t, accepting);
	const { home, manifest } = await scene(t, server.url);
	mkdirSync(home.spool.kept, { mode: 0o700 });
	t.true(keepsCopies(home.spool));
	await runUploader(t, home.spool, ["--once"]);
	t.is([...keptLines(home.spool)].length, 2);

	const folded = putReport(home.spool, { manifest, key: KEY });
	fold(home.spool, "0000000001000-test", [{ name: folded, text: readLoose(home.spool.new, folded)?.text ?? "" }]);
	putReport(home.spool, { manifest, key: KEY, changes: { hold: "user" } });
	const refused = putReport(home.spool, { manifest, key: KEY });
	const [entry] = [...entries(home.spool.new)].filter(({ name }) => name === refused);
	t.truthy(entry);
	if (entry === undefined) return;
	setAsideRejected(home.spool, refused, entry.envelope, { at: new Date().toISOString(), code: "x", message: "" });
	setAsideCorrupt(home.spool, plantFile(home.spool, `{"run_id":"${RUN}","half`), "not_json");
	setAsideCorrupt(home.spool, plantFile(home.spool, "{}"), "not_an_envelope");
	const named = refused.replace(/.{8}\.json$/, "00000000.json");
	writeFileSync(join(home.spool.tmp, named), "{");
	mkdirSync(home.spool.open);
	writeFileSync(join(home.spool.open, "a.json"), JSON.stringify({ run_id: RUN }));
	writeFileSync(join(home.spool.open, "b.json"), JSON.stringify({ run_id: "0".repeat(32) }));

	const { removed } = await json(t, home, RUN);
	t.deepEqual(removed, { waiting: 2, rejected: 1, corrupt: 1, unfinished: 1, open: 1, copies: 1, history: 1 });
	t.deepEqual([...waiting(home.spool)], []);
	t.is([...keptLines(home.spool)].length, 1);
	t.is(readdirSync(home.spool.corrupt).length, 1);
	t.deepEqual(readdirSync(home.spool.open), ["b.json"]);
	await runUploader(t, home.spool, ["--once"]);
	// What is left is the log, the request, and the id by which it is forgotten.
	const places = allBytes(home)
		.split("\n")
		.filter((line) => line.includes(RUN));
	t.true(
		places.every((line) => /^\{"(at|et|run_id)":/.test(line)),
		places.join("\n"),
	);
	t.deepEqual(readdirSync(home.spool.segments), []);
});

test("a project, or all; and what has no key is named", async (t) => {
	const { home } = await scene(t, "https://et.example.org");
	const key = eraseKey(Buffer.alloc(16, 3));
	putReport(home.spool, { manifest: testManifest({ project: "other" }), key });
	const journal = new Journal(home.spool, "test");
	const keyless = "a".repeat(32);
	const tried = [{ id: "x", run_id: keyless, project: "dunovo", event: "end" }];
	journal.trying({ at: new Date().toISOString(), endpoint: "https://et.example.org", batch: "1", tried }, []);
	journal.close();
	const { stdout } = await et(t, home, ["forget", "--project", "dunovo", "--yes"]);
	t.regex(stdout, /^Removed here: 2 reports\.\n2 runs: never left .*\n1 run: may have left, and no key/);
	t.regex(stdout, new RegExp(`\n  ${keyless}\n$`));
	t.is(pendingIds(home.spool).length, 1);
	t.is((await json(t, home, "--all", "--yes")).removed.waiting, 1);
	t.deepEqual(pendingIds(home.spool), []);
});

test("a redaction that waits is not sent any more: the run is erased whole, with its key where no other line has it", async (t) => {
	const { home } = await scene(t, "https://et.example.org");
	const redact: Partial<ServerRequest> = { kind: "redact", report_id: "x", fields: ["command"], key: KEY };
	askToErase(home.spool, "https://et.example.org", redact);
	t.is((await json(t, home, RUN)).runs[0].fate, "asked");
	t.deepEqual(
		requestsIn(home.spool).map(({ kind, key }) => [kind, key]),
		[["erase", KEY]],
	);
});

test("what it can't mean, and how it is not called", async (t) => {
	const { home } = await scene(t, "https://et.example.org");
	t.is((await et(t, home, ["forget", "no-such-run"])).code, 5);
	const [first = "", second = ""] = pendingIds(home.spool);
	const both = await et(t, home, ["forget", first.slice(0, 6)]);
	t.is(first.slice(0, 6), second.slice(0, 6));
	t.is(both.code, 5);
	t.regex(both.stderr, /could mean 2 runs/);
	for (const args of [["--all"], ["x", "--all", "--yes"], ["--project", "p", "--all"], ["--status", "x"]]) {
		t.is((await et(t, home, ["forget", ...args])).code, 2, args.join(" "));
	}
	t.is((await et(t, home, ["forget"])).stdout, "Nothing was asked of a server.\n");
	t.is(pendingIds(home.spool).length, 2);
});

onTerminal("at a terminal a project goes only after a yes", async (t) => {
	const { home } = await scene(t, "https://et.example.org");
	const see = "Forget 2 runs of dunovo, of which 0 may have left? [y/N] ";
	const answer = (type: string) =>
		atTerminal(t, [...ET_WORDS, "forget", "--project", "dunovo"], [{ see, type }], { env: home.env });
	t.regex((await answer("\n")).shown, /Nothing was forgotten\./);
	t.is(pendingIds(home.spool).length, 2);
	t.regex((await answer("y\n")).shown, /Removed here: 2 reports\./);
	t.is(pendingIds(home.spool).length, 0);
});
