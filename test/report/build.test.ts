/** Whatever a script gives, what comes out is within the schema; and what is left out is named. */
import { Ajv } from "ajv";
import test from "ava";
import fc from "fast-check";
import { buildReport, hasKnownEvent, type ReportFrame } from "../../src/report/build.js";
import { MAX_ENTRIES, MAX_FRAMES, MAX_LABEL_LENGTH, MAX_TEXT_LENGTH } from "../../src/report/limits.js";
import { REPORT_SCHEMA } from "../../src/report/schema.js";
import { serialiseReport } from "../../src/report/serialise.js";
import { EVENTS, MEASURES, type ReportInput } from "../../src/report/types.js";
import { testManifest } from "../helpers/manifest.js";

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(REPORT_SCHEMA);

const ID = "0198f0c0-0000-7000-8000-000000000000";
const RUN_ID = "0123456789abcdef0123456789abcdef";
const NOW = new Date("2026-03-01T12:00:00.000Z");

const why = "Tested.";
const MANIFEST = testManifest({
	inputs: { pairs: { unit: "reads", why }, constructor: { unit: "bytes", why } },
	data: {
		whole: { type: "integer", why },
		real: { type: "number", why },
		text: { type: "string", why },
		yes: { type: "boolean", why },
		toString: { type: "integer", why },
	},
});
const OPEN_MANIFEST = testManifest({ data: { "*": { type: "string", why }, whole: { type: "integer", why } } });

const frame = (changes: Partial<ReportFrame> = {}): ReportFrame => ({
	manifest: MANIFEST,
	id: ID,
	runId: RUN_ID,
	now: NOW,
	weight: 1,
	...changes,
});

const build = (given: Record<string, unknown>, changes: Partial<ReportFrame> = {}) =>
	buildReport(given as ReportInput, frame(changes));

const FIELDS = [
	..."command version occurredAt sinceStartS test platform platformInner outcome exitCode signal".split(" "),
	..."wallS cpuUserS cpuSystemS maxRssBytes threads readBytes writtenBytes measuredBy limits killReason".split(" "),
	..."inputs exception data".split(" "),
];
const LONG = 200_000;
const hostile = fc.oneof(
	fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
	fc.string({ unit: "binary", maxLength: 2000 }),
	fc.constantFrom("\ud800", "a\udfff", "\u202eevil\u0000", "x".repeat(LONG), "/".repeat(LONG), "@".repeat(LONG)),
	fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, -0, 2 ** 53, 1e308, 5e-324),
);
const keys = fc.oneof(
	fc.string(),
	fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "pairs", "whole", "real", "text", "yes"),
);
const hostileRecord = fc.dictionary(keys, hostile, { maxKeys: 100, noNullPrototype: false });
const hostileException = fc.record({
	type: hostile,
	frames: fc.oneof(
		hostile,
		fc.array(fc.oneof(hostile, fc.record({ file: hostile, line: hostile, function: hostile }))),
	),
});
const hostileInput = fc.record(
	{
		...Object.fromEntries(FIELDS.map((field) => [field, hostile])),
		event: fc.constantFrom(...EVENTS, undefined),
		inputs: fc.oneof(hostile, hostileRecord),
		data: fc.oneof(hostile, hostileRecord),
		limits: fc.oneof(hostile, fc.record({ memoryBytes: hostile, wallS: hostile, cpus: hostile })),
		measuredBy: fc.oneof(hostile, fc.dictionary(fc.constantFrom(...MEASURES), hostile)),
		exception: fc.oneof(hostile, hostileException),
	},
	{ requiredKeys: [] },
);

test("whatever is given, the report is within the schema and stays so as JSON", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(hostileInput, fc.constantFrom(MANIFEST, OPEN_MANIFEST), (given, manifest) => {
				const { report } = build(given, { manifest });
				const travelled = JSON.parse(serialiseReport(report));
				if (validate(report) && validate(travelled)) return;
				throw new Error(JSON.stringify(validate.errors));
			}),
			{ numRuns: 500 },
		),
	);
});

test("a key that no report may have is left out and named: the star itself, and one with null for a value", (t) => {
	const { report, stripped } = build({ data: { "*": 1, "": null } }, { manifest: OPEN_MANIFEST });
	t.deepEqual(report.data, {});
	t.deepEqual(stripped, ["data.*", "data."]);
});

test("nothing leaves that the manifest does not declare", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(hostileRecord, hostileRecord, (inputs, data) => {
				const { report, stripped } = build({ inputs, data });
				const given = [...Object.keys(inputs).map((k) => `inputs.${k}`), ...Object.keys(data).map((k) => `data.${k}`)];
				const kept = [
					...report.inputs.map(({ name }) => `inputs.${name}`),
					...Object.keys(report.data).map((k) => `data.${k}`),
				];
				const declared = [
					...Object.keys(MANIFEST.inputs).map((k) => `inputs.${k}`),
					...Object.keys(MANIFEST.data).map((k) => `data.${k}`),
				];
				for (const path of kept) if (!declared.includes(path)) throw new Error(`${path} was kept`);
				for (const path of given) {
					if (!kept.includes(path) && !stripped.includes(path)) throw new Error(`${path} went without a word`);
				}
			}),
		),
	);
});

test("an empty report says null for what it does not know, and never 0", (t) => {
	const { report, stripped } = build({});
	t.deepEqual(stripped, []);
	t.is(report.event, "end");
	t.is(report.occurred_at, NOW.toISOString());
	t.is(report.manifest_notice, 1);
	t.deepEqual(
		[report.inputs, report.data, report.measured_by, report.exception, report.limits],
		[[], {}, {}, null, null],
	);
	for (const measure of MEASURES) t.is(report[measure], null, measure);
});

test("declared inputs and data are kept, each of its type", (t) => {
	const { report, stripped } = build({
		inputs: { pairs: 4_000_000, constructor: null },
		data: { whole: 3, real: 0.5, text: "plain", yes: false, toString: 1 },
	});
	t.deepEqual(stripped, []);
	t.deepEqual(report.inputs, [
		{ name: "pairs", unit: "reads", size: 4_000_000 },
		{ name: "constructor", unit: "bytes", size: null },
	]);
	t.deepEqual(report.data, { whole: 3, real: 0.5, text: "plain", yes: false, toString: 1 });
});

test("what is not declared, or not of its type, is stripped and named", (t) => {
	const { report, stripped } = build({
		inputs: { pairs: "many", singles: 3 },
		data: { whole: 1.5, real: Number.NaN, text: 7, yes: 1, secret: "x", valueOf: 3 },
	});
	t.deepEqual(report.inputs, [{ name: "pairs", unit: "reads", size: null }]);
	t.deepEqual(report.data, {});
	t.deepEqual(
		stripped.toSorted(),
		[
			"inputs.pairs",
			"inputs.singles",
			"data.whole",
			"data.real",
			"data.text",
			"data.yes",
			"data.secret",
			"data.valueOf",
		].sort(),
	);
});

test("keys that only the prototype has are not declared", (t) => {
	const given = JSON.parse('{ "__proto__": 1, "hasOwnProperty": 2 }');
	const { report, stripped } = build({ inputs: given, data: given }, { manifest: testManifest() });
	t.deepEqual(report.inputs, []);
	t.deepEqual(report.data, {});
	t.deepEqual(stripped, ["inputs.__proto__", "inputs.hasOwnProperty", "data.__proto__", "data.hasOwnProperty"]);
});

test('"*" declares every key of a plain name; a key with a type of its own keeps it', (t) => {
	const { report, stripped } = build(
		{ data: { note: "fine", score: 2.5, ok: true, whole: "no number", "not a name": 1, list: [1], empty: null } },
		{ manifest: OPEN_MANIFEST },
	);
	t.deepEqual(report.data, { note: "fine", score: 2.5, ok: true, empty: null });
	t.deepEqual(stripped.toSorted(), ["data.list", "data.not a name", "data.whole"]);
});

test("of too many keys the first are kept and the rest are named", (t) => {
	const data = Object.fromEntries(Array.from({ length: MAX_ENTRIES + 3 }, (_, index) => [`k${index}`, index]));
	const { report, stripped } = build({ data }, { manifest: OPEN_MANIFEST });
	t.is(Object.keys(report.data).length, MAX_ENTRIES);
	t.deepEqual(stripped, [`data.k${MAX_ENTRIES}`, `data.k${MAX_ENTRIES + 1}`, `data.k${MAX_ENTRIES + 2}`]);
});

test("figures that can't be are unknown, and named", (t) => {
	const { report, stripped } = build({
		wallS: -1,
		cpuUserS: Number.NaN,
		threads: 2 ** 60,
		exitCode: 1.5,
		signal: "kill",
	});
	t.deepEqual(
		[report.wall_s, report.cpu_user_s, report.threads, report.exit_code, report.signal],
		[null, null, null, null, null],
	);
	t.deepEqual(stripped, ["exitCode", "signal", "wallS", "cpuUserS", "threads"]);
});

test("long texts are cut, and an exception has no message, no paths and few frames", (t) => {
	const frames = Array.from({ length: MAX_FRAMES + 1 }, () => ({
		file: "/home/ada/lib/run.js",
		line: 3,
		function: "go",
	}));
	const { report } = build({
		command: "x".repeat(LONG),
		data: { text: "y ".repeat(LONG) },
		exception: { type: "TypeError", message: "secret", stack: "secret", frames },
	});
	t.is(report.command?.length, MAX_LABEL_LENGTH);
	t.is((report.data["text"] as string).length, MAX_TEXT_LENGTH - 1);
	t.is(report.exception?.frames.length, MAX_FRAMES);
	t.deepEqual(report.exception?.frames[0], { file: "run.js", line: 3, function: "go" });
	t.notRegex(serialiseReport(report), /secret|ada/);
});

test("an event is known or it is not", (t) => {
	for (const event of EVENTS) t.true(hasKnownEvent({ event }));
	t.true(hasKnownEvent({}));
	for (const event of ["END", "", null, 1, "toString"]) t.false(hasKnownEvent({ event } as unknown as ReportInput));
});

test("a size tells how it was found; one in another unit than the declared one is none", (t) => {
	const pairs = (given: unknown) => build({ inputs: { pairs: given } });
	const reads = { name: "pairs", unit: "reads" };
	const found = { size: 7, unit: "reads", measuredBy: "counted" };
	t.deepEqual(pairs(found).report.inputs, [{ ...reads, size: 7, measured_by: "counted" }]);
	t.deepEqual(pairs({ size: 7 }).report.inputs, [{ ...reads, size: 7 }]);
	t.deepEqual(pairs({ ...found, measuredBy: null }).report.inputs, [{ ...reads, size: 7 }]);
	t.deepEqual(pairs({ ...found, size: null }), { ...pairs({ size: null }), stripped: [] });
	t.deepEqual(pairs({ size: null }).report.inputs, [{ ...reads, size: null }]);
	t.deepEqual(pairs({ ...found, unit: "bytes" }).stripped, ["inputs.pairs"]);
	t.deepEqual(pairs({ ...found, unit: "bytes" }).report.inputs, [{ ...reads, size: null }]);
	t.deepEqual(pairs({ ...found, measuredBy: 7 }).stripped, ["inputs.pairs.measuredBy"]);
	t.deepEqual(pairs({ ...found, measuredBy: "wc -l /data/a.fq" }).report.inputs[0]?.measured_by, "wc");
});
