/** A notice that has changed, as its user meets it: what is kept meanwhile, who says so, and the question. */
import { writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { noticeDigest } from "../../src/consent/change.js";
import type { Manifest } from "../../src/report/manifest.js";
import { noticeNotes } from "../../src/spool/notices.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import type { Home } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const NEXT = {
	endpoint: "https://elsewhere.example.org",
	notice: { ...testManifest().notice, version: 2, retention: "P3Y", addresses: "none" },
	inputs: { pairs: { unit: "bases", why: "Other." } },
	data: {
		duplexes: { type: "integer", why: "Tells how much of the input was usable." },
		note: { type: "string", why: "New." },
	},
};

/** How each change is said. */
const SAID = [
	"new: note (string): New.",
	"sent to: https://elsewhere.example.org; it is: https://et.example.org",
	"the reason for the size of pairs would be: Other. It is: Run time depends on it.",
	"the size of pairs would be in bases; it is in reads",
	"your address: the server does not keep it; it is: the server may keep it in full",
	"kept for: 3 years; it is: 2 years",
];

const flat = (text: string): string => text.replaceAll(/\s+/g, " ");

interface Place {
	home: Home;
	next: Manifest;
	/** A folder without an et.json. */
	cwd: string;
	env: NodeJS.ProcessEnv;
}

/** A home at which a script has come with a notice that is not the agreed one, and left a report. */
async function afterUpdate(t: ExecutionContext): Promise<Place> {
	const home = grantedHome(t);
	writeFileSync(home.manifestPath, JSON.stringify(manifestJson(NEXT)));
	const words = ["enqueue", "--manifest", home.manifestPath, "--data", "duplexes=3", "--data", "note=x", "--json"];
	const { stdout } = await et(t, home, [...words, "--input", "pairs=7"]);
	t.like(JSON.parse(stdout), { status: "queued", stripped: ["inputs.pairs", "data.note"] });
	return { home, next: testManifest(NEXT), cwd: temporaryFolder(t), env: home.env };
}

test("what waits for an answer is said by et consent, et status and et explain, each with what to do", async (t) => {
	const { home, next, cwd } = await afterUpdate(t);
	const say = async (...words: string[]) => (await et(t, home, words, { cwd })).stdout;
	for (const words of [["consent"], ["consent", "status", "dunovo"], ["consent", "status", home.manifestPath]]) {
		const text = await say(...words);
		t.regex(text, /\n {2}Version 2 of the notice waits for your answer\..*\n.*\n.*et consent grant dunovo\n/, text);
		for (const line of text.split("\n")) t.true(line.length <= 80, line);
	}
	const waits = { version: 2, digest: noticeDigest(next) };
	t.deepEqual(JSON.parse(await say("consent", "status", "dunovo", "--json")).new_notice, waits);
	t.regex(
		await say("status"),
		/\nNew notice of dunovo: version 2 waits for your answer \(you agreed to 1\)\n {2}et explain/,
	);
	t.deepEqual(JSON.parse(await say("status", "--json")).new_notices, [
		{ project: "dunovo", version: 2, agreed_version: 1 },
	]);
	t.regex(await say("explain", "dunovo"), /\(notice version 1\)\.\n.*\nVersion 2 of this notice waits .* --new\n$/s);
	const explained = flat(await say("explain", "dunovo", "--new"));
	t.true(explained.includes("(notice version 2)."));
	for (const change of SAID) t.true(explained.includes(change), change);
	t.is(JSON.parse(await say("explain", "dunovo", "--new", "--json")).endpoint, next.endpoint);
});

onTerminal("before the question stands what has changed, in words; a no leaves all as it was", async (t) => {
	const { home, cwd, env } = await afterUpdate(t);
	const ask = (type: string) =>
		atTerminal(t, [...ET_WORDS, "consent", "grant", "dunovo"], [{ see: "[y/N] ", type }], { env, cwd });
	const refused = await ask("n\n");
	t.is(refused.status, 3);
	const before = flat(refused.shown.slice(0, refused.shown.indexOf("[y/N]")));
	t.true(before.includes("you agreed to version 1, this is version 2"));
	for (const change of SAID) t.true(before.includes(change), change);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
	for (const line of refused.shown.split("\r\n")) t.true(line.replace(/\x1b\[\d+m/g, "").length <= 80, line);
	t.is(noticeNotes(home.spool).length, 1);
	t.is((await ask("y\n")).status, 0);
	t.deepEqual(noticeNotes(home.spool), []);
	t.false((await ask("n\n")).shown.includes("you agreed to version"));
});

test("after the answer the script's own notice holds, and is recognised by its file", async (t) => {
	const { home, next, cwd } = await afterUpdate(t);
	const { stderr, stdout } = await et(t, home, ["consent", "grant", "dunovo", "--yes", "--json"], { cwd });
	t.true(flat(stderr).includes(SAID[0] ?? ""));
	t.like(JSON.parse(stdout), { mode: "granted", endpoint: next.endpoint, new_notice: null, notice_changed: false });
	const reading = home.consent.read("dunovo");
	t.is(reading.state === "decided" ? reading.record.grant?.source : null, JSON.stringify(manifestJson(NEXT)));
	await et(t, home, ["enqueue", "--manifest", home.manifestPath, "--data", "note=x"]);
	t.deepEqual(
		reportsIn(home).map(({ manifest_notice, data }) => [manifest_notice, data]),
		[
			[1, { duplexes: 3 }],
			[2, { note: "x" }],
		],
	);
});

test("who chooses fields, chooses them of what was agreed to", async (t) => {
	const { home, cwd } = await afterUpdate(t);
	const { stdout } = await et(t, home, ["consent", "grant", "dunovo", "--without", "platform", "--json"], { cwd });
	t.like(JSON.parse(stdout), { notice: { version: 1 }, without: ["platform"] });
	t.is(noticeNotes(home.spool).length, 1);
	const explained = await et(t, home, ["explain", "dunovo", "--json"], { cwd });
	t.like(JSON.parse(explained.stdout), { left_out: ["platform"], notice_version: 1 });
	t.is(JSON.parse(JSON.parse(explained.stdout).example).platform, null);
	t.regex((await et(t, home, ["explain", "dunovo"], { cwd })).stdout, /\nYou leave out platform\n/);
});

for (const action of ["deny", "withdraw"]) {
	test(`to ${action} is an answer`, async (t) => {
		const { home, cwd } = await afterUpdate(t);
		t.is((await et(t, home, ["consent", action, "dunovo"], { cwd })).code, 0);
		t.deepEqual(noticeNotes(home.spool), []);
		t.notRegex((await et(t, home, ["status"], { cwd })).stdout, /New notice/);
	});
}

test("a decision that was tampered with can be taken anew", async (t) => {
	const home = grantedHome(t);
	const reading = home.consent.read("dunovo");
	if (reading.state !== "decided" || reading.record.grant === null) return t.fail();
	home.consent.write({ ...reading.record, grant: { ...reading.record.grant, text: '{"et":1}' } });
	t.is((await et(t, home, ["consent", "grant", home.manifestPath, "--yes"])).code, 0);
	return t.is((await et(t, home, ["consent", "grant", home.manifestPath, "--yes"])).stderr, "");
});
