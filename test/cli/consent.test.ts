/** `et consent`: decisions, the notice that is agreed to, and what a refusal takes away. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { noticeText } from "../../src/cli/notice.js";
import { noticeDigest } from "../../src/consent/change.js";
import { durationInWords } from "../../src/report/duration.js";
import { sampleInWords } from "../../src/report/explanation.js";
import { FIELD_WORDS } from "../../src/report/fields.js";
import { ADDRESS_POLICIES } from "../../src/report/manifest.js";
import { Journal, type SentLine } from "../../src/spool/journal.js";
import { lostByReason } from "../../src/spool/lost.js";
import { makeFolders } from "../../src/spool/put.js";
import { entries } from "../../src/spool/read.js";
import { setAsideRejected } from "../../src/spool/remove.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { fillSpool, putReport } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** Runs `et consent` with --json. */
async function decide(t: ExecutionContext, home: Home, ...args: string[]) {
	const { code, stdout, stderr } = await et(t, home, ["consent", ...args, "--json"]);
	t.is(code, 0, stderr);
	return JSON.parse(stdout);
}

const modeAt = (home: Home, project = "dunovo") => {
	const reading = home.consent.read(project);
	return reading.state === "decided" ? reading.record.mode : reading.state;
};

test("a grant is for the notice of the manifest, and is kept with its date and how it was given", async (t) => {
	const home = temporaryHome(t);
	const status = await decide(t, home, "grant", home.manifestPath, "--yes");
	t.like(status, { project: "dunovo", mode: "granted", how: "flag --yes", endpoint: home.manifest.endpoint });
	t.deepEqual(status.notice, { version: 1, digest: noticeDigest(home.manifest) });
	t.like(await decide(t, home, "status", "dunovo"), { mode: "granted", notice_changed: null });
	t.like(await decide(t, home, "status", home.manifestPath), { mode: "granted", notice_changed: false });
});

test("the manifest may be named in three ways", async (t) => {
	for (const args of [["dunovo", "--manifest", "MANIFEST"], ["MANIFEST"], ["dunovo"], []]) {
		const home = temporaryHome(t);
		const words = args.map((word) => (word === "MANIFEST" ? home.manifestPath : word));
		const cwd = join(home.manifestPath, "..");
		const { code } = await et(t, home, ["consent", "grant", ...words, "--yes"], { cwd });
		t.is(code, 0, words.join(" "));
		t.is(modeAt(home), "granted");
	}
});

test("without a manifest there is nothing to agree to, but to what was agreed before", async (t) => {
	const home = temporaryHome(t);
	const cwd = temporaryFolder(t);
	const refused = await et(t, home, ["consent", "grant", "dunovo", "--yes"], { cwd });
	t.is(refused.code, 2);
	t.regex(refused.stderr, /et consent grant PATH\/et\.json/);
	t.is(modeAt(home), "none");
	grantAt(home);
	t.is((await et(t, home, ["consent", "local", "dunovo", "--yes"], { cwd })).code, 0);
	t.is(modeAt(home), "local");
	t.is((await et(t, home, ["consent", "grant", "dunovo", "--yes"], { cwd })).code, 0);
	t.is(modeAt(home), "granted");
});

test("a manifest of another project, a broken one and a missing one are refused", async (t) => {
	const home = temporaryHome(t);
	const broken = join(temporaryFolder(t), "et.json");
	writeFileSync(broken, JSON.stringify(manifestJson({ endpoint: "http://example.org" })));
	const wrong: [args: string[], code: number, message: RegExp][] = [
		[["other", "--manifest", home.manifestPath], 2, /is of the project dunovo, and not of other/],
		[[broken], 1, /endpoint: must be https/],
		[["./none.json"], 1, /can't be read \(ENOENT\), and without it nothing is recorded/],
		[["no such name"], 2, /can't be the name of a project/],
	];
	for (const [args, code, message] of wrong) {
		const result = await et(t, home, ["consent", "grant", ...args, "--yes"]);
		t.is(result.code, code, args.join(" "));
		t.regex(result.stderr, message);
	}
	t.deepEqual(home.contents(), []);
});

test("without a terminal a grant needs --yes, and says so", async (t) => {
	const home = temporaryHome(t);
	const { code, stderr } = await et(t, home, ["consent", "grant", home.manifestPath], { input: "y\n" });
	t.is(code, 2);
	t.regex(stderr, /no terminal to ask you at\..*--yes\./);
	t.deepEqual(home.contents(), []);
});

onTerminal("at a terminal the notice is shown, and only a yes agrees", async (t) => {
	const home = temporaryHome(t);
	const ask = (mode: string, type: string) =>
		atTerminal(t, [...ET_WORDS, "consent", mode, home.manifestPath], [{ see: "[y/N] ", type }], { env: home.env });
	for (const no of ["\n", "n\n", "yep\n", "\x04"]) {
		const { status, shown } = await ask("grant", no);
		t.is(status, 3);
		t.regex(shown, /Nothing was changed/);
	}
	t.deepEqual(home.contents(), []);
	const { shown, status } = await ask("grant", "yes\n");
	t.is(status, 0);
	t.is(modeAt(home), "granted");
	for (const part of ["https://et.example.org", "dunovo@example.org", "2 years", "To learn which sizes"]) {
		t.true(shown.includes(part), part);
	}
	const lines = shown.split("\r\n");
	t.true(lines.length <= 40, "at most a screen");
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
	for (const line of lines) t.true(line.replace(/\x1b\[\d+m/g, "").length <= 80, line);
	t.regex((await ask("local", "y\n")).shown, /send none\?/);
	t.is(modeAt(home), "local");
});

const KEPT = "2 reports that you kept for yourself will leave, too: et pending, et drop";

test("a grant that lets go what was kept for oneself says so, and no other does", async (t) => {
	const home = temporaryHome(t);
	grantAt(home, "local");
	for (const grant of ["test-grant", "test-grant", "another"]) putReport(home.spool, { grant });
	const said = async (...args: string[]) => (await et(t, home, ["consent", ...args, "--yes"])).stderr;
	t.is(await said("local", "dunovo"), "");
	t.is(await said("grant", "dunovo"), `${KEPT}\n`);
	t.is(await said("grant", "dunovo"), "");
	await said("local", "dunovo");
	writeFileSync(home.manifestPath, JSON.stringify(testManifest({ endpoint: "https://elsewhere.example.org" })));
	t.notRegex(await said("grant", home.manifestPath), /kept for yourself/);
});

onTerminal("what was kept for oneself is named before the question whether it may leave", async (t) => {
	const home = temporaryHome(t);
	grantAt(home, "local");
	for (let report = 0; report < 2; report++) putReport(home.spool, { grant: "test-grant" });
	const answer = [{ see: `${KEPT}\r\n\r\nKeep such reports and send them? [y/N] `, type: "n\n" }];
	t.is((await atTerminal(t, [...ET_WORDS, "consent", "grant", "dunovo"], answer, { env: home.env })).status, 3);
	t.is(modeAt(home), "local");
});

test("the notice says all that is declared, and neutralises what a manifest may hold", (t) => {
	const terminal = { isTerminal: true, width: 80, colour: false };
	const hostile = testManifest({
		data: { "*": { type: "string", why: "\x1b]0;owned\x07" }, key: { type: "integer", why: "counted" } },
	});
	const text = noticeText(hostile, terminal);
	t.regex(text, /the size of pairs in reads: Run time depends on it\./);
	t.regex(text, /whatever else the script gives, under any name:\s+\\u\{1b\}/);
	t.regex(text, /key \(integer\): counted/);
	t.false(text.includes("\x1b"));
	const flat = text.replaceAll(/\s+/g, " ");
	const { inputs: _inputs, data: _data, ...standard } = FIELD_WORDS;
	for (const { name } of Object.values(standard)) t.true(flat.includes(name), name);
	const plain = testManifest();
	const addresses = ADDRESS_POLICIES.map((policy) =>
		noticeText({ ...plain, notice: { ...plain.notice, addresses: policy } }, terminal),
	);
	t.is(new Set(addresses).size, ADDRESS_POLICIES.length);
});

test("the share of runs that reports, in words", (t) => {
	const shares = [0.1, 0.5, 0.0003, 1 / 3, 0.3, 0.8, 0.999].map(sampleInWords);
	t.deepEqual(shares, [
		"one run in 10 reports",
		"one run in 2 reports",
		"one run in 3333 reports",
		"one run in 3 reports",
		"30 runs in 100 report",
		"80 runs in 100 report",
		"99 runs in 100 report",
	]);
});

test("durations in words", (t) => {
	t.is(durationInWords("P2Y"), "2 years");
	t.is(durationInWords("P1Y6M"), "1 year, 6 months");
	t.is(durationInWords("P1W"), "1 week");
	t.is(durationInWords("P90D"), "90 days");
});

function sent(home: Home, ids: readonly string[], verdicts: SentLine["verdicts"]): void {
	const journal = new Journal(home.spool, "test");
	const about = { at: new Date().toISOString(), endpoint: home.manifest.endpoint, batch: "1" };
	const tried = ids.map((id) => ({ id, run_id: "0".repeat(32), project: "dunovo", event: "end" }));
	journal.trying({ ...about, tried }, []);
	journal.answered({ ...about, verdicts });
	journal.close();
}

for (const action of ["withdraw", "deny"] as const) {
	test(`${action} removes what waits, whatever its grant, and says what has left`, async (t) => {
		const home = grantedHome(t);
		makeFolders(home.spool);
		fillSpool(home.spool, 3, { grant: "test-grant" });
		putReport(home.spool, { grant: "flag" });
		putReport(home.spool, { manifest: testManifest({ project: "other" }), grant: "other-grant" });
		const [refused] = entries(home.spool.new);
		if (refused !== undefined) {
			const rejected = { at: new Date().toISOString(), code: "x", message: "" };
			setAsideRejected(home.spool, refused.name, refused.envelope, rejected);
		}
		sent(home, ["a", "b", "c"], { a: "accepted", b: "later" });
		const done = await decide(t, home, action, "dunovo");
		t.deepEqual(done.removed, { waiting: 3, rejected: 1, corrupt: 0, unfinished: 0, open: 0, copies: 0, history: 0 });
		t.deepEqual(done.left, { delivered: 1, unanswered: 2, in_flight: ["c"] });
		t.like(done, { erasable: 1, forgotten: null });
		t.is(modeAt(home), action === "deny" ? "denied" : "withdrawn");
		t.deepEqual(
			reportsIn(home).map(({ project }) => project),
			["other"],
		);
		t.is(lostByReason(home.spool).get("dunovo")?.get("withdrawn"), 3);
		await et(t, home, ["enqueue", "--manifest", home.manifestPath]);
		t.is(reportsIn(home).length, 1);
	});
}

test("a refusal in words, and again", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { grant: "test-grant" });
	const first = await et(t, home, ["consent", "withdraw", "dunovo"]);
	t.regex(first.stdout, /^dunovo: withdrawn: nothing is recorded\n.*\n1 report of dunovo that waited: removed\.\n$/);
	t.regex((await et(t, home, ["consent", "withdraw", "dunovo"])).stdout, /No report of dunovo waited\.\n$/);
});

test("all decisions, and what rules above them", async (t) => {
	const home = temporaryHome(t);
	t.is((await et(t, home, ["consent"])).stdout, "You have decided about no project, so nothing is recorded.\n");
	grantAt(home);
	await decide(t, home, "deny", "other");
	const all = await decide(t, home);
	t.deepEqual(
		all.projects.map(({ project, mode }: { project: string; mode: string }) => [project, mode]),
		[
			["dunovo", "granted"],
			["other", "denied"],
		],
	);
	const ruled = await et(t, home, ["consent", "status", "dunovo"], { env: { ET_DISABLED: "1" } });
	t.regex(ruled.stdout, /^dunovo: granted.*\nET_DISABLED is set: /s);
	const tracked = await et(t, home, ["consent"], { env: { DO_NOT_TRACK: "1" } });
	t.regex(tracked.stdout, /\nDO_NOT_TRACK is set: /);
});

test("a changed notice is said, and a decision that can't be read means no", async (t) => {
	const home = grantedHome(t);
	const json = manifestJson({ notice: { ...testManifest().notice, version: 2 } });
	writeFileSync(home.manifestPath, JSON.stringify(json));
	t.true((await decide(t, home, "status", home.manifestPath)).notice_changed);
	t.regex(
		(await et(t, home, ["consent", "status", home.manifestPath])).stdout,
		/Version 2 of the notice waits for your answer\. Until you give one,\n {2}only what both versions cover is kept/,
	);
	writeFileSync(join(home.consent.folder, "dunovo.json"), "{");
	t.like(await decide(t, home, "status", "dunovo"), { mode: "unreadable", why: "it is not JSON" });
});

test("where decisions can't be kept at all, that is said", async (t) => {
	const home = temporaryHome(t);
	const blocked = join(temporaryFolder(t), "file");
	writeFileSync(blocked, "");
	const env = { ET_CONFIG: blocked };
	const { code, stderr } = await et(t, home, ["consent", "grant", home.manifestPath, "--yes"], { env });
	t.is(code, 1);
	t.regex(
		stderr,
		/could not be written to .*What was decided before still holds\. Make the folder writable, and decide again/,
	);
});

test("decisions that can't be looked for are not said to be none", async (t) => {
	const home = temporaryHome(t);
	mkdirSync(join(home.consent.folder, ".."), { recursive: true });
	writeFileSync(home.consent.folder, "a file");
	const { code, stdout, stderr } = await et(t, home, ["consent"]);
	t.deepEqual([code, stdout], [1, ""]);
	t.regex(stderr, /can't be read \(ENOTDIR\), so nothing is recorded/);
});

test("an unknown decision, and one word too many", async (t) => {
	const home = temporaryHome(t);
	mkdirSync(home.spool.root);
	for (const args of [
		["agree", "dunovo"],
		["grant", "a", "b"],
		["constructor", "x"],
	]) {
		t.is((await et(t, home, ["consent", ...args])).code, 2);
	}
});
