/** `et explain`: what a project asks for, made by what makes reports. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { COMMANDS } from "../../src/cli/commands/index.js";
import { explainedMarkdown } from "../../src/cli/markdown.js";
import { explainedText, fieldsText, noticeText } from "../../src/cli/notice.js";
import { terminalFor } from "../../src/cli/terminal.js";
import { buildReport } from "../../src/report/build.js";
import { type Explanation, explanationOf } from "../../src/report/explanation.js";
import { FIELD_WORDS } from "../../src/report/fields.js";
import { REPORT_SCHEMA } from "../../src/report/schema.js";
import { atTerminal, ET_WORDS, et, grantedHome } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const PLAIN = terminalFor(true, 80, { NO_COLOR: "1" });

/** What authors ask for: two inputs and three keys of data. */
const TYPICAL = {
	inputs: {
		pairs: { unit: "reads", why: "Run time depends on it." },
		reference: { unit: "bases", why: "Memory depends on it." },
	},
	data: {
		duplexes: { type: "integer", why: "Tells how much of the input was usable." },
		mode: { type: "string", why: "Which of three algorithms people choose." },
		duplication: { type: "number", why: "Time depends on it in a way that we do not understand." },
	},
};
const EVERY_TYPE = testManifest({
	sample: 0.25,
	data: { ...TYPICAL.data, flag: { type: "boolean", why: "Tested." }, "*": { type: "string", why: "Tested too." } },
});

/** Runs `et explain` in a folder with a manifest. */
async function explain(t: ExecutionContext, args: readonly string[], changes = {}) {
	const cwd = temporaryFolder(t);
	writeFileSync(join(cwd, "et.json"), JSON.stringify(manifestJson(changes)));
	return et(t, temporaryHome(t), ["explain", ...args], { cwd });
}

test("a typical manifest is explained on about a screen of 80 columns, in a pipe and without colours", async (t) => {
	const { code, stdout, stderr } = await explain(t, ["et.json"], TYPICAL);
	t.deepEqual([code, stderr], [0, ""]);
	const lines = stdout.trimEnd().split("\n");
	t.true(lines.length <= 43, `${lines.length} lines`);
	for (const line of lines) t.true(line.length <= 80, line);
	for (const part of ["To learn which sizes", "https://et.example.org", "2 years", "dunovo@example.org", "Never"]) {
		t.true(stdout.includes(part), part);
	}
	t.is((await explain(t, ["dunovo"], TYPICAL)).stdout, stdout);
	t.is((await explain(t, [], TYPICAL)).stdout, stdout);
});

onTerminal("at a terminal it is in colour, and no wider than it", async (t) => {
	const home = temporaryHome(t);
	const { shown, status } = await atTerminal(t, [...ET_WORDS, "explain", home.manifestPath], [], {
		env: home.env,
		columns: 60,
	});
	t.is(status, 0);
	t.true(shown.includes("\x1b[1mPurpose"));
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
	for (const line of shown.split("\r\n")) t.true(line.replace(/\x1b\[\d+m/g, "").length <= 60, line);
	const plain = await atTerminal(t, [...ET_WORDS, "explain", home.manifestPath], [], {
		env: { ...home.env, NO_COLOR: "1" },
	});
	t.false(plain.shown.includes("\x1b"));
});

/** Names of all fields in a value of the wire, with those inside of them. */
function namesIn(schema: object): string[] {
	return Object.entries(schema).flatMap(([key, inner]) => {
		if (typeof inner !== "object" || inner === null) return [];
		return key === "properties" ? [...Object.keys(inner), ...namesIn(inner)] : namesIn(inner);
	});
}

test("every field that a report can have has words; whoever adds one has to say here that its words are true", (t) => {
	t.deepEqual(Object.keys(FIELD_WORDS).sort(), Object.keys(REPORT_SCHEMA.properties).sort());
	const inside = new Set(namesIn(REPORT_SCHEMA).filter((name) => !Object.hasOwn(FIELD_WORDS, name)));
	t.deepEqual([...inside].sort(), [
		"cpus",
		"file",
		"frames",
		"function",
		"line",
		"memory_bytes",
		"name",
		"size",
		"type",
		"unit",
	]);
});

test("the example holds no field that the notice does not name, and is a report as it would leave", (t) => {
	const explained = explanationOf(EVERY_TYPE);
	const report = JSON.parse(explained.example);
	const texts = [noticeText(EVERY_TYPE, PLAIN), explainedText(explained, PLAIN)].map((text) =>
		text.replaceAll(/\s+/g, " "),
	);
	const named = {
		...FIELD_WORDS,
		inputs: { name: "the size of pairs in reads" },
		data: { name: "duplexes (integer)" },
	};
	for (const field of Object.keys(report)) {
		const words = (named as Record<string, { name: string }>)[field]?.name ?? `${field} has no words`;
		for (const text of texts) t.true(text.includes(words), words);
		if (field === "inputs" || field === "data") continue;
		t.true(fieldsText(explained, PLAIN).includes(`\n${field}\n`), field);
		t.true(explainedMarkdown(explained).includes(`\n| ${field.replaceAll("_", "\\_")} | `), field);
	}
	t.deepEqual(report.data, { duplexes: 1200, mode: "text", duplication: 0.25, flag: true, anything: "text" });
	const frame = {
		manifest: EVERY_TYPE,
		id: report.id,
		runId: report.run_id,
		now: new Date(report.occurred_at),
		weight: 4,
	};
	const built = buildReport({}, frame).report;
	t.deepEqual(Object.keys(report), Object.keys(built));
	const values = Object.entries(report).filter(([, value]) => value === null);
	t.deepEqual(
		values.map(([field]) => field),
		["platform_inner", "signal", "threads", "read_bytes", "written_bytes", "kill_reason"],
	);
});

test("as JSON: all of it, and the example byte for byte", async (t) => {
	const { stdout } = await explain(t, ["et.json", "--json"], TYPICAL);
	const explained = JSON.parse(stdout) as Explanation;
	t.deepEqual(explained, explanationOf(testManifest(TYPICAL)));
	t.is(explained.data.length, 3);
	t.is(JSON.stringify(JSON.parse(explained.example)), explained.example);
	t.is(explained.standard.length, Object.keys(FIELD_WORDS).length - 2);
});

test("field by field, with its reason and what the example says there", async (t) => {
	const { stdout } = await explain(t, ["et.json", "--fields"], TYPICAL);
	t.regex(stdout, /\nmax_rss_bytes\n {2}the most memory that it held\n {2}why: .*\n {2}example: 3221225472\n/);
	t.regex(stdout, /\ninputs\.pairs\n {2}the size of pairs in reads\n {2}why: Run time depends on it\.\n/);
	t.regex(stdout, /\ndata\.duplexes\n.*\n {2}why: .*\n {2}example: 1200\n/);
	for (const line of stdout.split("\n")) t.true(line.length <= 80, line);
});

test("nothing that a manifest holds is markup in Markdown, or obeyed by a terminal", (t) => {
	const hostile = "<script>alert(1)</script> **b** [x](javascript:y) | `c` &lt; \x1b]0;owned\x07\n# head";
	const manifest = testManifest({
		notice: { ...testManifest().notice, purpose: hostile, contact: hostile },
		inputs: { pairs: { unit: "```<b>", why: hostile } },
		data: { "*": { type: "string", why: hostile } },
	});
	const explained = explanationOf(manifest);
	const markdown = explainedMarkdown(explained);
	const [prose = ""] = [markdown.replace(/```json\n.*?\n```\n/s, "")];
	t.notRegex(prose, /(?<!\\)[<`[&]/);
	t.notRegex(prose, /(?<!\\)\*\*|^# /m);
	t.is(markdown.match(/^```/gm)?.length, 2);
	const cells = new Set(prose.match(/^\|.*$/gm)?.map((row) => row.split(/(?<!\\)\|/).length));
	t.deepEqual([...cells], [5, 4], "three columns of fields, two of commands");
	for (const text of [markdown, explainedText(explained, PLAIN), fieldsText(explained, PLAIN)]) {
		t.false(text.includes("\x1b"));
		t.false(text.includes("\x07"));
	}
});

test("each way that is named is a command", (t) => {
	for (const { command } of explanationOf(testManifest()).ways) {
		for (const [, name = ""] of command.matchAll(/et ([a-z-]+)/g)) t.true(Object.hasOwn(COMMANDS, name), name);
	}
});

test("of a project without an et.json at hand, what was agreed to; else a word of where to find one", async (t) => {
	const cwd = temporaryFolder(t);
	const granted = await et(t, grantedHome(t), ["explain", "dunovo", "--json"], { cwd });
	t.deepEqual(JSON.parse(granted.stdout), explanationOf(testManifest()));
	const nothing = await et(t, temporaryHome(t), ["explain", "dunovo"], { cwd });
	t.is(nothing.code, 2);
	t.regex(nothing.stderr, /agreed to no notice of dunovo, and there is no et\.json/);
});

test("a command line that says too much is refused", async (t) => {
	for (const args of [
		["a", "b"],
		["et.json", "--json", "--markdown"],
		["et.json", "--fields", "--json"],
		["dunovo", "--new"],
	]) {
		t.is((await explain(t, args)).code, 2, args.join(" "));
	}
});
