/** `et pending`: what waits, for people and for programs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import test from "ava";
import type { ReportInput } from "../../src/report/types.js";
import { Journal } from "../../src/spool/journal.js";
import { makeFolders } from "../../src/spool/put.js";
import { readLoose } from "../../src/spool/read.js";
import { fold } from "../../src/spool/segments.js";
import { atTerminal, ET_WORDS, et, grantedHome, inBash, reportsIn } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { fillSpool, plantFile, putReport, testEnvelope } from "../helpers/spool.js";

const HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202e\nnew line";

const pending = async (t: Parameters<typeof et>[0], home: Home, ...args: string[]): Promise<string> => {
	const { code, stdout, stderr } = await et(t, home, ["pending", ...args]);
	t.is(code, 0, stderr);
	return stdout;
};

test("an empty spool, and none, wait for nothing and are left as they are", async (t) => {
	const home = temporaryHome(t);
	t.is(await pending(t, home), "No report waits.\n");
	t.deepEqual(home.contents(), []);
	t.deepEqual(JSON.parse(await pending(t, home, "--json")).reports, []);
});

test("in a pipe a row a report in the order of time, whole and without colour", async (t) => {
	const home = grantedHome(t);
	const command = "a-command-with-a-name-that-is-longer-than-any-column";
	putReport(home.spool, { grant: "test-grant", atMs: 2000, given: { event: "end", outcome: "ok", command } });
	putReport(home.spool, { grant: "test-grant", atMs: 1000, given: { event: "start", command } });
	const lines = (await pending(t, home)).split("\n");
	t.regex(lines[0] ?? "", /^ID +TIME +PROJECT +COMMAND +EVENT +BYTES +STATE$/);
	t.regex(lines[1] ?? "", /^[0-9a-f-]{36} {2}1970-01-01T00:00:01\.000Z {2}dunovo .* start /);
	t.regex(lines[2] ?? "", /^[0-9a-f-]{36} {2}1970-01-01T00:00:02\.000Z {2}dunovo .* end ok +\d+ {2}waiting$/);
	t.true(lines[2]?.includes(command));
	t.regex(lines[3] ?? "", /^2 reports, .*: 2 waiting\.$/);
	t.false(lines.join("").includes("\x1b"));
});

test("what a report or a file is called can't speak to a terminal", async (t) => {
	const home = grantedHome(t);
	const name = putReport(home.spool, { grant: "test-grant" });
	const envelope = { ...JSON.parse(readLoose(home.spool.new, name)?.text ?? "") };
	envelope.report = { ...envelope.report, id: envelope.report.id.replace(/..$/, "00"), command: HOSTILE };
	plantFile(home.spool, JSON.stringify(envelope));
	const text = await pending(t, home);
	t.is(text.split("\n").length, 5);
	t.regex(text, /\\u\{1b\}\[2J/);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
	t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
});

test("what another program wrote in another shape is listed, shown, redacted and left out of like the rest", async (t) => {
	const home = grantedHome(t);
	const shapes = [
		{ inputs: [null] },
		{ inputs: { pairs: 1 }, data: "x" },
		{ command: 5 },
		{ exception: { type: "E" } },
	];
	for (const shape of shapes) {
		const envelope = testEnvelope({ grant: "test-grant" });
		plantFile(home.spool, JSON.stringify({ ...envelope, report: { ...envelope.report, ...shape } }));
	}
	t.regex(await pending(t, home), /\n4 reports, .*: 4 waiting\.\n$/);
	const consent = await et(t, home, ["consent", "grant", "dunovo", "--without", "inputs.pairs,data.duplexes"]);
	t.is(consent.code, 0, consent.stderr);
	const redacted = await Promise.all(
		reportsIn(home).map(({ id }) => et(t, home, ["redact", id, "exception", "inputs.other"])),
	);
	t.true(redacted.every(({ code }) => code === 0));
	t.true(reportsIn(home).every(({ inputs, data }) => isDeepStrictEqual([inputs, data], [[], {}])));
	t.is((await et(t, home, ["view", "--no-open"])).code, 0);
});

onTerminal("at a terminal of 80 columns no line is longer, and short ids are what et show takes", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, {
		grant: "test-grant",
		manifest: testManifest({ project: "a-project-with-a-long-name" }),
		given: { event: "vanished", outcome: "unknown", command: HOSTILE.repeat(5) },
	});
	fillSpool(home.spool, 3, { grant: "test-grant" });
	const { shown, status } = await atTerminal(t, [...ET_WORDS, "pending"], [], { env: { ...home.env, NO_COLOR: "1" } });
	t.is(status, 0);
	const lines = shown.split("\r\n");
	for (const line of lines) t.true([...line].length <= 80, line);
	const id = /^[0-9a-f]{12}(?= )/.exec(lines[1] ?? "")?.[0];
	t.is((await et(t, home, ["show", id ?? ""])).code, 0);
});

onTerminal("colour is there at a terminal, and not where it is refused", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { grant: "test-grant" });
	const shownWith = async (env: NodeJS.ProcessEnv) =>
		(await atTerminal(t, [...ET_WORDS, "pending"], [], { env: { ...home.env, ...env } })).shown;
	t.true((await shownWith({})).includes("\x1b[1m"));
	t.false((await shownWith({ NO_COLOR: "1" })).includes("\x1b"));
	t.false((await shownWith({ TERM: "dumb" })).includes("\x1b"));
});

test("the state says what may become of a report", async (t) => {
	const home = grantedHome(t);
	const states = async (env: NodeJS.ProcessEnv = {}) => {
		const { stdout } = await et(t, home, ["pending", "--json"], { env });
		return JSON.parse(stdout).reports.map(({ spool }: { spool: { state: string; reason: string | null } }) => [
			spool.state,
			spool.reason,
		]);
	};
	const name = putReport(home.spool, { grant: "test-grant", atMs: 1000 });
	putReport(home.spool, { grant: "test-grant", atMs: 2000, changes: { hold: "user" } });
	putReport(home.spool, { grant: "another-grant", atMs: 3000 });
	t.deepEqual(await states(), [
		["waiting", null],
		["held", "user"],
		["never leaves", "withdrawn"],
	]);
	t.deepEqual((await states({ DO_NOT_TRACK: "1" }))[0], ["not allowed", "do_not_track"]);
	grantAt(home, "local");
	t.deepEqual((await states())[0], ["local only", null]);
	grantAt(home);
	const { report } = JSON.parse(readLoose(home.spool.new, name)?.text ?? "");
	const journal = new Journal(home.spool, "test");
	const tried = [{ id: report.id, run_id: report.run_id, project: report.project, event: report.event }];
	journal.trying({ at: new Date().toISOString(), endpoint: home.manifest.endpoint, batch: "1", tried }, []);
	journal.close();
	t.deepEqual((await states())[0], ["may have left", null]);
});

test("one project's, and so many; a summary says what is left out", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 5, { grant: "test-grant" });
	putReport(home.spool, { manifest: testManifest({ project: "other" }) });
	t.regex(await pending(t, home, "--project", "other"), /\n1 report, /);
	t.regex(await pending(t, home, "--limit", "2"), /\n2 reports of 6 in the spool, /);
	t.like(JSON.parse(await pending(t, home, "--json", "--limit", "2")), { count: 2, is_cut: true });
	t.is((await et(t, home, ["pending", "--limit", "0"])).code, 2);
	t.is((await et(t, home, ["pending", "surplus"])).code, 2);
});

test("JSON holds the report as it would leave, and not the key that erases it", async (t) => {
	const home = grantedHome(t);
	const key = "0123456789abcdef0123456789abcdef";
	const name = putReport(home.spool, { grant: "test-grant", key });
	const text = await pending(t, home, "--json");
	t.false(text.includes(key));
	const { report } = JSON.parse(readLoose(home.spool.new, name)?.text ?? "");
	const { spool, ...shown } = JSON.parse(text).reports[0];
	t.deepEqual(shown, report);
	t.like(spool, { name, grant: "test-grant", endpoint: home.manifest.endpoint, state: "waiting" });
});

test("folded reports wait like the others", async (t) => {
	const home = grantedHome(t);
	const name = putReport(home.spool, { grant: "test-grant", atMs: 1000 });
	putReport(home.spool, { grant: "test-grant", atMs: 2000 });
	fold(home.spool, "0000000001000-test", [{ name, text: readLoose(home.spool.new, name)?.text ?? "" }]);
	t.is(JSON.parse(await pending(t, home, "--json")).count, 2);
});

test("what was refused, set aside or dropped is named below", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	mkdirSync(home.spool.corrupt);
	writeFileSync(join(home.spool.corrupt, "1.json.not_json"), "");
	putReport(home.spool, { grant: "test-grant" });
	await et(t, home, ["drop", "--all", "--yes"]);
	const text = await pending(t, home);
	t.regex(text, /^No report waits\.$/m);
	t.regex(text, /^1 file that can't be a report: /m);
	t.regex(text, /^Dropped of dunovo so far: 1 dropped by user$/m);
});

test("a reader that has seen enough ends it quietly", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	fillSpool(home.spool, 3000, { grant: "test-grant" });
	const { stdout, stderr } = await inBash(t, home, `et pending | head -n 2; echo "code \${PIPESTATUS[0]}"`);
	t.is(stdout.split("\n").length, 4);
	t.true(stdout.endsWith("code 0\n"));
	t.is(stderr, "");
});

test("a spool that others can write is not looked into", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	await inBash(t, home, `chmod 0777 ${home.spool.root}`);
	const { code, stderr } = await et(t, home, ["pending"]);
	t.is(code, 1);
	t.regex(stderr, /^et: The spool .* can't be trusted: others can write it\. Nothing was changed.*ET_SPOOL\.\n$/);
});

test("filters leave out what is not meant, alone and together, and what is no filter is said", async (t) => {
	const home = grantedHome(t);
	const dayMs = 24 * 3600 * 1000;
	const put = (given: ReportInput, atMs = Date.now(), changes = {}) => putReport(home.spool, { given, atMs, changes });
	put({ event: "start", command: "a" }, Date.now() - 3 * dayMs);
	put({ outcome: "failed", command: "b" }, Date.now() - dayMs / 2);
	put({ outcome: "ok", command: "c" }, Date.now() - 1000, { hold: "user" });
	putReport(home.spool, { manifest: testManifest({ project: "other" }), given: { command: "d" } });
	const commands = async (...args: string[]) => {
		const { stdout, code } = await et(t, home, ["pending", "--json", ...args]);
		t.is(code, 0);
		return (JSON.parse(stdout).reports as { command: string }[]).map(({ command }) => command).join("");
	};
	t.is(await commands("--event", "start"), "a");
	t.is(await commands("--outcome", "failed"), "b");
	t.is(await commands("--state", "held"), "c");
	t.is(await commands("--project", "other"), "d");
	t.is(await commands("--since", "1d"), "bcd");
	t.is(await commands("--before", "1d"), "a");
	t.is(await commands("--since", "1d", "--project", "dunovo", "--limit", "1"), "b");
	t.is(await commands("--before", "2001-01-01"), "");
	const [first] = reportsIn(home);
	t.is(await commands("--run", first?.run_id.slice(0, 12) ?? ""), "a");
	t.is((await et(t, home, ["pending", "--state", "may-have-left"])).stdout, "No such report waits.\n");
	for (const wrong of [
		["--event", "ends"],
		["--state", "x"],
		["--since", "yesterday"],
		["--outcome", ""],
	]) {
		t.is((await et(t, home, ["pending", ...wrong])).code, 2, wrong.join(" "));
	}
});
