/** Over an air gap: two machines, a file there, and a file back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { deny } from "../../src/consent/change.js";
import { lostByReason } from "../../src/spool/lost.js";
import type { ChildResult } from "../helpers/child.js";
import { et } from "../helpers/cli.js";
import { accepting, type Behaviour, faultyServer, judging } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { testServer } from "../helpers/server.js";
import { fillSpool, namesIn, putReport } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { pendingIds, rejections, runUploader } from "../helpers/uploader.js";

/** A machine without network whose user agreed, one with, and what they carry between them. */
function machines(t: ExecutionContext, url: string) {
	const manifest = testManifest({ endpoint: url });
	const [here, there] = [temporaryHome(t, manifest), temporaryHome(t, manifest)];
	grantAt(here);
	putReport(here.spool, { manifest, grant: "test-grant" });
	fillSpool(here.spool, 9, { manifest, grant: "test-grant" });
	const carried = temporaryFolder(t);
	return { here, there, ids: pendingIds(here.spool).toSorted(), file: (name: string) => join(carried, name) };
}

async function does(t: ExecutionContext, home: Home, ...args: string[]): Promise<Record<string, unknown>> {
	const { code, stdout, stderr } = await et(t, home, [...args, "--json"]);
	t.deepEqual([code, stderr], [0, ""]);
	return JSON.parse(stdout);
}

async function fails(t: ExecutionContext, home: Home, ...args: string[]): Promise<ChildResult> {
	const ended = await et(t, home, args);
	t.is(ended.code, 1);
	t.is(ended.stdout, "");
	return ended;
}

test("there and back: the server has each report once, nothing waits any more, and twice of anything is once", async (t) => {
	const server = await testServer(t);
	const { here, there, ids, file } = machines(t, server.url);
	t.is((await does(t, here, "export", file("a.et")))["reports"], 10);
	t.deepEqual(pendingIds(here.spool).toSorted(), ids, "they wait until it is known that they arrived");
	t.is((await does(t, here, "export", file("again.et")))["reports"], 10);

	t.deepEqual(await does(t, there, "import", file("a.et")), { kind: "reports", reports: 10, known: 0 });
	t.deepEqual(await does(t, there, "import", file("a.et")), { kind: "reports", reports: 0, known: 10 });
	t.deepEqual(await does(t, there, "import", file("again.et")), { kind: "reports", reports: 0, known: 10 });
	t.deepEqual(pendingIds(there.spool).toSorted(), ids);
	t.is((await does(t, there, "export", file("early.et"), "--acknowledged"))["acknowledged"], 0);

	t.is((await runUploader(t, there.spool, ["--once"])).stdout, "Delivered 10 reports.\n");
	t.deepEqual(storedReports(server), ids);
	t.deepEqual([pendingIds(there.spool), namesIn(there.spool.segments)], [[], []]);
	t.is((await does(t, there, "import", file("a.et")))["reports"], 10, "what is brought once more is sent once more");
	await runUploader(t, there.spool, ["--once"]);
	t.deepEqual(storedReports(server), ids, "and the server knows it");

	t.is((await does(t, there, "export", file("back.et"), "--acknowledged"))["acknowledged"], 10);
	t.deepEqual(await does(t, here, "import", file("early.et")), { kind: "acknowledged", delivered: 0, rejected: 0 });
	t.deepEqual(pendingIds(here.spool).toSorted(), ids);
	t.deepEqual(await does(t, here, "import", file("back.et")), { kind: "acknowledged", delivered: 10, rejected: 0 });
	t.deepEqual(await does(t, here, "import", file("back.et")), { kind: "acknowledged", delivered: 0, rejected: 0 });
	t.deepEqual([pendingIds(here.spool), lostByReason(here.spool).size], [[], 0]);
	t.is((await runUploader(t, here.spool, ["--once"])).stdout, "Delivered 0 reports.\n");
	t.deepEqual(storedReports(server), ids);
});

test("a part arrives, a part is refused, a part is told to wait: each machine keeps what is open", async (t) => {
	const fate = new Map<string, number>();
	const byFate: Behaviour = judging(({ id }) => {
		if (fate.get(id) === 0) return { verdict: "accepted" };
		return fate.get(id) === 1 ? { verdict: "rejected", code: "no", message: "not this one" } : { verdict: "later" };
	});
	const server = await faultyServer(t, byFate);
	const { here, there, ids, file } = machines(t, server.url);
	for (const [index, id] of ids.entries()) fate.set(id, index % 3);
	const open = ids.filter((id) => fate.get(id) === 2);
	await does(t, here, "export", file("a.et"));
	await does(t, there, "import", file("a.et"));
	await runUploader(t, there.spool, ["--once"]);
	t.is((await does(t, there, "export", file("back.et"), "--acknowledged"))["acknowledged"], 7);
	const first = await does(t, here, "import", file("back.et"));
	t.deepEqual(first, { kind: "acknowledged", delivered: 4, rejected: 3 });
	t.deepEqual([pendingIds(here.spool).toSorted(), pendingIds(there.spool).toSorted()], [open, open]);
	t.deepEqual(
		rejections(here.spool).map(({ id, code, message }) => [fate.get(id), code, message]),
		Array(3).fill([1, "no", "not this one"]),
	);

	server.behave(accepting);
	await runUploader(t, there.spool, ["--once", "--now"]);
	await does(t, there, "export", file("rest.et"), "--acknowledged");
	t.is((await does(t, here, "import", file("rest.et")))["delivered"], 3);
	t.deepEqual([pendingIds(here.spool), pendingIds(there.spool)], [[], []]);
});

test("the keys that erase runs are in no file that is carried about, and stay where they were", async (t) => {
	const { here, file } = machines(t, "https://et.example.org");
	const keys = namesIn(here.spool.new).map(
		(name) => JSON.parse(readFileSync(join(here.spool.new, name), "utf8")).erase_key,
	);
	t.true(keys.every((key) => /^[0-9a-f]{32}$/.test(key)));
	await does(t, here, "export", file("a.et"));
	const text = readFileSync(file("a.et"), "utf8");
	t.false(keys.some((key) => text.includes(key)));
	const kept = namesIn(here.spool.keys).map((name) => readFileSync(join(here.spool.keys, name), "utf8"));
	t.true(
		keys.every((key) => kept.join("").includes(key)),
		"here they are kept, since the runs may have left",
	);
});

test("a file that was cut, changed or is another's is refused with the reason, and nothing is taken in", async (t) => {
	const { here, there, ids, file } = machines(t, "https://et.example.org");
	await does(t, here, "export", file("a.et"));
	const text = readFileSync(file("a.et"), "utf8");
	const lines = text.split("\n");
	const damaged: Record<string, string> = {
		"cut in a line": text.slice(0, -50),
		"cut at a line": `${lines.slice(0, 4).join("\n")}\n`,
		"without its head": lines.slice(1).join("\n"),
		"a line twice": text + lines[1],
		empty: "",
		binary: "\u0000\u0001\u0002",
		"of a later version": text.replace('"et":1', '"et":2'),
		"with a name for a path": text.replace(/"export":"[^"]+"/, '"export":"../../outside"'),
	};
	for (const [what, content] of Object.entries(damaged)) {
		writeFileSync(file("damaged.et"), content);
		const { stderr } = await fails(t, there, "import", file("damaged.et"));
		t.regex(stderr, /can't be imported: .*Nothing was changed/s, what);
		t.deepEqual(there.contents(), [], what);
	}
	const { stderr } = await fails(t, there, "import", file("not-there.et"));
	t.regex(stderr, /can't be read \(ENOENT\)\. Nothing was changed/);
	t.deepEqual(pendingIds(here.spool).toSorted(), ids);
});

test("an export is written over no file, and then nothing was exported", async (t) => {
	const { here, ids, file } = machines(t, "https://et.example.org");
	writeFileSync(file("a.et"), "precious");
	const { stderr } = await fails(t, here, "export", file("a.et"));
	t.regex(stderr, /EEXIST.*still wait here/);
	t.is(readFileSync(file("a.et"), "utf8"), "precious");
	t.deepEqual(pendingIds(here.spool).toSorted(), ids);
});

test("what may not leave here is not exported", async (t) => {
	const { here, file } = machines(t, "https://et.example.org");
	putReport(here.spool, { manifest: here.manifest, grant: "a-former-grant" });
	putReport(here.spool, { manifest: here.manifest, grant: "test-grant", changes: { hold: "user" } });
	t.is((await does(t, here, "export", file("a.et")))["reports"], 10);
	const { code } = await et(t, here, ["export", file("b.et"), "--json"], { env: { DO_NOT_TRACK: "1" } });
	t.is(code, 0);
	t.is(readFileSync(file("b.et"), "utf8").split("\n").length, 2, "its head, and nothing more");
});

test("DO_NOT_TRACK on the machine that sends: nothing leaves, and all stays in both places", async (t) => {
	const server = await testServer(t);
	const { here, there, ids, file } = machines(t, server.url);
	await does(t, here, "export", file("a.et"));
	await does(t, there, "import", file("a.et"));
	const { stdout } = await runUploader(t, there.spool, ["--once"], { DO_NOT_TRACK: "1" });
	t.regex(stdout, /Not sent: 10 reports, since DO_NOT_TRACK is set/);
	t.deepEqual(storedReports(server), []);
	t.deepEqual([pendingIds(here.spool).toSorted(), pendingIds(there.spool).toSorted()], [ids, ids]);
});

test("a no of whoever would send: nothing leaves there, and all stays here", async (t) => {
	const server = await testServer(t);
	const { here, there, ids, file } = machines(t, server.url);
	there.consent.write(deny({ project: "dunovo", now: new Date(), how: "test" }));
	await does(t, here, "export", file("a.et"));
	await does(t, there, "import", file("a.et"));
	await runUploader(t, there.spool, ["--once"]);
	t.deepEqual([storedReports(server), pendingIds(there.spool)], [[], []]);
	t.is(lostByReason(there.spool).get("dunovo")?.get("withdrawn"), 10, "it is counted there");
	t.is((await does(t, there, "export", file("back.et"), "--acknowledged"))["acknowledged"], 0);
	await does(t, here, "import", file("back.et"));
	t.deepEqual(pendingIds(here.spool).toSorted(), ids);
});

test("what was folded here is exported, and ended, like the rest", async (t) => {
	const server = await faultyServer(t, ({ response }) => {
		response.writeHead(503).end();
	});
	const { here, there, file } = machines(t, server.url);
	fillSpool(here.spool, 1100, { manifest: here.manifest, grant: "test-grant" });
	const ids = pendingIds(here.spool).toSorted();
	await runUploader(t, here.spool, ["--once"]);
	t.deepEqual(namesIn(here.spool.new), [], "it was folded");
	t.is((await does(t, here, "export", file("a.et")))["reports"], ids.length);
	await does(t, there, "import", file("a.et"));
	server.behave(accepting);
	await runUploader(t, there.spool, ["--once"]);
	await does(t, there, "export", file("back.et"), "--acknowledged");
	t.is((await does(t, here, "import", file("back.et")))["delivered"], ids.length);
	t.deepEqual(pendingIds(here.spool), []);
	await runUploader(t, here.spool, ["--once", "--now"]);
	t.deepEqual(namesIn(here.spool.segments), []);
	t.is(server.requests.slice(1).flatMap((request) => request.ids).length, ids.length);
});
