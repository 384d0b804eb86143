/** Tables: a line a row, 80 columns on a terminal, nothing cut in a pipe. */
import test from "ava";
import { Table } from "../../src/cli/table.js";
import { type Terminal, textWidth } from "../../src/cli/terminal.js";

const COLUMNS = [
	{ title: "NAME", width: 6, grows: 1 },
	{ title: "N", width: 4, right: true },
	{ title: "END", width: 3 },
] as const;
const at = (width: number): Terminal => ({ isTerminal: true, width, colour: false });
const PIPE: Terminal = { isTerminal: false, width: Number.POSITIVE_INFINITY, colour: false };

test("cells stand under their titles", (t) => {
	const table = new Table(COLUMNS, at(17));
	t.is(table.head(), "NAME       N  END");
	t.is(table.row(["a", "12", "x"]), "a         12  x");
});

test("on a terminal what is too long is cut, and a column that may grow takes what is left", (t) => {
	t.is(new Table(COLUMNS, at(17)).row(["abcdefghi", "1", "x"]), "abcde…     1  x");
	t.is(new Table(COLUMNS, at(20)).row(["abcdefghi", "1", "x"]), "abcdefghi     1  x");
	for (const width of [17, 40, 80, 200]) {
		t.true(textWidth(new Table(COLUMNS, at(width)).row(["生物".repeat(99), "1".repeat(99), "🧬🧬🧬"])) <= width);
	}
});

test("in a pipe nothing is cut", (t) => {
	t.is(new Table(COLUMNS, PIPE).row(["abcdefghi", "1", "end"]), "abcdefghi     1  end");
});

test("a cell can't leave its line", (t) => {
	t.is(new Table(COLUMNS, PIPE).row(["a\nb", "1", "\x1b[2J"]), "a\\u{a}b     1  \\u{1b}[2J");
	t.is(new Table(COLUMNS, PIPE).row([]), "");
});

test("the head is bold where there is colour", (t) => {
	t.true(new Table(COLUMNS, { ...at(17), colour: true }).head().startsWith("\x1b[1m"));
});
