/** What holds for every command: JSON, help, and a line that fits a terminal. */
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { CommandModule } from "../../src/cli/command.js";
import { COMMANDS } from "../../src/cli/commands/index.js";
import { atTerminal, ET_WORDS, et, grantedHome, reportsIn } from "../helpers/cli.js";
import type { Home } from "../helpers/home.js";
import { onTerminal } from "../helpers/needs.js";
import { putReport } from "../helpers/spool.js";

const COLUMNS = 80;

/** What a terminal shows of a text: colours take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const COLOURS = /\u001b\[[0-9;]*m/g;
const widest = (shown: string): string =>
	shown
		.replace(COLOURS, "")
		.split(/\r?\n/)
		.reduce((longest, line) => (line.length > longest.length ? line : longest), "");

const modules = (): Promise<CommandModule[]> => Promise.all(Object.values(COMMANDS).map((load) => load()));

/** A home with one report that waits. */
function homeWithReport(t: ExecutionContext): Home {
	const home = grantedHome(t);
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant", given: { command: "align", wallS: 12.5 } });
	return home;
}

test("every command says what it does as JSON, save those whose output is another's", async (t) => {
	for (const { spec } of await modules()) {
		// et run prints what its command prints; et run-key prints a key.
		if (["run", "run-key"].includes(spec.name)) continue;
		t.true("json" in spec.options, spec.name);
		t.true(
			spec.usage.some((usage) => usage.includes("--json")),
			`${spec.name}: its usage names --json`,
		);
	}
});

test("every command shows examples, and says what it ends with", async (t) => {
	for (const { spec } of await modules()) {
		t.true(spec.examples.length > 0, spec.name);
		t.true(spec.exitCodes.length > 0, spec.name);
		for (const [line] of spec.examples) t.regex(line, /\bet\b/, spec.name);
	}
});

onTerminal("every command's help fits 80 columns at a terminal", async (t) => {
	const home = homeWithReport(t);
	for (const name of Object.keys(COMMANDS)) {
		const { shown, status } = await atTerminal(t, [...ET_WORDS, name, "--help"], [], { env: home.env });
		t.is(status, 0, name);
		const line = widest(shown);
		t.true(line.length <= COLUMNS, `${name} (${line.length}): ${line}`);
	}
});

/** What a person might type, for every command: `ID` stands for the report that waits. */
const LOOKS: Readonly<Record<string, readonly (readonly string[])[]>> = {
	run: [["run", "--", "true"]],
	enqueue: [["enqueue", "--manifest", "MANIFEST", "--command", "align"]],
	"run-key": [["run-key"]],
	size: [["size", "--unit", "bytes", "MANIFEST"]],
	explain: [
		["explain", "dunovo"],
		["explain", "dunovo", "--fields"],
	],
	consent: [["consent"], ["consent", "status", "dunovo"], ["consent", "grant", "dunovo", "--without", "platform"]],
	pending: [["pending"], ["pending", "--state", "waiting"]],
	show: [["show", "ID", "--pretty"]],
	review: [],
	hold: [["hold", "ID"]],
	release: [["release", "ID"]],
	approve: [["approve", "ID"]],
	redact: [["redact", "ID", "platform"]],
	sent: [["sent"]],
	view: [["view", "--no-open"]],
	status: [["status"]],
	check: [["check", "MANIFEST"]],
	forget: [["forget"]],
	drop: [["drop", "ID"]],
	export: [["export", "EXPORT"]],
	import: [["import", "EXPORT"]],
	purge: [["purge", "--yes"]],
	doctor: [["doctor"]],
};

/** Lines that hold a path or a report are as long as these are. */
const HAS_PATH = /[\\/].*[\\/]|^\s*"|^\{/;

onTerminal("every command at a terminal fits 80 columns, and has no colour with NO_COLOR", async (t) => {
	t.deepEqual(Object.keys(LOOKS).sort(), Object.keys(COMMANDS).sort());
	const home = homeWithReport(t);
	const [{ id = "" } = {}] = reportsIn(home);
	const places: Record<string, string> = { ID: id, MANIFEST: home.manifestPath, EXPORT: join(home.folder, "e.et") };
	const tooWide: string[] = [];
	for (const words of Object.values(LOOKS).flat()) {
		const command = [...ET_WORDS, ...words.map((word) => places[word] ?? word)];
		const { shown, status } = await atTerminal(t, command, [], { env: { ...home.env, NO_COLOR: "1" } });
		t.is(status, 0, `${words.join(" ")}: ${shown}`);
		const wide = shown.split(/\r?\n/).filter((line) => line.length > COLUMNS && !HAS_PATH.test(line));
		tooWide.push(...wide.map((line) => `${words.join(" ")}: ${line}`));
		t.notRegex(shown, COLOURS, words.join(" "));
	}
	t.deepEqual(tooWide, []);
});

/** Of the commands that only look, what a program reads. */
const AS_JSON = ["consent", "pending", "status", "sent", "forget", "explain dunovo", "view --no-open", "doctor"];

test("what commands say as JSON is one document", async (t) => {
	const home = homeWithReport(t);
	for (const words of AS_JSON) {
		const { code, stdout, stderr } = await et(t, home, [...words.split(" "), "--json"]);
		t.deepEqual([code, stderr], [0, ""], words);
		t.notThrows(() => JSON.parse(stdout), words);
	}
});
