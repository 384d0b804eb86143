/** What is taken out of texts, and what stays. */
import { readFileSync } from "node:fs";
import test from "ava";
import fc from "fast-check";
import { MAX_LABEL_LENGTH, MAX_TEXT_LENGTH } from "../../src/report/limits.js";
import { applyRules } from "../../src/report/scrub/rules.js";
import {
	baseName,
	ownNames,
	plainText,
	scrubFileName,
	scrubLabel,
	scrubText,
	scrubUnit,
	scrubVersion,
} from "../../src/report/scrub.js";

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
	["mail ada@example.org, or <bob+x@host>", "mail [email], or <[email]>"],
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

type Pair = [given: string, scrubbed: string];

const CORPUS = JSON.parse(readFileSync("test/fixtures/scrub/texts.json", "utf8")) as Record<string, Pair[]>;

for (const [kind, pairs] of Object.entries(CORPUS)) {
	test(`the corpus of ${kind} is scrubbed as it says, and scrubbed again stays as it is`, (t) => {
		for (const [given, scrubbed] of pairs) {
			t.is(scrubText(given), scrubbed);
			t.is(scrubText(scrubbed), scrubbed);
		}
	});
}

test("what is taken for plain at a glance is what the rules leave alone", (t) => {
	const telling = (
		"-password -pwd -p-token db-pwd x-cookie -x-secret 1-credentials 3-authorization x-api-key -access_key -client-secret " +
		"my-iMac a-MacBook x-Mac WIN-ABC123 ip-1-2-3-4 10.0.0.1 eyJabcde.123456 eyJabcdefgh.12345678 --token bearer"
	).split(" ");
	const anything = fc.stringMatching(/^[A-Za-z0-9 .,()'"%#<>_+-]{0,60}$/);
	const words = fc.oneof(
		anything,
		fc
			.array(fc.oneof(fc.constantFrom(...telling), fc.stringMatching(/^[a-z0-9-]{1,9}$/)), { maxLength: 5 })
			.map((each) => each.join(" ")),
	);
	t.notThrows(() =>
		fc.assert(
			fc.property(words, (text) => applyRules(text, [], MAX_TEXT_LENGTH) === scrubText(text)),
			{ numRuns: 3000 },
		),
	);
});

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
	["<module>", "<module>"],
	["Object.<anonymous>", "Object.<anonymous>"],
	["dplyr::filter", "dplyr::filter"],
	["numpy.linalg.LinAlgError", "numpy.linalg.LinAlgError"],
	["align.py", "align.py"],
	["https://ada@example.org/x", "[url]"],
	["ada@example.org", "[email]"],
	["/opt/node7.cluster.local", "[host]"],
	["ghp_0123456789abcdefghijABCDEFGHIJ012345", "[secret]"],
];

for (const [given, scrubbed] of LABELS) {
	test(`a label is scrubbed: ${JSON.stringify(given)}`, (t) => {
		t.is(scrubLabel(given), scrubbed);
	});
}

test("a version keeps what would be an address or a secret elsewhere", (t) => {
	const commit = "3f786850e387550fdab836ed7e6dc881de23001b";
	for (const version of ["1.2", "4.1.12.10", "v10.2.14.3", "0.7.15.1-r1140", "2024-01-15", commit]) {
		t.is(scrubVersion(version), version);
	}
	t.is(scrubText("4.1.12.10"), "[address]");
	t.is(scrubVersion("built by ada@example.org"), "built by [email]");
	t.is(scrubVersion("/home/ada/tool-1.2"), "tool-1.2");
});

test("units and names of files", (t) => {
	t.is(scrubUnit("mg/ml"), "mg / ml");
	t.is(scrubUnit("/home/ada"), "[path]");
	t.is(scrubFileName("/home/ada/run.js"), "run.js");
	t.is(scrubFileName("C:\\x\\<stdin>"), "<stdin>");
});

test("a user's own names go, as whole words; names of nobody, and short ones, stay", (t) => {
	const own = ownNames({ userName: "Marlowe", home: "/home/k-marlowe", hostName: "quill7.lab" });
	t.deepEqual(own, ["marlowe", "k-marlowe", "quill7.lab", "quill7"]);
	t.is(
		scrubText("MARLOWE ran k-marlowe_2 on quill7, not marlowes", own),
		"[name] ran [name]_2 on [name], not marlowes",
	);
	t.is(scrubLabel("/opt/marlowe", own), "[name]");
	t.deepEqual(ownNames({ userName: "root", home: "/root", hostName: "localhost" }), []);
	t.deepEqual(ownNames({ userName: "jd", home: undefined, hostName: "" }), []);
	t.is(scrubText("a[b (c+ x", ownNames({ userName: "a[b (c+" })), "[name] x");
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const OWN = ownNames({ userName: "marlowe", home: "/home/marlowe", hostName: "quill7.example.org" });

/** What no scrubbed text may hold, each by a pattern that is not the scrubber's own. */
const FORBIDDEN: readonly RegExp[] = [
	UNSEEN,
	/[\p{L}\p{N}_][/\\][\p{L}\p{N}_]/u,
	/(?:home|users)[/\\]/i,
	/[a-z]:\\/i,
	/(?<![\p{L}\p{N}])(?:marlowe|quill7)(?![\p{L}\p{N}])/iu,
	/[\w.+-]+@[\w-]+\.[a-z]{2,}/i,
	/\b[a-z]{2,12}:\/\//i,
	/gh[pousr]_\w{36}|AKIA[A-Z0-9]{16}|glpat-\w{20}|npm_\w{36}|xoxb-\w{20}|sk_live_\w{24}|-----BEGIN/,
	/\b192\.168\.\d+\.\d+\b/,
	/hunter2/,
];

const letters = (length: number) =>
	fc.string({ unit: fc.constantFrom(..."aBc9Xy0Zq7"), minLength: length, maxLength: length });
const telling = fc.oneof(
	letters(36).map((body) => `ghp_${body}`),
	letters(16).map((body) => `AKIA${body.toUpperCase()}`),
	letters(20).map((body) => `glpat-${body}`),
	letters(36).map((body) => `npm_${body}`),
	letters(20).map((body) => `xoxb-${body}`),
	letters(24).map((body) => `sk_live_${body}`),
	fc.constantFrom("marlowe", "Marlowe", "quill7", "/home/marlowe/x y", "C:\\Users\\Marlowe\\a", "password=hunter2"),
	fc.constantFrom(
		"--token hunter2",
		"192.168.4.5",
		"a.b@example.org",
		"ftp://u:p@example.org/x",
		"-----BEGIN KEY-----",
	),
);
const joints = fc.constantFrom(
	" ",
	"",
	"/",
	"\\",
	":",
	"=",
	"'",
	'"',
	"(",
	")",
	",",
	".",
	"~",
	"@",
	"[",
	"]",
	"\n",
	"_",
);
const pieces = fc.oneof(
	telling,
	joints,
	fc.constantFrom(...Object.values(CORPUS).flatMap((pairs) => pairs.map(([given]) => given))),
	fc.string({ unit: "binary", maxLength: 40 }),
	fc.constantFrom("[path]", "[email]", "[secret", "A/T", "1e-5/2", "mg/ml", "run", "chr1", "2"),
);
const anyText = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
const spacedText = fc.array(fc.oneof(telling, pieces), { maxLength: 8 }).map((parts) => parts.join(" "));

const SCRUBS = [
	{ scrub: (text: string) => scrubText(text, OWN), most: MAX_TEXT_LENGTH },
	{ scrub: (text: string) => scrubLabel(text, OWN), most: MAX_LABEL_LENGTH },
	{ scrub: (text: string) => scrubFileName(text, OWN), most: MAX_LABEL_LENGTH },
	{ scrub: (text: string) => scrubVersion(text, OWN), most: MAX_LABEL_LENGTH },
	{ scrub: scrubText, most: MAX_TEXT_LENGTH },
];

test("whatever the text, it is scrubbed for good, within bounds, and holds none of what may not leave", (t) => {
	const holds = (text: string, { scrub, most }: (typeof SCRUBS)[number]): void => {
		const clean = scrub(text);
		if (!clean.isWellFormed() || clean.length > most) throw new Error(`bounds: ${clean}`);
		if (scrub(clean) !== clean) throw new Error(`not for good: ${clean}`);
	};
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.oneof(anyText, fc.string({ unit: "binary", maxLength: 2000 })), (text) => {
				for (const each of SCRUBS) holds(text, each);
				const clean = scrubText(text, OWN);
				const found = [UNSEEN, FORBIDDEN[1] as RegExp].find((pattern) => pattern.test(clean));
				if (found !== undefined) throw new Error(`${found} in ${clean}`);
			}),
			{ numRuns: 2000 },
		),
	);
});

test("among words, nothing is left of paths, names, addresses and secrets", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(spacedText, (text) => {
				const clean = scrubText(text, OWN);
				const found = FORBIDDEN.find((pattern) => pattern.test(clean));
				if (found !== undefined) throw new Error(`${found} in ${clean}`);
			}),
			{ numRuns: 2000 },
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
	const units = [
		"a",
		"@",
		"/",
		"a:",
		" ",
		"\ud800",
		"http://",
		"a.b@",
		"a.",
		"1.",
		":",
		"'",
		"'/",
		"~",
		"a-",
		"A1b",
		"-",
	];
	for (const unit of [
		...units,
		"token=",
		"--token ",
		"[",
		"C:\\a b",
		"\\ ",
		"-----BEGIN A-----",
		"eyJaaaaaaa.",
		"'a/b ",
	]) {
		t.true(scrubText(unit.repeat(2_000_000)).length <= MAX_TEXT_LENGTH, unit);
		t.true(scrubLabel(unit.repeat(2_000_000)).length <= MAX_LABEL_LENGTH, unit);
	}
});

test("plain text is trimmed and cut; a base name is what stands behind the last separator", (t) => {
	t.is(plainText("  abc  ", 2), "ab");
	t.is(baseName("a/b\\c"), "c");
	t.is(baseName("c"), "c");
});
