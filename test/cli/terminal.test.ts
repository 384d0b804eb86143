/** What a terminal is shown, and what not. */
import test from "ava";
import fc from "fast-check";
import { shown, shownJson } from "../../src/cli/shown.js";
import { cut, styled, terminalFor, textWidth, wrapped } from "../../src/cli/terminal.js";

test("colour is for terminals, unless it is refused or forced", (t) => {
	const colour = (isTty: boolean, env: NodeJS.ProcessEnv) => terminalFor(isTty, 80, env).colour;
	t.true(colour(true, { TERM: "xterm" }));
	t.false(colour(false, { TERM: "xterm" }));
	t.false(colour(true, { TERM: "dumb" }));
	t.false(colour(true, { NO_COLOR: "1" }));
	t.true(colour(true, { NO_COLOR: "" }));
	t.true(colour(false, { FORCE_COLOR: "1" }));
	t.false(colour(true, { FORCE_COLOR: "0" }));
	t.false(colour(false, { FORCE_COLOR: "1", NO_COLOR: "1" }));
});

test("a terminal that does not say its width has 80 columns; a pipe has no end", (t) => {
	t.is(terminalFor(true, undefined, {}).width, 80);
	t.is(terminalFor(true, 0, {}).width, 80);
	t.is(terminalFor(true, 132, {}).width, 132);
	t.is(terminalFor(false, 132, {}).width, Number.POSITIVE_INFINITY);
});

test("a style is there where colour is, and else only the text", (t) => {
	t.is(styled(terminalFor(true, 80, {}), "bold", "x"), "\x1b[1mx\x1b[22m");
	t.is(styled(terminalFor(false, 80, {}), "bold", "x"), "x");
});

const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

test("nothing that a terminal obeys is shown to it", (t) => {
	t.is(shown("\x1b[31mred\x07\u202e\u009b2J\r\n"), "\\u{1b}[31mred\\u{7}\\u{202e}\\u{9b}2J\\u{d}\\u{a}");
	t.is(shown("Grüße 生物 🧬"), "Grüße 生物 🧬");
	fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !OBEYED.test(shown(text))));
});

test("JSON that is made safe means the same", (t) => {
	fc.assert(
		fc.property(fc.json(), (json) => {
			const safe = shownJson(json);
			return !OBEYED.test(safe.replaceAll("\n", "")) && t.deepEqual(JSON.parse(safe), JSON.parse(json));
		}),
	);
	t.is(shownJson('"\u009b\u{e0001}"'), '"\\u009b\\udb40\\udc01"');
});

test("width is counted in columns", (t) => {
	t.is(textWidth("abc"), 3);
	t.is(textWidth("生物"), 4);
	t.is(textWidth("🧬"), 2);
	t.is(textWidth("e\u0301"), 1);
});

test("what is cut says so, and fits", (t) => {
	t.is(cut("abcdef", 6), "abcdef");
	t.is(cut("abcdefg", 6), "abcde…");
	t.is(cut("生物生物", 6), "生物…");
	fc.assert(
		fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, width) => {
			return textWidth(cut(text, width)) <= width;
		}),
	);
});

test("paragraphs are wrapped between words", (t) => {
	t.deepEqual(wrapped("a bc def", 5), ["a bc", "def"]);
	t.deepEqual(wrapped("a bc def", 6, "  "), ["  a bc", "  def"]);
	t.deepEqual(wrapped("longerthanthat a", 5), ["longerthanthat", "a"]);
});
