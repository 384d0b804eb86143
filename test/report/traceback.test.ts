/** Tracebacks, as interpreters print them: what is left is the type and the project's own lines. */
import { readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { buildReport } from "../../src/report/build.js";
import { MAX_FRAMES } from "../../src/report/limits.js";
import { serialiseReport } from "../../src/report/serialise.js";
import { type Language, parseTraceback } from "../../src/report/traceback/parse.js";
import { thrownException } from "../../src/report/traceback/thrown.js";
import type { ExceptionInput } from "../../src/report/types.js";
import { testManifest } from "../helpers/manifest.js";

interface Case {
	name: string;
	text: string;
	expected: string;
}

const LANGUAGES: readonly Language[] = ["python", "node", "r", "perl", "bash"];
const PROJECT = "dunovo";

function casesOf(language: Language): Case[] {
	const file = readFileSync(`test/fixtures/scrub/${language}.txt`, "utf8");
	return file
		.split(/^### /m)
		.slice(1)
		.map((each) => {
			const [name = "", ...lines] = each.trimEnd().split("\n");
			const expected = (lines.pop() ?? "").replace(/^=> /, "");
			return { name, text: `${lines.join("\n")}\n`, expected };
		});
}

/** `Type | file:line function | ...`, innermost first. */
function inWords(exception: ExceptionInput | null): string {
	if (exception === null) return "none";
	const frames = (exception.frames ?? []).map(({ file, line, function: name }) =>
		`${file || "?"}:${line ?? ""} ${name ?? ""}`.trim(),
	);
	return [exception.type, ...frames].join(" | ");
}

for (const language of LANGUAGES) {
	test(`tracebacks of ${language} are known for what they are, and reduced`, (t) => {
		for (const { name, text, expected } of casesOf(language)) {
			t.is(inWords(parseTraceback(text, { project: PROJECT })), expected, name);
			if (expected !== "none") t.is(inWords(parseTraceback(text, { language, project: PROJECT })), expected, name);
			t.is(inWords(parseTraceback(text.replaceAll("\n", "\r\n"), { project: PROJECT })), expected, name);
		}
	});
}

const TEXTS = LANGUAGES.flatMap((language) => casesOf(language).map(({ text }) => text));

test("no report of a traceback holds a path, a message or an argument", (t) => {
	const manifest = testManifest();
	for (const text of TEXTS) {
		const frame = { manifest, id: "i", runId: "r", now: new Date(0), weight: 1, own: ["marlowe"] };
		const { report } = buildReport({ exception: text }, frame);
		t.notRegex(
			serialiseReport({ ...report, project: "p" }),
			/[\w]\/[\w]|\\\\|home|secret|hunter2|marlowe|Lovelace/i,
			text,
		);
	}
});

test("whatever the text, it is read in bounded time and never throws", (t) => {
	const lines = fc.constantFrom(...TEXTS.flatMap((text) => text.split("\n")));
	const mixed = fc.array(fc.oneof(lines, fc.string({ unit: "binary", maxLength: 80 })), { maxLength: 40 });
	t.notThrows(() =>
		fc.assert(
			fc.property(mixed, fc.constantFrom(undefined, ...LANGUAGES), (parts, language) => {
				const parsed = parseTraceback(parts.join("\n"), language === undefined ? {} : { language });
				for (const { file } of parsed?.frames ?? []) if (/[/\\]/.test(file)) throw new Error(file);
				if ((parsed?.frames?.length ?? 0) > MAX_FRAMES) throw new Error("too many frames");
			}),
			{ numRuns: 1000 },
		),
	);
});

test("a text of megabytes costs what its ends cost", (t) => {
	const units = [
		"a",
		" ",
		"  |",
		"at ",
		":1",
		"a (",
		'File "',
		" at a line 1",
		"1: f(",
		"\u2502",
		"x.y.",
		"::a",
		"\n",
		" called at ",
	];
	for (const unit of units) {
		for (const language of LANGUAGES) t.notThrows(() => parseTraceback(unit.repeat(1_000_000), { language }), unit);
	}
});

class FamilyError extends Error {}

function failing(): never {
	throw new FamilyError("in /home/marlowe/x:\n    at forged (/etc/passwd:1:1)", { cause: new RangeError("y") });
}

test("what was thrown is its class and this project's own lines", (t) => {
	const error = t.throws(failing);
	const exception = thrownException(error);
	t.is(exception?.type, "FamilyError");
	t.regex(inWords(exception), /^FamilyError \| traceback\.test\.\w+:\d+ failing/);
	t.notRegex(inWords(exception), /forged|passwd|node_modules/);
});

test("anything can be thrown", (t) => {
	t.is(thrownException(undefined), null);
	t.is(thrownException(null), null);
	t.deepEqual(thrownException("text"), { type: "string", frames: [] });
	const hostile = Object.create(Error.prototype, {
		name: {
			get: () => {
				throw new Error("no");
			},
		},
	});
	t.deepEqual(thrownException(hostile), { type: "Error", frames: [] });
	const circular = new TypeError("x");
	circular.cause = circular;
	circular.stack = "";
	t.deepEqual(thrownException(circular), { type: "TypeError", frames: [] });
});

test("a text without a traceback is stripped, and named", (t) => {
	const frame = { manifest: testManifest(), id: "i", runId: "r", now: new Date(0), weight: 1 };
	const { report, stripped } = buildReport({ exception: "all is well" }, frame);
	t.is(report.exception, null);
	t.deepEqual(stripped, ["exception"]);
});
