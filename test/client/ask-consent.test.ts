/** askConsent(): one question, one key, and no trace where nobody may be asked. At a real terminal, with the shipped files. */
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { askConsentIn } from "../../src/client/ask-consent.js";
import { systemContext } from "../../src/client/context.js";
import { deny, grant, withdraw } from "../../src/consent/change.js";
import { attendantOf } from "../../src/host/unattended.js";
import { runScript } from "../helpers/child.js";
import { atTerminal, et, reportsIn, type TerminalStep } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { asOrdinaryUser, onTerminal } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const SHIPPED = JSON.stringify(moduleUrl("pkg/index.js"));
const PROMPT = "any other key: not now ";

/** A script that asks, and says what came of it. */
const scriptOf = (home: Home, before = "", after = ""): string => `
	import { askConsent, enqueue } from ${SHIPPED};
	const manifest = ${JSON.stringify(home.manifestPath)};
	${before}
	console.log("RESULT " + JSON.stringify(askConsent({ manifest })));
	${after}`;

interface Terminal {
	env?: NodeJS.ProcessEnv;
	before?: string;
	after?: string;
	/** A line of bash around the script, which is $SCRIPT. */
	bash?: string;
}

async function ask(t: ExecutionContext, home: Home, steps: TerminalStep[], terminal: Terminal = {}) {
	const { env = {}, before, after, bash } = terminal;
	const path = join(temporaryFolder(t), "script.mjs");
	writeFileSync(path, scriptOf(home, before, after));
	const command = bash === undefined ? [process.execPath, path] : ["bash", "-c", bash];
	const script = `${process.execPath} ${path}`;
	const { shown, status } = await atTerminal(t, command, steps, { env: { ...home.env, SCRIPT: script, ...env } });
	const result = /RESULT (\{.*\})/.exec(shown)?.[1];
	return { shown, status, result: result === undefined ? null : JSON.parse(result) };
}

const recordAt = (home: Home) => {
	const reading = home.consent.read("dunovo");
	return reading.state === "decided" ? reading.record : null;
};

onTerminal("y is a grant to this notice, by one key and without an Enter; then it is not asked again", async (t) => {
	const home = temporaryHome(t);
	const after = "enqueue({ wallS: 1 }, { manifest });";
	const { shown, result, status } = await ask(t, home, [{ see: PROMPT, type: "y" }], { after });
	t.deepEqual([result, status], [{ status: "answered", answer: "yes" }, 0]);
	t.like(recordAt(home), { mode: "granted", how: "question of the script" });
	t.is(recordAt(home)?.grant?.source, readFileSync(home.manifestPath, "utf8"));
	t.is(reportsIn(home).length, 1);
	const [question = ""] = shown.split("RESULT");
	const lines = question.trimEnd().split("\r\n");
	t.true(lines.length <= 10, question);
	for (const line of lines.filter((each) => !each.includes("et explain"))) t.true(line.length <= 80, line);
	for (const part of ["dunovo", "https://et.example.org", "To learn which sizes", "size of pairs", "duplexes"]) {
		t.true(question.replace(/\s+/g, " ").includes(part), part);
	}
	t.true(question.includes(`et explain ${home.manifestPath}`));
	const again = await ask(t, home, []);
	t.deepEqual(again.result, { status: "not_asked", reason: "granted" });
	t.regex(again.shown, /^RESULT/, "nothing else is printed");
});

onTerminal("n is a no, also to the script's own flag, and is not asked again", async (t) => {
	const home = temporaryHome(t);
	const after = "enqueue({}, { manifest, phoneHome: true });";
	const { result } = await ask(t, home, [{ see: PROMPT, type: "N" }], { after });
	t.deepEqual(result, { status: "answered", answer: "no" });
	t.is(recordAt(home)?.mode, "denied");
	t.deepEqual(reportsIn(home), []);
	t.deepEqual((await ask(t, home, [])).result, { status: "not_asked", reason: "decided" });
});

for (const [name, key] of [
	["Enter", "\r"],
	["a space", " "],
	["an arrow", "\x1b[A"],
	["a letter of another alphabet", "ы"],
	["a word that begins with y", "yes"],
] as const) {
	onTerminal(
		`${name} is not now: no decision, nothing recorded, and no second question until the notice changes`,
		async (t) => {
			const home = temporaryHome(t);
			const after = "enqueue({}, { manifest });";
			const { result } = await ask(t, home, [{ see: PROMPT, type: key }], { after });
			t.deepEqual(result, { status: "answered", answer: "not_now" });
			t.is(recordAt(home), null);
			t.false(existsSync(home.spool.root));
			t.deepEqual(home.consent.projects(), []);
			t.deepEqual((await ask(t, home, [])).result, { status: "not_asked", reason: "asked_before" });
			const told = (await et(t, home, ["consent", "status", "dunovo"])).stdout;
			t.regex(told, /nothing is recorded\n {2}you were asked about notice version 1 at .*Z, and said not now\n/);
			const next = manifestJson({ notice: { ...testManifest().notice, version: 2 } });
			writeFileSync(home.manifestPath, JSON.stringify(next));
			t.is((await ask(t, home, [{ see: PROMPT, type: "y" }])).result.answer, "yes");
		},
	);
}

onTerminal(
	"a new notice is asked about once; a no to it leaves what was granted before, and what was chosen",
	async (t) => {
		const home = temporaryHome(t);
		const former = grant(home.manifest, "granted", null, "first", {
			now: new Date(),
			how: "test",
			without: ["platform"],
		});
		home.consent.write(former);
		const version = (number: number): void =>
			writeFileSync(
				home.manifestPath,
				JSON.stringify(manifestJson({ notice: { ...testManifest().notice, version: number } })),
			);
		version(2);
		const { result, shown } = await ask(t, home, [{ see: PROMPT, type: "n" }]);
		t.is(result.answer, "no");
		t.regex(shown, /has changed its notice and asks anew/);
		t.deepEqual(recordAt(home), former);
		t.is((await ask(t, home, [])).result.reason, "asked_before");
		version(3);
		t.is((await ask(t, home, [{ see: PROMPT, type: "y" }])).result.answer, "yes");
		t.like(recordAt(home)?.grant, {
			id: "first",
			notice: { ...recordAt(home)?.grant?.notice, version: 3 },
			without: ["platform"],
		});
	},
);

onTerminal(
	"an older script asks nothing: neither where a newer notice was granted, nor where one was asked about",
	async (t) => {
		const home = temporaryHome(t);
		const version = (number: number): void => {
			const json = manifestJson({ notice: { ...testManifest().notice, version: number } });
			writeFileSync(home.manifestPath, JSON.stringify(json));
		};
		version(3);
		t.is((await ask(t, home, [{ see: PROMPT, type: " " }])).result.answer, "not_now");
		version(2);
		t.is((await ask(t, home, [])).result.reason, "asked_before");
		version(4);
		t.is((await ask(t, home, [{ see: PROMPT, type: "y" }])).result.answer, "yes");
		version(2);
		t.is((await ask(t, home, [])).result.reason, "granted");
		t.is(recordAt(home)?.grant?.notice.version, 4);
	},
);

const STATE = "stty -a | tr ';' '\\n' | grep -E 'icanon|echo |isig' | tr '\\n' ' '; echo END";

onTerminal("Ctrl-C interrupts the script, nothing is written, and the terminal is as it was", async (t) => {
	const home = temporaryHome(t);
	const bash = `trap : INT; ${STATE}; $SCRIPT; echo "ENDED $?"; ${STATE}`;
	const { shown, result } = await ask(t, home, [{ see: PROMPT, type: "\x03" }], { bash });
	t.is(result, null);
	t.regex(shown, /ENDED 130/);
	const states = [...shown.matchAll(/^(.*isig.*)END/gm)].map(([, state]) => state);
	t.is(states.length, 2);
	t.is(states[0], states[1]);
	t.regex(states[0] ?? "", / icanon.* echo /);
	t.deepEqual(home.contents(), []);
	t.is((await ask(t, home, [{ see: PROMPT, type: " " }])).result.answer, "not_now");
});

onTerminal("a script that handles Ctrl-C itself does so, and goes on", async (t) => {
	const home = temporaryHome(t);
	const before = `process.on("SIGINT", () => console.log("HANDLED"));`;
	const after = "setTimeout(() => console.log('WENT ON'), 50);";
	const { shown, result } = await ask(t, home, [{ see: PROMPT, type: "\x03" }], { before, after });
	t.deepEqual(result, { status: "not_asked", reason: "interrupted" });
	t.regex(shown, /HANDLED/);
	t.regex(shown, /WENT ON/);
	t.deepEqual(home.contents(), []);
});

onTerminal("a script that is ended while it asks leaves the terminal as it was", async (t) => {
	const home = temporaryHome(t);
	const before = `(await import("node:child_process")).spawn("sh", ["-c", "until [ -e $HOME/asked ]; do sleep 0.02; done; kill -TERM " + process.pid]);`;
	const bash = `${STATE}; $SCRIPT; echo "ENDED $?"; ${STATE}`;
	const asked = { see: PROMPT, run: ["touch", join(home.folder, "asked")] };
	const { shown } = await ask(t, home, [asked], { bash, before });
	t.regex(shown, /ENDED 143/);
	const states = [...shown.matchAll(/^(.*isig.*)END/gm)].map(([, state]) => state);
	t.is(states[0], states[1]);
});

onTerminal("the terminal works as before after an answer: a line is read with its Enter", async (t) => {
	const home = temporaryHome(t);
	const after = `
		const { createInterface } = await import("node:readline/promises");
		const line = createInterface({ input: process.stdin, output: process.stdout });
		console.log("LINE " + await line.question("name? "));
		line.close();`;
	const steps = [
		{ see: PROMPT, type: "n" },
		{ see: "name? ", type: "ada\r" },
	];
	t.regex((await ask(t, home, steps, { after })).shown, /LINE ada/);
});

onTerminal("what was typed before the question is no answer to it", async (t) => {
	const home = temporaryHome(t);
	const typed = join(temporaryFolder(t), "typed");
	const before = `
		console.log("READY");
		const { existsSync } = process.getBuiltinModule("node:fs");
		const moment = new Int32Array(new SharedArrayBuffer(4));
		while (!existsSync(${JSON.stringify(typed)})) Atomics.wait(moment, 0, 0, 5);`;
	// The terminal shows a key once it has it for the script.
	const steps = [
		{ see: "READY", type: "y" },
		{ see: "y", run: ["touch", typed] },
	];
	const { result, shown } = await ask(t, home, steps, { before });
	t.deepEqual(result, { status: "not_asked", reason: "typed_ahead" });
	t.false(shown.includes(PROMPT));
	t.deepEqual(home.contents(), []);
});

const NOBODY: readonly [name: string, env: NodeJS.ProcessEnv, reason: string][] = [
	["CI", { CI: "true" }, "ci"],
	["Slurm", { SLURM_JOB_ID: "7" }, "batch_job"],
	["PBS", { PBS_JOBID: "7.host" }, "batch_job"],
	["SGE", { JOB_ID: "7" }, "batch_job"],
	["LSF", { LSB_JOBID: "7" }, "batch_job"],
	["Galaxy, under Slurm", { GALAXY_SLOTS: "4", SLURM_JOB_ID: "7" }, "galaxy"],
	["Nextflow", { NXF_TASK_WORKDIR: "/work" }, "workflow"],
	["Snakemake", { SNAKEMAKE_PROFILE: "x" }, "workflow"],
	["DO_NOT_TRACK", { DO_NOT_TRACK: "1" }, "do_not_track"],
	["ET_DISABLED", { ET_DISABLED: "1" }, "et_disabled"],
];

for (const [name, env, reason] of NOBODY) {
	onTerminal(`nobody is asked, and nothing is printed or written: ${name}`, async (t) => {
		const home = temporaryHome(t);
		const { shown, result } = await ask(t, home, [], { env });
		t.deepEqual(result, { status: "not_asked", reason });
		t.regex(shown, /^RESULT/);
		t.deepEqual(home.contents(), []);
	});
}

for (const redirect of ["</dev/null", "2>/dev/null", "2>&1 | cat"]) {
	onTerminal(`nobody is asked where a stream is elsewhere: ${redirect}`, async (t) => {
		const home = temporaryHome(t);
		const { result } = await ask(t, home, [], { bash: `$SCRIPT ${redirect}` });
		t.deepEqual(result, { status: "not_asked", reason: "no_terminal" });
		t.deepEqual(home.contents(), []);
	});
}

onTerminal("nobody is asked from the background, and the script is not stopped", async (t) => {
	const home = temporaryHome(t);
	const { result } = await ask(t, home, [], { bash: "set -m; $SCRIPT <$(tty) & wait; true" });
	t.deepEqual(result, { status: "not_asked", reason: "no_terminal" });
	t.deepEqual(home.contents(), []);
});

test("in a pipe nobody is asked, nothing is printed, and no socket or file is made", async (t) => {
	const home = temporaryHome(t);
	const { stdout, stderr, code } = await runScript(t, scriptOf(home), { env: home.env, input: "y" });
	t.deepEqual([code, stderr, stdout], [0, "", 'RESULT {"status":"not_asked","reason":"no_terminal"}\n']);
	t.deepEqual(home.contents(), []);
});

test("a decision, one that can't be read, the site's policy and a broken manifest: a result, and nothing else", (t) => {
	const home = temporaryHome(t);
	const manifest = home.manifestPath;
	const reasonIn = (changes: object = {}, source: unknown = manifest): string => {
		const result = askConsentIn({ ...systemContext(home.env), ...changes }, { manifest: source as string });
		return result.status === "not_asked" ? result.reason : result.answer;
	};
	const change = { now: new Date(), how: "test", project: "dunovo" };
	t.is(reasonIn(), "no_terminal");
	t.is(reasonIn({ folders: null }), "no_home");
	for (const source of ["none.json", {}, null, 7, Symbol("x")]) t.not(reasonIn({}, source), "no_terminal");
	const sitePolicy = join(temporaryFolder(t), "policy.json");
	writeFileSync(sitePolicy, '{"deny":true}');
	const folders = { spool: home.spool.root, consent: home.consent.folder, sitePolicy };
	t.is(reasonIn({ folders }), "site_policy");
	t.deepEqual(home.contents(), []);
	grantAt(home);
	t.is(reasonIn(), "granted");
	grantAt(home, "local");
	t.is(reasonIn(), "decided");
	for (const decide of [deny, withdraw]) {
		home.consent.write(decide(change));
		t.is(reasonIn(), "decided");
	}
	writeFileSync(join(home.consent.folder, "dunovo.json"), "{");
	t.is(reasonIn(), "consent_unreadable");
	t.notThrows(() => askConsentIn(systemContext({}), undefined as never));
});

asOrdinaryUser("where no answer could be kept, nobody is asked again and again", async (t) => {
	const home = temporaryHome(t);
	chmodSync(home.folder, 0o500);
	t.teardown(() => chmodSync(home.folder, 0o700));
	t.deepEqual((await ask(t, home, [])).result, { status: "not_asked", reason: "unwritable" });
});

onTerminal("a hostile manifest does not reach the terminal's controls", async (t) => {
	const json = manifestJson({
		notice: { ...testManifest().notice, purpose: `\x1b]0;owned\x07 ${"long ".repeat(70)}` },
	});
	const home = temporaryHome(t);
	writeFileSync(home.manifestPath, JSON.stringify(json));
	const { shown } = await ask(t, home, [{ see: PROMPT, type: "n" }]);
	t.false(shown.includes("\x1b"));
	t.true((shown.split("RESULT")[0] ?? "").split("\r\n").length <= 12, shown);
});

const ET_SHIPPED = fileURLToPath(moduleUrl("pkg/et.js"));

onTerminal("et consent ask: the same for a script in a shell, by its exit code", async (t) => {
	const home = temporaryHome(t);
	const command = [process.execPath, ET_SHIPPED, "consent", "ask", home.manifestPath];
	const at = (steps: TerminalStep[]) => atTerminal(t, command, steps, { env: home.env });
	t.is((await at([{ see: PROMPT, type: "x" }])).status, 3);
	t.like(await at([]), { shown: "", status: 3 });
	writeFileSync(home.manifestPath, JSON.stringify(manifestJson({ notice: { ...testManifest().notice, version: 2 } })));
	t.is((await at([{ see: PROMPT, type: "y" }])).status, 0);
	t.like(await at([]), { shown: "", status: 0 });
});

test("et consent ask in a pipe says nothing; --json says why", async (t) => {
	const home = temporaryHome(t);
	const plain = await et(t, home, ["consent", "ask", home.manifestPath], { input: "y" });
	t.deepEqual([plain.code, plain.stdout, plain.stderr], [3, "", ""]);
	const told = await et(t, home, ["consent", "ask", "none.json", "--json"]);
	t.deepEqual(JSON.parse(told.stdout), { status: "not_asked", reason: "invalid_manifest" });
	t.deepEqual(home.contents(), []);
});

test("who started a process is told by what is set, and not by what says no", (t) => {
	t.is(attendantOf({}), null);
	t.is(attendantOf({ CI: "false", SLURM_JOB_ID: "", HOME: "/x", NXF_VER: "24" }), null);
	t.is(attendantOf({ GITHUB_ACTIONS: "true" }), "ci");
	t.is(attendantOf({ _CONDOR_JOB_AD: "/x" }), "batch_job");
});

test("an import of the client loads nothing of it", async (t) => {
	const bundle = readFileSync(fileURLToPath(moduleUrl("pkg/index.js")), "utf8");
	t.false(bundle.includes("any other key"));
	t.true(readFileSync(fileURLToPath(moduleUrl("pkg/index-ask.cjs")), "utf8").includes("any other key"));
	const script = `const { askConsent } = await import(${SHIPPED}); console.log(typeof askConsent);`;
	t.is((await runScript(t, script, { env: temporaryHome(t).env })).stdout, "function\n");
});

test("a bundle of the author's own that has the client's file alone: it asks nobody, and does not throw", async (t) => {
	const home = temporaryHome(t);
	const alone = join(temporaryFolder(t), "bundled.mjs");
	copyFileSync(fileURLToPath(moduleUrl("pkg/index.js")), alone);
	const script = `
		const { askConsent } = await import(${JSON.stringify(alone)});
		console.log(JSON.stringify(askConsent({ manifest: ${JSON.stringify(home.manifestPath)} })));`;
	const { stdout, stderr } = await runScript(t, script, { env: home.env });
	t.deepEqual([JSON.parse(stdout), stderr], [{ status: "not_asked", reason: "internal_error" }, ""]);
});
