/** The history of a user's own runs: what ended, and nothing else; bounded; lines can be taken out. */
import { appendFileSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { serialiseReport } from "../../src/report/serialise.js";
import type { ReportInput } from "../../src/report/types.js";
import { forgetHistory, History, historyLines, VIEW_FILE } from "../../src/spool/history.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { accepting, faultyServer, giving } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { namesIn, putReport, temporarySpool, testReport } from "../helpers/spool.js";
import { flushSpool } from "../helpers/uploader.js";

const text = (given: ReportInput, project = "dunovo"): string =>
	serialiseReport(testReport({ given, manifest: testManifest({ project }) }));

function keep(folders: SpoolFolders, texts: readonly string[], writer = "0-a-1", most?: number): void {
	const history = new History(folders, writer);
	history.keep(texts);
	history.close(most);
}

test("what ended is kept with its figures, and nothing else of it", (t) => {
	const folders = temporarySpool(t);
	const given: ReportInput = {
		command: "align",
		outcome: "ok",
		wallS: 2.5,
		inputs: { pairs: 7 },
		data: { duplexes: 3 },
	};
	keep(folders, [text(given), text({ event: "start" }), text({ event: "prelim" }), "no JSON"].slice(0, 3));
	const [line, ...rest] = historyLines(folders);
	t.deepEqual(rest, []);
	t.like(line, { project: "dunovo", command: "align", outcome: "ok", wall_s: 2.5, max_rss_bytes: null });
	t.deepEqual(line?.inputs, [{ name: "pairs", unit: "reads", size: 7 }]);
	t.false(JSON.stringify(line).includes("duplexes"));
	if (process.platform === "win32") return;
	for (const name of namesIn(folders.history)) t.is(statSync(join(folders.history, name)).mode & 0o777, 0o600);
});

test("nothing is made where nothing ended, and no disk's trouble reaches the uploader", (t) => {
	const folders = temporarySpool(t);
	keep(folders, [text({ event: "start" })]);
	t.false(existsSync(folders.history));
	writeFileSync(folders.history, "a file in the way");
	t.notThrows(() => keep(folders, [text({})]));
	t.notThrows(() => keep(folders, ["no JSON"]));
	t.deepEqual([...historyLines(folders)], []);
});

test("the oldest go where there is too much", (t) => {
	const folders = temporarySpool(t);
	keep(folders, [text({ command: "old" })], "0000000000001-a-1");
	keep(folders, [text({ command: "new" })], "0000000000002-a-1", 400);
	t.deepEqual(
		[...historyLines(folders)].map(({ command }) => command),
		["new"],
	);
});

test("a project's lines, or a run's, can be taken out, and the page goes with them", (t) => {
	const folders = temporarySpool(t);
	keep(folders, [text({}, "one"), text({}, "two"), text({}, "one")]);
	mkdirSync(folders.view);
	writeFileSync(join(folders.view, VIEW_FILE), "page");
	t.is(
		forgetHistory(folders, "9-b-1", ({ project }) => project === "one"),
		2,
	);
	t.deepEqual(
		[...historyLines(folders)].map(({ project }) => project),
		["two"],
	);
	t.false(existsSync(join(folders.view, VIEW_FILE)));
	t.is(
		forgetHistory(folders, "9-b-2", () => false),
		0,
	);
});

test("half a line and what is no line of a history are passed over", (t) => {
	const folders = temporarySpool(t);
	keep(folders, [text({})]);
	const [name = ""] = namesIn(folders.history);
	appendFileSync(
		join(folders.history, name),
		'null\n7\n{"event":"end"}\n{"event":"end","run_id":"x","occurred_at":"never"}\n{"even',
	);
	t.is([...historyLines(folders)].length, 1);
});

test("the uploader keeps what servers have taken, and not what they refused", async (t) => {
	const folders = temporarySpool(t);
	const server = await faultyServer(t, accepting);
	const manifest = testManifest({ endpoint: server.url });
	putReport(folders, { manifest, given: { command: "taken", wallS: 1 } });
	putReport(folders, { manifest, given: { event: "start" } });
	await flushSpool(folders);
	const refusing = await faultyServer(t, giving("rejected"));
	putReport(folders, { manifest: testManifest({ endpoint: refusing.url }), given: { command: "refused" } });
	await flushSpool(folders);
	t.deepEqual(
		[...historyLines(folders)].map(({ command }) => command),
		["taken"],
	);
});
