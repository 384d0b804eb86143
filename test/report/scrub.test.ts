/** What is taken out of texts, and what stays. */
import test from "ava";
import fc from "fast-check";
import { MAX_LABEL_LENGTH, MAX_TEXT_LENGTH } from "../../src/report/limits.js";
import { baseName, plainText, scrubLabel, scrubText } from "../../src/report/scrub.js";

const TEXTS: [given: string, scrubbed: string][] = [
	["nothing to hide", "nothing to hide"],
	["ratio 0.5, 3 of 4 (75 %)", "ratio 0.5, 3 of 4 (75 %)"],
	["read /home/ada/run 1/a.fq now", "read [path] [path] now"],
	["in ~/data/a.fq: bad", "in [path]: bad"],
	["in ../up and ./here", "in [path] and [path]"],
	["open('/etc/passwd')", "open('[path]')"],
	["C:\\Users\\Ada\\a.fq is gone", "[path] is gone"],
	["\\\\server\\share\\a.fq", "[path]"],
	["data/reads.fq.gz", "[path]"],
	["see https://ada:secret@example.org/x?token=1#y.", "see [url]"],
	["s3://bucket/key and file:///home/ada", "[url] and [url]"],
	["postgres://ada:secret@db/x", "[url]"],
	["mail ada@example.org, or <bob+x@host>", "mail [email] or <[email]>"],
	["a\u0000b\u001b[31mc\u007fd", "a b [31mc d"],
	["\u202eevil\u2066 \u200bzero\ufeff", "evil   zero"],
	["two\nlines\r\n", "two lines"],
	["half \ud800 pair", "half \ufffd pair"],
];

for (const [given, scrubbed] of TEXTS) {
	test(`a text is scrubbed: ${JSON.stringify(given)}`, (t) => {
		t.is(scrubText(given), scrubbed);
	});
}

const LABELS: [given: string, scrubbed: string][] = [
	["bwa mem", "bwa mem"],
	["0.7.15.1-r1140", "0.7.15.1-r1140"],
	["/usr/local/bin/bwa", "bwa"],
	["C:\\Program\\R.exe", "R.exe"],
	["bwa mem /home/ada/reads.fq", "bwa"],
	["/usr/bin/python3 /home/ada/secret.py --in /data/a.fq", "python3"],
	["\u001b]0;title\u0007x", "]0;title x"],
	["", ""],
	["/", ""],
];

for (const [given, scrubbed] of LABELS) {
	test(`a label is scrubbed: ${JSON.stringify(given)}`, (t) => {
		t.is(scrubLabel(given), scrubbed);
	});
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

test("no text holds control or bidirectional characters, half pairs, or more than it may", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => {
				for (const [scrubbed, most] of [
					[scrubText(text), MAX_TEXT_LENGTH],
					[scrubLabel(text), MAX_LABEL_LENGTH],
				] as const) {
					if (UNSEEN.test(scrubbed) || !scrubbed.isWellFormed() || scrubbed.length > most) return false;
				}
				return true;
			}),
		),
	);
});

test("no path, address of the web or of a person survives in a text", (t) => {
	const words = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
	const secret = "sEcReT";
	const hidden = fc.oneof(
		words.map((word) => `/home/${secret}/${word}`),
		words.map((word) => `C:\\Users\\${secret}\\${word}`),
		words.map((word) => `https://${secret}:x@${word}/`),
		words.map((word) => `${secret}@${word}`),
		words.map((word) => `${word}/${secret}`),
	);
	t.notThrows(() =>
		fc.assert(
			fc.property(words, hidden, words, (before, held, after) => {
				return !scrubText(`${before} ${held} ${after}`).includes(secret);
			}),
		),
	);
});

test("a path is not cut in two by the bound on length", (t) => {
	for (let length = 0; length <= 3 * MAX_TEXT_LENGTH; length += 7) {
		t.notRegex(scrubText(`${" ".repeat(length)}sEcReT${"x".repeat(MAX_TEXT_LENGTH)}/a`), /sEcReT/);
	}
});

test("a text of megabytes costs what its head costs", (t) => {
	for (const unit of ["a", "@", "/", "a:", " ", "\ud800", "http://", "a.b@"]) {
		t.true(scrubText(unit.repeat(2_000_000)).length <= MAX_TEXT_LENGTH, unit);
		t.true(scrubLabel(unit.repeat(2_000_000)).length <= MAX_LABEL_LENGTH, unit);
	}
});

test("plain text is trimmed and cut; a base name is what stands behind the last separator", (t) => {
	t.is(plainText("  abc  ", 2), "ab");
	t.is(baseName("a/b\\c"), "c");
	t.is(baseName("c"), "c");
});
