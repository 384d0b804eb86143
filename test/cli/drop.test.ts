/** `et drop`: what is dropped is gone, counted, and never leaves. */
import test from "ava";
import { Journal } from "../../src/spool/journal.js";
import { lostByReason } from "../../src/spool/lost.js";
import { makeFolders } from "../../src/spool/put.js";
import { entries, readLoose } from "../../src/spool/read.js";
import { setAsideRejected } from "../../src/spool/remove.js";
import { fold } from "../../src/spool/segments.js";
import { waiting } from "../../src/spool/waiting.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import type { Home } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { fillSpool, putReport } from "../helpers/spool.js";

const droppedOf = (home: Home, project = "dunovo") =>
	lostByReason(home.spool).get(project)?.get("dropped_by_user") ?? 0;

test("reports by their ids, and no others", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 4);
	const [first, second, third, fourth] = reportsIn(home).map(({ id }) => id);
	const { stdout, code } = await et(t, home, ["drop", first ?? "", third?.slice(-12) ?? ""]);
	t.is(code, 0);
	t.is(stdout, "2 reports dropped.\n");
	t.deepEqual(
		reportsIn(home).map(({ id }) => id),
		[second, fourth],
	);
	t.is(droppedOf(home), 2);
});

test("where one id means nothing, nothing is dropped", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const { code } = await et(t, home, ["drop", reportsIn(home)[0]?.id ?? "", "no-such-id"]);
	t.is(code, 5);
	t.is(reportsIn(home).length, 1);
	t.is(droppedOf(home), 0);
});

test("all, also more than are counted at once, of one project and of all", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 2100);
	fillSpool(home.spool, 3, { manifest: testManifest({ project: "other" }) });
	const one = await et(t, home, ["drop", "--all", "--project", "other", "--yes", "--json"]);
	t.is(JSON.parse(one.stdout).waiting.length, 3);
	t.is(droppedOf(home, "other"), 3);
	t.is((await et(t, home, ["drop", "--all", "-y"])).stdout, "2,100 reports dropped.\n");
	t.is(droppedOf(home), 2100);
	t.is(reportsIn(home).length, 0);
});

test("what is folded goes too", async (t) => {
	const home = grantedHome(t);
	const name = putReport(home.spool);
	const [report] = reportsIn(home);
	fold(home.spool, "0000000001000-test", [{ name, text: readLoose(home.spool.new, name)?.text ?? "" }]);
	t.is((await et(t, home, ["drop", report?.id ?? ""])).code, 0);
	t.deepEqual([...waiting(home.spool)], []);
	t.is(droppedOf(home), 1);
});

test("what a server refused goes without being counted as lost", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const [entry] = entries(home.spool.new);
	t.truthy(entry);
	if (entry === undefined) return;
	setAsideRejected(home.spool, entry.name, entry.envelope, { at: new Date().toISOString(), code: "x", message: "" });
	t.is((await et(t, home, ["drop", entry.envelope.report.id])).stdout, "1 report dropped.\n");
	t.deepEqual([...entries(home.spool.rejected)], []);
	t.is(droppedOf(home), 0);
});

test("what was in a request is named: a server may have it", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const [report] = reportsIn(home);
	t.truthy(report);
	if (report === undefined) return;
	const { id, run_id, project, event } = report;
	const journal = new Journal(home.spool, "test");
	journal.trying(
		{ at: new Date().toISOString(), endpoint: "x", batch: "1", tried: [{ id, run_id, project, event }] },
		[],
	);
	journal.close();
	const { stdout } = await et(t, home, ["drop", id]);
	t.is(stdout, `1 report dropped.\n1 report may have left before:\n  ${id}\n`);
});

test("all without a terminal needs --yes; ids and --all exclude each other", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const cases = [["drop", "--all"], ["drop"], ["drop", "--all", "x", "--yes"], ["drop", "x", "--project", "dunovo"]];
	for (const args of cases) t.is((await et(t, home, args)).code, 2, args.join(" "));
	t.is(reportsIn(home).length, 1);
});

onTerminal("at a terminal all goes only after a yes", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool);
	const answer = (type: string) =>
		atTerminal(t, [...ET_WORDS, "drop", "--all"], [{ see: "Drop 1 report? [y/N] ", type }], { env: home.env });
	for (const no of ["\n", "n\n", "x\n", "\x04"]) t.regex((await answer(no)).shown, /Nothing was dropped\./);
	t.is((await answer("\x03")).status, -2);
	t.is(reportsIn(home).length, 1);
	t.regex((await answer("y\n")).shown, /1 report dropped\./);
	t.is(reportsIn(home).length, 0);
});
