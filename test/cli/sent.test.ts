/** `et sent`: what left, when, where to, what was said; and exactly which bytes. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import { Copies } from "../../src/spool/kept.js";
import { makeFolders } from "../../src/spool/put.js";
import { atTerminal, ET_WORDS, et } from "../helpers/cli.js";
import {
	accepting,
	eachBy,
	erasing,
	type FaultyServer,
	faultyServer,
	hanging,
	judging,
} from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { putReport } from "../helpers/spool.js";
import { pendingIds, runUploader, startUploader } from "../helpers/uploader.js";

const KEY = eraseKey(Buffer.alloc(16, 7));

async function scene(t: ExecutionContext, behaviour = accepting): Promise<{ home: Home; server: FaultyServer }> {
	const server = await faultyServer(t, behaviour);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	makeFolders(home.spool);
	return { home, server };
}

const reportsSent = async (t: ExecutionContext, home: Home, ...args: string[]) =>
	JSON.parse((await et(t, home, ["sent", "--json", ...args])).stdout).reports as Record<string, string>[];

test("each verdict, and what is in a request without an answer", async (t) => {
	const verdicts = ["accepted", "duplicate", "rejected", "later"] as const;
	const { home, server } = await scene(
		t,
		judging((_, index) => ({ verdict: verdicts[index] ?? "accepted", code: "x" })),
	);
	t.is((await et(t, home, ["sent"])).stdout, "Nothing is known to have left. Exact bytes are not kept (--keep on).\n");
	for (let count = 0; count < 4; count++) putReport(home.spool, { manifest: home.manifest });
	await runUploader(t, home.spool, ["--once"]);
	t.deepEqual(
		(await reportsSent(t, home)).map(({ verdict, endpoint }) => [verdict, endpoint]),
		verdicts.map((verdict) => [verdict, server.url]),
	);
	server.behave(hanging);
	putReport(home.spool, { manifest: home.manifest });
	const { child, ended } = startUploader(t, home.spool, ["--once", "--now"]);
	await server.arrived(2);
	child.kill("SIGKILL");
	await ended;
	const later = await reportsSent(t, home);
	t.deepEqual(
		later.slice(-2).map(({ verdict }) => verdict),
		[null, null],
		"what was put off is in a request again",
	);
	const { stdout } = await et(t, home, ["sent"]);
	t.regex(stdout, /\n[0-9a-f-]{36} .* may have left +http/);
	t.regex(stdout, /5 reports, of which 2 may have left and may not\./);
});

test("filters, and what is no filter", async (t) => {
	const { home } = await scene(t);
	putReport(home.spool, { manifest: home.manifest, key: KEY });
	putReport(home.spool, { manifest: testManifest({ project: "other", endpoint: home.manifest.endpoint }) });
	await runUploader(t, home.spool, ["--once"]);
	t.is((await reportsSent(t, home)).length, 2);
	t.is((await reportsSent(t, home, "--project", "other")).length, 1);
	t.deepEqual(
		(await reportsSent(t, home, "--run", runIdOf(KEY).slice(0, 9))).map(({ project }) => project),
		["dunovo"],
	);
	t.is((await reportsSent(t, home, "--since", "1h")).length, 2);
	t.is((await reportsSent(t, home, "--since", "2000-01-31")).length, 2);
	t.is((await reportsSent(t, home, "--since", "2999-01-31")).length, 0);
	t.is((await reportsSent(t, home, "--limit", "1"))[0]?.["project"], "other");
	for (const args of [
		["--since", "soon"],
		["--since", "5"],
		["--limit", "0"],
		["--keep", "maybe"],
		["x", "y"],
		["x", "--limit", "2"],
	]) {
		t.is((await et(t, home, ["sent", ...args])).code, 2, args.join(" "));
	}
});

test("the bytes that are kept are those that left; off removes them", async (t) => {
	const { home, server } = await scene(t);
	putReport(home.spool, { manifest: home.manifest });
	const [first = ""] = pendingIds(home.spool);
	await runUploader(t, home.spool, ["--once"]);
	t.regex((await et(t, home, ["sent", first])).stderr, /It left, and its bytes were not kept/);
	t.regex((await et(t, home, ["sent", "--keep", "on"])).stdout, /are kept, up to 64\.0 MiB/);

	putReport(home.spool, { manifest: home.manifest, given: { data: { key: 3 } } });
	const [id = ""] = pendingIds(home.spool);
	const shown = (await et(t, home, ["show", id])).stdout;
	await runUploader(t, home.spool, ["--once"]);
	const copy = await et(t, home, ["sent", id.slice(-12)]);
	t.is(copy.stdout, shown);
	t.true(server.requests[1]?.text.includes(copy.stdout));
	const [file = ""] = readdirSync(home.spool.kept);
	t.is(statSync(join(home.spool.kept, file)).mode & 0o777, 0o600);

	t.regex((await et(t, home, ["sent", "--keep", "off"])).stdout, /what was kept is removed/);
	t.is((await et(t, home, ["sent", id])).code, 5);
	putReport(home.spool, { manifest: home.manifest });
	await runUploader(t, home.spool, ["--once"]);
	t.false(readdirSync(home.spool.root).includes("kept"));
});

test("of copies the oldest go at the bound", (t) => {
	const home = temporaryHome(t);
	makeFolders(home.spool);
	const line = { run_id: "x", project: "x", at: "x", endpoint: "x", text: "y".repeat(1000) };
	const copies = (writer: string) => new Copies(home.spool, writer);
	copies("a").keep([{ id: "1", ...line }]);
	t.false(readdirSync(home.spool.root).includes("kept"), "not where they are not wanted");
	makeFolders({ ...home.spool, new: home.spool.kept });
	for (const writer of ["a", "b", "c"]) {
		const kept = copies(writer);
		kept.keep([{ id: writer, ...line }]);
		kept.close(2500);
	}
	t.deepEqual(readdirSync(home.spool.kept).sort(), ["b-0000.jsonl", "c-0000.jsonl"]);
});

test("what was erased since is said", async (t) => {
	const { home } = await scene(t, eachBy(accepting, erasing()));
	putReport(home.spool, { manifest: home.manifest, key: KEY });
	await runUploader(t, home.spool, ["--once"]);
	await et(t, home, ["forget", runIdOf(KEY)]);
	t.is((await reportsSent(t, home))[0]?.["erasure"], "asked");
	await runUploader(t, home.spool, ["--once"]);
	t.regex((await et(t, home, ["sent"])).stdout, / accepted, then erased /);
	const { left } = JSON.parse((await et(t, home, ["view", "--json"])).stdout);
	t.deepEqual(left.totals[0].by_verdict, { erased: 1 });
});

onTerminal("at a terminal a line is one line of 80 columns", async (t) => {
	const { home } = await scene(t);
	putReport(home.spool, { manifest: home.manifest });
	await runUploader(t, home.spool, ["--once"]);
	const { shown } = await atTerminal(t, [...ET_WORDS, "sent"], [], { env: { ...home.env, NO_COLOR: "1" } });
	const lines = shown.trimEnd().split("\r\n");
	t.is(lines.length, 3);
	for (const line of lines) t.true(line.length <= 80, line);
	t.regex(lines[1] ?? "", /^[0-9a-f]{12} +\d+s +[0-9a-f…]{8} +dunovo +end +accepted +127\.0\.0\.1/);
});
