/** `et` itself: help, versions, mistakes, and what a call of it loads. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "ava";
import { COMMANDS } from "../../src/cli/commands/index.js";
import { EXIT_CODE_MEANINGS, EXIT_CODES } from "../../src/cli/exit-codes.js";
import { commandHelp, overview } from "../../src/cli/help.js";
import { terminalFor } from "../../src/cli/terminal.js";
import { runScript } from "../helpers/child.js";
import { ET, et, grantedHome } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";
import { putReport } from "../helpers/spool.js";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
const NAMES = Object.keys(COMMANDS);

test("versions and help", async (t) => {
	const home = temporaryHome(t);
	t.is((await et(t, home, ["--version"])).stdout, `${version}\n`);
	const help = await et(t, home, ["--help"]);
	t.is(help.code, 0);
	for (const name of NAMES) t.regex(help.stdout, new RegExp(`^ {2}${name} +\\S`, "m"));
	for (const args of [["help"], ["-h"]]) t.is((await et(t, home, args)).stdout, help.stdout);
	const run = await et(t, home, ["help", "run"]);
	t.is(run.code, 0);
	t.is((await et(t, home, ["run", "--help"])).stdout, run.stdout);
	t.deepEqual(home.contents(), []);
});

test("each command's help has its usage, examples and exit codes, within 80 columns", async (t) => {
	for (const name of NAMES) {
		const { spec } = (await COMMANDS[name]?.()) ?? {};
		t.truthy(spec);
		if (spec === undefined) continue;
		t.is(spec.name, name);
		t.true(spec.examples.length > 0 && spec.exitCodes.length > 0, name);
		const text = commandHelp(spec, terminalFor(true, 80, { NO_COLOR: "1" }));
		for (const heading of ["Usage", "Options", "Examples", "Exit codes"]) t.true(text.includes(`\n${heading}\n`), name);
		for (const [line] of spec.examples) t.true(text.includes(line), line);
		for (const line of text.split("\n")) {
			if (!spec.examples.some(([example]) => line.includes(example))) t.true(line.length <= 80, `${name}: ${line}`);
		}
	}
	for (const line of overview([], terminalFor(true, 80, {})).split("\n"))
		t.true(line.length <= 80 + "\x1b[1m\x1b[22m".length);
});

test("exit codes are a closed list, each with its meaning", (t) => {
	t.deepEqual(Object.keys(EXIT_CODES), Object.keys(EXIT_CODE_MEANINGS));
	t.is(new Set(Object.values(EXIT_CODES)).size, Object.keys(EXIT_CODES).length);
});

test("mistakes are answered with what may have been meant", async (t) => {
	const home = temporaryHome(t);
	const wrong: [args: string[], message: RegExp][] = [
		[[], /^et: There is no command to carry out\. Nothing was done\. See: et --help\n$/],
		[["pendign"], /^et: There is no command "pendign"\. Did you mean "et pending"\?/],
		[["help", "pendign"], /Did you mean "et pending"\?/],
		[["frobnicate"], /^et: There is no command "frobnicate"\. Nothing was done/],
		[["constructor"], /^et: There is no command "constructor"\./],
		[["\x1b[2J"], /^et: There is no command "\\u\{1b\}\[2J"/],
		[["pending", "--jsno"], /did you mean --json\?/],
	];
	for (const [args, message] of wrong) {
		const { code, stdout, stderr } = await et(t, home, args);
		t.is(code, 2);
		t.is(stdout, "");
		t.regex(stderr, message);
	}
});

test("what the system refuses is no mystery, and says what to do", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant" });
	rmSync(home.spool.tmp, { recursive: true });
	writeFileSync(home.spool.tmp, "a file");
	const { code, stderr } = await et(t, home, ["hold", "--all"]);
	t.is(code, 1);
	t.regex(stderr, /^et: The system did not let et go on: E[A-Z]+: .* do the same again\.\n$/);
});

/** What Node.js has loaded of its own modules when a script ends. */
const LOADED = "process.on('exit', () => require('node:fs').writeSync(2, JSON.stringify(process.moduleLoadList)))";

test("a report from a shell loads no module that could open a socket", async (t) => {
	const home = grantedHome(t);
	const bare = await runScript(t, LOADED.replace("require('node:fs')", "process.getBuiltinModule('node:fs')"), {
		env: home.env,
	});
	const script = `
		${LOADED.replace("require('node:fs')", "process.getBuiltinModule('node:fs')")};
		process.argv = [process.argv[0], ${JSON.stringify(ET)}, "enqueue", "--manifest", ${JSON.stringify(home.manifestPath)}];
		await import(${JSON.stringify(`file://${ET}`)});`;
	const loaded = await runScript(t, script, { env: home.env });
	const before = new Set<string>(JSON.parse(bare.stderr));
	const added = (JSON.parse(loaded.stderr) as string[]).filter((name) => !before.has(name));
	t.true(added.length > 0);
	const network = /^NativeModule (?:internal\/)?(?:net|tls|http2?|https|dns|dgram|child_process|tty|inspector)\b/;
	t.deepEqual(
		added.filter((name) => network.test(name)),
		[],
	);
});
