/** `et review` at a terminal: what each key does, that it is done at once, and that the terminal is left as it was. */
import test, { type ExecutionContext } from "ava";
import { keysIn } from "../../src/cli/keyboard.js";
import { folded, reportLines } from "../../src/cli/report-lines.js";
import { HELP } from "../../src/cli/review-screen.js";
import { terminalFor, textWidth } from "../../src/cli/terminal.js";
import type { WireReport } from "../../src/report/types.js";
import type { Envelope } from "../../src/spool/envelope.js";
import { Journal } from "../../src/spool/journal.js";
import { lostByReason } from "../../src/spool/lost.js";
import { requestEntries } from "../../src/spool/requests.js";
import { waiting } from "../../src/spool/waiting.js";
import { atTerminal, ET_WORDS, et, grantedHome, type TerminalStep } from "../helpers/cli.js";
import type { Home } from "../helpers/home.js";
import { onTerminal } from "../helpers/needs.js";
import { fillSpool, putReport, testReport } from "../helpers/spool.js";

const ENTERED = "\x1b[?1049h";
const LEFT = "\x1b[?25h\x1b[?1049l";
const CTRL_C = "\x03";

function homeOf(t: ExecutionContext, count: number, atMs = Date.now() - 1000): Home {
	const home = grantedHome(t);
	for (let index = 0; index < count; index++) {
		const given = { command: `job-${index + 1}`, outcome: "ok" as const, wallS: 1.5, inputs: { pairs: 1000 } };
		putReport(home.spool, { grant: "test-grant", atMs: atMs + index, given });
	}
	return home;
}

const review = (
	t: ExecutionContext,
	home: Home,
	steps: readonly TerminalStep[],
	args: readonly string[] = [],
	env = {},
) => atTerminal(t, [...ET_WORDS, "review", ...args], steps, { env: { ...home.env, ...env } });

const envelopes = (home: Home): Envelope[] => [...waiting(home.spool)].map(({ envelope }) => envelope);

onTerminal("each key does what it says, at once, and what came of it is said at the end", async (t) => {
	const home = homeOf(t, 5);
	const { shown, status, cooked } = await review(t, home, [
		{ see: "1 of 5", type: "s" },
		{ see: "Let go", type: "h" },
		{ see: "Held until et release.", type: "r" },
		{ see: "Esc for none): ", type: "wall_s inputs.pairs\r" },
		{ see: "Taken out: wall_s, inputs.pairs.", type: " " },
		{ see: "4 of 5", type: "dx" },
		{ see: "Not dropped.", type: "dy" },
		{ see: "Dropped.", type: "q" },
	]);
	t.deepEqual([status, cooked], [0, true]);
	t.regex(shown, /Looked at 5 of 5 reports: 1 let go, 1 held, 1 redacted, 1 dropped\.\r\n$/);
	t.true(shown.indexOf(ENTERED) < shown.indexOf("1 of 5") && shown.includes(LEFT));
	const [first, second, third, fifth] = envelopes(home);
	t.deepEqual([first?.hold, first?.approved], [null, true]);
	t.is(second?.hold, "user");
	t.like(third?.report, { command: "job-3", wall_s: null, inputs: [] });
	t.is(fifth?.report.command, "job-5");
	t.is(lostByReason(home.spool).get("dunovo")?.get("dropped_by_user"), 1);
});

onTerminal("the last key can be undone, save for a drop", async (t) => {
	const home = homeOf(t, 2);
	const before = envelopes(home);
	const { status } = await review(t, home, [
		{ see: "1 of 2", type: "u" },
		{ see: "There is nothing to undo.", type: "h" },
		{ see: "Held", type: "u" },
		{ see: "Undone.", type: "s" },
		{ see: "Let go", type: "u" },
		{ see: "Undone.", type: "r" },
		{ see: "Esc for none): ", type: "wall_s\r" },
		{ see: "Taken out", type: "u" },
		{ see: "Undone.", type: "r" },
		{ see: "Esc for none): ", type: "wall_s\x1b" },
		{ see: "Nothing was taken out.", type: "q" },
	]);
	t.is(status, 0);
	t.deepEqual(envelopes(home), before);
	await review(t, home, [
		{ see: "1 of 2", type: "dy" },
		{ see: "Dropped.", type: "u" },
		{ see: "That can't be undone.", type: "q" },
	]);
	t.is(envelopes(home).length, 1);
});

onTerminal("the exact bytes are a key away, and as et show prints them", async (t) => {
	const home = homeOf(t, 1);
	const [id = ""] = envelopes(home).map(({ report }) => report.id);
	const bytes = (await et(t, home, ["show", id])).stdout;
	const { shown } = await review(t, home, [
		{ see: "how many seconds it took", type: "b" },
		{ see: '{"id":', type: "bq" },
	]);
	const screen = shown.slice(shown.indexOf('{"id":'));
	// biome-ignore lint/suspicious/noControlCharactersInRegex: what a screen is made of
	const text = screen.slice(0, screen.indexOf("}\x1b[K")).replaceAll(/\x1b\[K\r\n/g, "");
	t.is(`${text}}`.replace(/\}+$/, ""), bytes.replace(/\}+$/, ""));
});

for (const [how, step, status] of [
	["Ctrl-C", { type: CTRL_C }, 0],
	["SIGTERM", { signal: 15 }, 143],
	["SIGINT", { signal: 2 }, 130],
	["SIGHUP", { signal: 1 }, 129],
] as const) {
	onTerminal(`${how} leaves the terminal as it was, and what was done stays done`, async (t) => {
		const home = homeOf(t, 2);
		const result = await review(t, home, [
			{ see: "1 of 2", type: "h" },
			{ see: "Held", ...step },
		]);
		t.is(result.status, status);
		t.true(result.cooked);
		t.true(result.shown.includes(LEFT));
		t.is(envelopes(home)[0]?.hold, "user");
	});
}

onTerminal("a terminal that is made narrower is drawn anew, and no line is wider", async (t) => {
	const home = homeOf(t, 2);
	const { shown } = await review(
		t,
		home,
		[
			{ see: "1 of 2", columns: 30 },
			{ see: "1 of 2", type: "?" },
			{ see: "s        send", type: "q" },
		],
		[],
		{ NO_COLOR: "1" },
	);
	const narrow = shown.slice(shown.lastIndexOf("\x1b[H"), shown.lastIndexOf(LEFT));
	// biome-ignore lint/suspicious/noControlCharactersInRegex: what a screen is made of
	const lines = narrow.replaceAll(/\x1b\[[0-9?]*[A-Za-z]/g, "").split("\r\n");
	for (const line of lines) t.true(textWidth(line) <= 30, line);
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours
	t.notRegex(shown, /\x1b\[\d*m/);
});

onTerminal("a terminal that obeys nothing is written to line by line", async (t) => {
	const home = homeOf(t, 1);
	const { shown } = await review(t, home, [{ see: "q quit", type: "q" }], [], { TERM: "dumb" });
	t.false(shown.includes("\x1b"));
});

onTerminal("what another command did meanwhile is seen, and nothing is done to what is gone", async (t) => {
	const home = homeOf(t, 2);
	const [first = ""] = envelopes(home).map(({ report }) => report.id);
	const { shown } = await review(t, home, [
		{ see: "1 of 2", run: [...ET_WORDS, "drop", first], type: "h" },
		{ see: "It waits no more", type: "p" },
		{ see: "1 of 2  It waits no more", type: "s" },
		{ see: "It waits no more", type: "q" },
	]);
	t.regex(shown, /nothing was changed\./);
	t.is(envelopes(home).length, 1);
});

onTerminal("what may have left is said, and its server is asked to take out what is taken out here", async (t) => {
	const home = homeOf(t, 1);
	const [envelope] = envelopes(home);
	if (envelope === undefined) return t.fail();
	const { id, run_id, project, event } = envelope.report;
	const journal = new Journal(home.spool, "test");
	const tried = [{ id, run_id, project, event }];
	journal.trying({ at: new Date().toISOString(), endpoint: envelope.endpoint, batch: "1", tried }, []);
	journal.close();
	const { shown } = await review(t, home, [
		{ see: "may have left: it was in a request", type: "r" },
		{ see: "Esc for none): ", type: "wall_s\r" },
		{ see: "It may have left before", type: "u" },
		{ see: "That can't be undone.", type: "q" },
	]);
	t.regex(shown, /1 report may have left before:/);
	t.deepEqual(
		requestEntries(home.spool).map(({ request }) => request.fields),
		[["wall_s"]],
	);
});

test("without a terminal it says what does the same; --json says what it would be of", async (t) => {
	const home = homeOf(t, 2);
	const { code, stderr } = await et(t, home, ["review"]);
	t.is(code, 2);
	t.regex(stderr, /et approve ID, et hold ID, et redact ID FIELD, et drop ID/);
	const of = async (...args: string[]) => JSON.parse((await et(t, home, ["review", "--json", ...args])).stdout).reports;
	t.is((await of()).length, 2);
	t.is((await of("--limit", "1")).length, 1);
	t.is((await of("--state", "held")).length, 0);
});

onTerminal("where nothing waits, nothing is entered", async (t) => {
	const home = grantedHome(t);
	const { shown } = await review(t, home, []);
	t.is(shown, "No report waits.\r\n");
});

onTerminal("with many that wait it keeps ids, and not reports", async (t) => {
	const home = grantedHome(t);
	putReport(home.spool, { grant: "test-grant", atMs: 1000 });
	fillSpool(home.spool, 5000, { grant: "test-grant" });
	const { shown } = await review(t, home, [
		{ see: "1 of 5,001", type: "h" },
		{ see: "Held", type: "q" },
	]);
	t.regex(shown, /Looked at 2 of 5,001 reports: 1 held\./);
});

test("keys are told apart, however many come at once", (t) => {
	t.deepEqual(keysIn("nn\x1b[A\x1b[6~\x1b\r\x7fé\x03"), [
		"n",
		"n",
		"up",
		"page down",
		"escape",
		"enter",
		"backspace",
		"é",
		"interrupt",
	]);
	t.deepEqual(keysIn("\x1b[200~x\x01"), ["x"]);
});

test("no line of a report is wider than the terminal, and none of it is cut", (t) => {
	const long = "x".repeat(300);
	const report = {
		...testReport({ given: { command: "a" } }),
		data: { note: `${long}\x1b[2J` },
		version: "日本語".repeat(9),
	};
	for (const columns of [20, 31, 40, 80, 200]) {
		const lines = reportLines(report, terminalFor(true, columns, { NO_COLOR: "1" }));
		for (const line of lines.filter((each) => !each.startsWith("Not given"))) t.true(textWidth(line) <= columns, line);
		t.true(
			lines
				.map((line) => line.trim())
				.join("")
				.includes(long.slice(0, 12)),
		);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there
		t.notRegex(lines.join(""), /\x1b/);
	}
	t.is(folded(long, 7).join(""), long);
});

test("a field of another shape than a report's is shown as it is", (t) => {
	const odd = {
		inputs: [null],
		data: "x",
		exception: { type: "E" },
		command: { a: 1 },
	};
	const report = { ...testReport(), ...odd } as unknown as WireReport;
	const lines = reportLines(report, terminalFor(true, 80, { NO_COLOR: "1" }));
	for (const value of [/^inputs +\[null\]/, /^data +x/, /^exception +E/, /^command +\{"a":1\}/]) {
		t.true(lines.some((line) => value.test(line)));
	}
	const thrown = { ...testReport(), exception: "boo" } as unknown as WireReport;
	t.true(reportLines(thrown, terminalFor(true, 80, {})).some((line) => line.startsWith("exception           boo")));
});

test("the help of the keys fits 80 columns", (t) => {
	for (const line of HELP) t.true(line.length <= 76);
});
