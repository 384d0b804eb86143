/** docs/errors.md and the list of codes say the same, in the same order, and each entry is whole. */
import { readFile } from "node:fs/promises";
import test from "ava";
import { ERROR_CODES, EtError, systemErrorCode } from "../src/errors.js";

const PAGE = new URL("../../docs/errors.md", import.meta.url);
const PARTS = ["What happened", "Your data", "What to do"];

/** The page's entries: a code, and the text under it. */
async function entries(): Promise<{ code: string; text: string }[]> {
	const [, ...sections] = (await readFile(PAGE, "utf8")).split(/^## /m);
	return sections.map((section) => {
		const [code = "", ...lines] = section.split("\n");
		return { code, text: lines.join("\n") };
	});
}

test("the page explains each code, in the order of the list", async (t) => {
	t.deepEqual(
		(await entries()).map(({ code }) => code),
		[...ERROR_CODES],
	);
});

test("each entry says what happened, what it means, and what to do", async (t) => {
	for (const { code, text } of await entries()) {
		const paragraphs = text.trim().split(/\n\n+/);
		t.is(paragraphs.length, PARTS.length, code);
		for (const [index, part] of PARTS.entries())
			t.regex(paragraphs[index] ?? "", new RegExp(`^\\*\\*${part}\\.\\*\\* \\S`), code);
	}
});

test("an error carries its code, its message and its cause", (t) => {
	const cause = new Error("disk full");
	const error = new EtError("ET_SPOOL_UNAVAILABLE", "the spool is full", { cause });
	t.true(error instanceof Error);
	t.is(error.name, "EtError");
	t.is(error.code, "ET_SPOOL_UNAVAILABLE");
	t.is(error.message, "the spool is full");
	t.is(error.cause, cause);
});

test("the code of a system error is read from real errors alone", async (t) => {
	const error = await t.throwsAsync(readFile(new URL("no-such-file", PAGE)));
	t.is(systemErrorCode(error), "ENOENT");
	t.is(systemErrorCode(new Error("no code")), undefined);
	t.is(systemErrorCode(Object.assign(new Error("a number"), { code: 2 })), undefined);
	t.is(systemErrorCode({ code: "ENOENT" }), undefined);
	t.is(systemErrorCode(null), undefined);
});
