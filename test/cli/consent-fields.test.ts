/** What a user leaves out: of later reports, of what waits, and under a flag; and what the site's policy is said to rule. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { run as runConsent } from "../../src/cli/commands/consent.js";
import { chosenFields } from "../../src/cli/consent-fields.js";
import { Output } from "../../src/cli/output.js";
import { systemContext } from "../../src/client/context.js";
import { enqueueIn } from "../../src/client/enqueue.js";
import { startRunIn } from "../../src/client/run.js";
import { Journal } from "../../src/spool/journal.js";
import { makeFolders } from "../../src/spool/put.js";
import { fold } from "../../src/spool/segments.js";
import { waiting } from "../../src/spool/waiting.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { putReport } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const GIVEN = { platform: "slurm", inputs: { pairs: 7 }, data: { duplexes: 2 } } as const;

async function choose(t: ExecutionContext, home: Home, ...args: string[]) {
	const { code, stdout, stderr } = await et(t, home, ["consent", "grant", home.manifestPath, ...args, "--json"]);
	t.is(code, 0, stderr);
	return JSON.parse(stdout);
}

const waitingIn = (home: Home) => [...waiting(home.spool)].map(({ envelope }) => envelope.report);

test("what is left out is in no report of et run, et enqueue, startRun() and the flag", async (t) => {
	const home = temporaryHome(t);
	const status = await choose(t, home, "--yes", "--without", "platform, data.duplexes,exit_code,command");
	t.deepEqual(status.without, ["platform", "data.duplexes", "exit_code", "command"]);
	const manifest = home.manifestPath;
	const figures = ["--platform", "slurm", "--input", "pairs=7", "--data", "duplexes=2", "--exit-code", "0"];
	const kept = await et(t, home, ["enqueue", "--manifest", manifest, ...figures, "--json"]);
	t.deepEqual(JSON.parse(kept.stdout).stripped, []);
	await et(t, home, ["enqueue", "--manifest", manifest, ...figures, "--phone-home"]);
	await et(t, home, ["run", "--manifest", manifest, "--data", "duplexes=2", "--", "true"]);
	startRunIn(systemContext(home.env), { manifest, command: "x", ...GIVEN }).end();
	const reports = reportsIn(home);
	t.is(reports.length, 6);
	for (const { platform, data, exit_code, command } of reports) {
		t.deepEqual({ platform, data, exit_code, command }, { platform: null, data: {}, exit_code: null, command: null });
	}
	t.is(reports.filter(({ inputs }) => inputs[0]?.size === 7).length, 4);
});

test("a flag counts for one run: it sends under local and without a decision, leaves out what was chosen, and bows to no", async (t) => {
	for (const words of [["enqueue"], ["run"]]) {
		const home = temporaryHome(t);
		const once = [
			...words,
			"--manifest",
			home.manifestPath,
			"--phone-home",
			...(words[0] === "run" ? ["--", "true"] : []),
		];
		await et(t, home, once);
		const count = words[0] === "run" ? 2 : 1;
		t.is(reportsIn(home).length, count);
		t.deepEqual(home.consent.projects(), [], "the next run is asked about anew");
		await et(
			t,
			home,
			once.filter((word) => word !== "--phone-home"),
		);
		t.is(reportsIn(home).length, count);
		await et(t, home, ["consent", "local", home.manifestPath, "--yes", "--without", "measured_by"]);
		await et(t, home, once);
		t.is(reportsIn(home).length, 2 * count);
		await et(t, home, ["consent", "deny", "dunovo"]);
		await et(t, home, once);
		t.is(reportsIn(home).length, 0);
	}
});

test("--without adds, --with puts one back, and nothing named leaves out nothing; a new grant keeps what was chosen", async (t) => {
	const home = temporaryHome(t);
	await choose(t, home, "--yes", "--without", "platform");
	t.deepEqual((await choose(t, home, "--without", "exception,inputs.pairs")).without, [
		"platform",
		"exception",
		"inputs.pairs",
	]);
	t.deepEqual((await choose(t, home, "--yes", "--with", "exception")).without, ["platform", "inputs.pairs"]);
	t.deepEqual((await choose(t, home, "--yes")).without, ["platform", "inputs.pairs"]);
	const text = (await et(t, home, ["consent"])).stdout;
	t.regex(text, /^ {2}leaves out: platform, inputs\.pairs$/m);
	t.deepEqual((await choose(t, home, "--yes", "--without", "")).without, []);
});

test("leaving out more of what is granted needs no answer and keeps the grant; letting more leave needs one", async (t) => {
	const home = grantedHome(t);
	const before = home.consent.read("dunovo");
	const status = await choose(t, home, "--without", "platform");
	t.like(status, { how: "test", mode: "granted" });
	t.is(before.state === "decided" && before.record.since, status.since);
	for (const args of [["--with", "platform"], ["--without", ""], []]) {
		const { code, stderr } = await et(t, home, ["consent", "grant", home.manifestPath, ...args]);
		t.is(code, 2);
		t.regex(stderr, /--yes/);
	}
	const local = await et(t, home, ["consent", "local", home.manifestPath, "--without", "exception"]);
	t.is(local.code, 2);
});

onTerminal("at a terminal the question says what is left out", async (t) => {
	const home = temporaryHome(t);
	const words = [...ET_WORDS, "consent", "grant", home.manifestPath, "--without", "platform"];
	const { shown, status } = await atTerminal(t, words, [{ see: "[y/N] ", type: "y\n" }], { env: home.env });
	t.is(status, 0);
	t.regex(shown, /Of these, you leave out: platform\r\n/);
	t.regex(shown, / {2}leaves out: platform\r\n/);
});

test("what no report has, and what each must have, is refused in words, and nothing is decided", async (t) => {
	const home = temporaryHome(t);
	const wrong: [field: string, message: RegExp][] = [
		["platfrom", /no report of dunovo has a field "platfrom"\. Did you mean platform\?/i],
		["pairs", /Did you mean inputs\.pairs\?/],
		["data.duplex", /Did you mean data\.duplexes\?/],
		["data.*", /Did you mean data\?/],
		["colour of the sky", /There are: command, .*, inputs\.pairs, data\.duplexes\./],
		["run_id", /"run_id" can't be left out: without it a report can't be placed or counted\./],
		["constructor", /has a field "constructor"/],
	];
	for (const [field, message] of wrong) {
		const { code, stderr } = await et(t, home, ["consent", "grant", home.manifestPath, "--yes", "--without", field]);
		t.is(code, 2, field);
		t.regex(stderr, message);
	}
	const unleft = await et(t, home, ["consent", "grant", home.manifestPath, "--yes", "--with", "platform"]);
	t.regex(unleft.stderr, /"platform" is not left out, so it can't be put back/);
	t.deepEqual(home.contents(), []);
});

test("where any key may be given, any may be left out", (t) => {
	const manifest = testManifest({ data: { "*": { type: "string", why: "Tested." } } });
	t.deepEqual(chosenFields([], { without: "data.whatever", with: undefined }, manifest), ["data.whatever"]);
	t.throws(() => chosenFields([], { without: "data.a b", with: undefined }, manifest));
});

test("what waits, loose or folded, loses the fields; what may have left is named", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	const options = { grant: "test-grant", given: GIVEN };
	const name = putReport(home.spool, options);
	putReport(home.spool, { ...options, manifest: testManifest({ project: "other" }) });
	const [first] = waitingIn(home);
	const envelope = [...waiting(home.spool)].find((entry) => entry.name === name)?.envelope;
	fold(home.spool, "0000000001000-test", [{ name, text: JSON.stringify(envelope) }]);
	putReport(home.spool, { ...options, grant: "flag" });
	putReport(home.spool, { grant: "test-grant", given: {} });
	const journal = new Journal(home.spool, "test");
	const tried = [{ id: first?.id ?? "", run_id: "0".repeat(32), project: "dunovo", event: "end" }];
	journal.trying({ at: new Date().toISOString(), endpoint: home.manifest.endpoint, batch: "1", tried }, []);
	journal.close();
	const { taken_out } = await choose(t, home, "--without", "platform,data.duplexes");
	t.deepEqual(taken_out, { reports: 2, may_have_left: [first?.id] });
	for (const { project, platform, data, inputs } of waitingIn(home)) {
		if (project === "other") t.is(platform, "slurm");
		else t.deepEqual({ platform, data }, { platform: null, data: {} });
		if (inputs.length > 0) t.is(inputs[0]?.size, 7);
	}
	t.is(waitingIn(home).length, 4);
	const again = await et(t, home, ["consent", "grant", home.manifestPath, "--without", "inputs.pairs"]);
	t.regex(again.stdout, /^2 reports that waited had what you leave out: it was taken out\.$/m);
	t.regex(again.stdout, /^Of these, 1 report may have left before, with it:\n {2}[0-9a-f-]{36}$/m);
});

class Recorded extends Output {
	text = "";
	override write(text: string): void {
		this.text += text;
	}
}

/** `et consent` on a machine with this policy, in this process: no user can move the file. */
function consentUnder(t: ExecutionContext, home: Home, policy: string, ...args: string[]): string {
	const sitePolicy = join(temporaryFolder(t), "policy.json");
	writeFileSync(sitePolicy, policy);
	chmodSync(sitePolicy, 0o666);
	const client = systemContext(home.env);
	const folders = { consent: home.consent.folder, spool: home.spool.root, sitePolicy };
	const out = new Recorded(-1);
	t.is(runConsent({ client: { ...client, folders }, out, err: new Recorded(-1) }, args), 0);
	return out.text.replaceAll(sitePolicy, "POLICY");
}

test("et consent says what the site's policy rules", (t) => {
	const home = grantedHome(t);
	const all = JSON.stringify({
		endpoints: ["https://other.example.org"],
		without: ["platform"],
		proxy: "http://user:secret@proxy.example.org:3128",
	});
	const text = consentUnder(t, home, all, "status", "dunovo");
	t.regex(text, /administrator rules that nothing is recorded or sent there\.$/m);
	t.regex(
		text,
		/rules \(POLICY\):\n {2}only to https:\/\/other\.example\.org\n {2}left out of every report: platform\n/,
	);
	t.regex(text, /through the proxy http:\/\/\.\.\.@proxy\.example\.org:3128/);
	t.false(text.includes("secret"));
	const { site_policy } = JSON.parse(consentUnder(t, home, all, "--json"));
	t.like(site_policy, { deny: false, without: ["platform"], problem: null });
	t.regex(consentUnder(t, home, '{"denny": true}'), /can't be understood, so nothing .*:\n {2}it has the key "denny"/);
	t.is(JSON.parse(consentUnder(t, home, "{}", "--json")).site_policy, null);
	t.regex(
		consentUnder(t, home, '{"deny": true}'),
		/CAREFUL: (?:others than root can write POLICY|POLICY is not root's)\.\n {2}Somebody else may/,
	);
});

test("what the policy leaves out is in no report that is made under it", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const sitePolicy = join(temporaryFolder(t), "policy.json");
	writeFileSync(sitePolicy, JSON.stringify({ without: ["platform", "inputs.pairs"] }));
	const folders = { consent: home.consent.folder, spool: home.spool.root, sitePolicy };
	const result = enqueueIn({ ...systemContext(home.env), folders }, GIVEN, { manifest: manifestJson() as never });
	t.like(result, { status: "queued", stripped: [] });
	t.like(reportsIn(home)[0] ?? {}, { platform: null, inputs: [], data: { duplexes: 2 } });
});
