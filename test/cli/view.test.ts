/** `et view`: the page as a file, the figures as JSON, a browser where there is one. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { opener } from "../../src/cli/view/open.js";
import { serialiseReport } from "../../src/report/serialise.js";
import { History, historyLines } from "../../src/spool/history.js";
import { atTerminal, ET_WORDS, et, grantedHome } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { onLinux, onTerminal } from "../helpers/needs.js";
import { putReport, testReport } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const isUnix = process.platform !== "win32";

async function viewed(t: ExecutionContext, home: Home, ...words: string[]): Promise<{ path: string; text: string }> {
	const { code, stdout, stderr } = await et(t, home, ["view", "--no-open", ...words]);
	t.deepEqual([code, stderr], [0, ""]);
	const path = stdout.trimEnd();
	return { path, text: readFileSync(path, "utf8") };
}

test("the page is the user's own file, loads nothing, and runs nothing", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant", given: { command: "align", wallS: 12.5 } });
	const { path, text } = await viewed(t, home);
	t.is(path, join(home.spool.view, "index.html"));
	if (isUnix) t.is(statSync(path).mode & 0o777, 0o600);
	if (isUnix) t.is(statSync(home.spool.view).mode & 0o777, 0o700);
	t.regex(text, /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'/);
	t.notRegex(text, /<script|<link|<img|<a |@import|url\(|\son\w+=/i);
	t.true(text.includes("12.5 s"));
});

test("what waits is shown as it would leave, with its state", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant", changes: { hold: "user" } });
	const { text } = await viewed(t, home);
	const [, shown = ""] = /<pre>(.*?)<\/pre>/.exec(text) ?? [];
	const { stdout: pending } = await et(t, home, ["pending", "--json"]);
	const { stdout } = await et(t, home, ["show", JSON.parse(pending).reports[0].id]);
	t.is(shown.replaceAll("&quot;", '"'), stdout);
	t.true(text.includes('<span class="state">held</span>'));
});

test("it works for reports that never leave, and for runs whose reports have left", async (t) => {
	const home = temporaryHome(t);
	grantAt(home, "local");
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant", given: { command: "here" } });
	const history = new History(home.spool, "0-a-1");
	history.keep([serialiseReport(testReport({ given: { command: "left", outcome: "killed" } }))]);
	history.close();
	const { stdout } = await et(t, home, ["view", "--json"]);
	const { runs, pending } = JSON.parse(stdout);
	t.deepEqual(runs.map(({ command }: { command: string }) => command).toSorted(), ["here", "left"]);
	t.deepEqual(pending.by_state, { "local only": 1 });
	t.false(existsSync(home.spool.view));
	const { text } = await viewed(t, home);
	t.true(text.includes("1 killed"));
});

test("without anything it says what to do", async (t) => {
	const home = temporaryHome(t);
	const { text } = await viewed(t, home);
	for (const words of ["No finished run is known here yet", "No report waits", "Nothing has left this machine"]) {
		t.true(text.includes(words), words);
	}
});

test("one project alone", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { manifest: home.manifest });
	const other = { ...home.manifest, project: "other" };
	putReport(home.spool, { manifest: other, given: { command: "elsewhere" } });
	const { text } = await viewed(t, home, "--project", home.manifest.project);
	t.false(text.includes("elsewhere"));
	const { stdout } = await et(t, home, ["view", "--json", "--project", "other"]);
	t.is(JSON.parse(stdout).runs.length, 1);
});

test("a place of the user's choice, and one that can't be written", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "runs.html");
	writeFileSync(path, "what was there", { mode: 0o644 });
	t.is((await viewed(t, home, "--output", path)).path, path);
	if (isUnix) t.is(statSync(path).mode & 0o777, 0o600);
	const { code, stderr } = await et(t, home, ["view", "--output", join(path, "below", "runs.html")]);
	t.is(code, 1);
	t.regex(stderr, /^et: The page .* could not be written .*Name another place/);
	t.is((await et(t, home, ["view", "--json", "--output", path])).code, 2);
	t.is((await et(t, home, ["view", "word"])).code, 2);
});

test("what opens a file, by platform", (t) => {
	t.is(opener("/p", "linux", {}), null);
	t.is(opener("/p", "linux", { DISPLAY: "" }), null);
	t.deepEqual(opener("/p", "linux", { WAYLAND_DISPLAY: "w" }), ["xdg-open", "/p"]);
	t.deepEqual(opener("/p", "darwin", {}), ["open", "/p"]);
	t.is(opener("/p", "win32", {})?.[0], "rundll32");
});

/** A desktop on which xdg-open is a script. */
function desktop(t: ExecutionContext, script: string): NodeJS.ProcessEnv {
	const bin = temporaryFolder(t);
	const program = join(bin, "xdg-open");
	writeFileSync(program, `#!/bin/sh\n${script}\n`);
	chmodSync(program, 0o755);
	return { DISPLAY: ":0", PATH: `${bin}:${process.env["PATH"]}` };
}

onLinux("the browser is given the page; one that fails, or is not there, is said", async (t) => {
	const home = grantedHome(t);
	const told = join(temporaryFolder(t), "told");
	const opened = await et(t, home, ["view"], { env: desktop(t, `printf %s "$1" > '${told}'`) });
	t.deepEqual([opened.code, opened.stderr], [0, ""]);
	t.is(readFileSync(told, "utf8"), opened.stdout.trimEnd());
	for (const env of [desktop(t, "exit 3"), { DISPLAY: ":0", PATH: "/nowhere" }]) {
		const { code, stdout, stderr } = await et(t, home, ["view"], { env });
		t.is(code, 0);
		t.true(existsSync(stdout.trimEnd()));
		t.regex(stderr, /no browser could be started/);
	}
});

onLinux("a browser that stays does not keep the command", async (t) => {
	const home = grantedHome(t);
	const { code, stderr } = await et(t, home, ["view"], { env: desktop(t, "exec sleep 20") });
	t.deepEqual([code, stderr], [0, ""]);
});

test("a withdrawal removes the history of its project, and the page", async (t) => {
	const home = grantedHome(t);
	const history = new History(home.spool, "0-a-1");
	history.keep([serialiseReport(testReport({ manifest: home.manifest }))]);
	history.close();
	const { path } = await viewed(t, home);
	t.is((await et(t, home, ["consent", "withdraw", home.manifest.project])).code, 0);
	t.deepEqual([...historyLines(home.spool)], []);
	t.false(existsSync(path));
});

test("thousands of runs make a small page that says what it leaves out", async (t) => {
	const home = grantedHome(t);
	const history = new History(home.spool, "0-a-1");
	const texts = Array.from({ length: 6000 }, (_, index) => {
		const given = { command: "align", outcome: "ok", wallS: 1 + index, inputs: { pairs: 1000 * (1 + index) } } as const;
		return serialiseReport(testReport({ given, atMs: Date.UTC(2026, 0, 1) + index * 60_000 }));
	});
	history.keep(texts);
	history.close();
	mkdirSync(home.spool.view);
	const { text } = await viewed(t, home);
	t.true(text.length < 200_000, String(text.length));
	t.true(text.includes("2,000 of 6,000 runs drawn"));
});

onTerminal("at a terminal it prints where the page is", async (t) => {
	const home = grantedHome(t);
	const { shown, status } = await atTerminal(t, [...ET_WORDS, "view"], [], { env: home.env });
	t.is(status, 0);
	t.is(shown, `${join(home.spool.view, "index.html")}\r\n`);
});
