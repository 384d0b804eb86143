/** What may be left out of a report, and what is left then. */
import test from "ava";
import fc from "fast-check";
import { NAME_PATTERN } from "../../src/report/limits.js";
import { isOptionalField, OPTIONAL_FIELDS, withoutFields } from "../../src/report/optional-fields.js";
import { REPORT_SCHEMA } from "../../src/report/schema.js";
import { MEASURES, type Measure, PLATFORMS, type WireReport } from "../../src/report/types.js";
import { validateReport } from "../../src/server/intake/validate.js";

const REQUIRED = ["id", "run_id", "event", "project", "occurred_at", "manifest_notice", "weight", "test"];

/** Names that an object has without having been given them are the interesting ones. */
const names = fc.constantFrom("pairs", "note", "constructor", "toString", "a.b", "0", "hasOwnProperty");
const sizes = fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }));

const reports: fc.Arbitrary<WireReport> = fc.record({
	id: fc.constant("019c13f0-1f40-7c3e-9a55-3b1f2c4d5e6f"),
	run_id: fc.constant("5f0c0a1b7de24c6f8a91b2c3d4e5f607"),
	event: fc.constantFrom("start", "end"),
	project: fc.constant("dunovo"),
	command: fc.option(fc.constantFrom("align", "")),
	version: fc.option(fc.constant("3.0.2")),
	manifest_notice: fc.option(fc.nat()),
	occurred_at: fc.constant("2026-01-31T12:00:00.000Z"),
	since_start_s: sizes,
	test: fc.boolean(),
	platform: fc.option(fc.constantFrom(...PLATFORMS)),
	platform_inner: fc.option(fc.constantFrom(...PLATFORMS)),
	outcome: fc.option(fc.constantFrom("ok", "failed")),
	exit_code: fc.option(fc.nat(255)),
	signal: fc.option(fc.constant("SIGKILL")),
	wall_s: sizes,
	cpu_user_s: sizes,
	cpu_system_s: sizes,
	max_rss_bytes: fc.option(fc.nat()),
	threads: fc.option(fc.nat()),
	read_bytes: fc.option(fc.nat()),
	written_bytes: fc.option(fc.nat()),
	measured_by: fc.dictionary(fc.constantFrom(...MEASURES), fc.constant("cgroup")) as fc.Arbitrary<
		Partial<Record<Measure, string>>
	>,
	limits: fc.option(fc.record({ memory_bytes: fc.option(fc.nat()), wall_s: sizes, cpus: sizes })),
	kill_reason: fc.option(fc.constant("oom")),
	weight: fc.constantFrom(1, 10),
	inputs: fc.array(
		fc.record(
			{ name: names, unit: fc.constant("reads"), size: sizes, measured_by: fc.constant("counted") },
			{ requiredKeys: ["name", "unit", "size"] },
		),
		{ maxLength: 5 },
	),
	exception: fc.option(fc.constant({ type: "ValueError", frames: [{ file: "a.py", line: 3, function: null }] })),
	data: fc.dictionary(names, fc.oneof(fc.nat(), fc.boolean(), fc.constant("text"), fc.constant(null))),
});

const optionalPaths = fc.oneof(
	fc.constantFrom<string[]>(...OPTIONAL_FIELDS),
	names.map((name) => `inputs.${name}`),
	names.map((name) => `data.${name}`),
);
const anyPaths = fc.oneof(
	optionalPaths,
	fc.constantFrom(...REQUIRED, "__proto__", "constructor", "inputs.", "data.__proto__", "data.a/b", "limits.wall_s"),
	fc.string(),
);

function isEmpty(value: unknown): boolean {
	return value === null || (typeof value === "object" && Object.keys(value as object).length === 0);
}

test("every field of a report either may be left out or is required", (t) => {
	t.deepEqual([...OPTIONAL_FIELDS, ...REQUIRED].sort(), Object.keys(REPORT_SCHEMA.properties).sort());
	for (const field of OPTIONAL_FIELDS) t.true(isOptionalField(field), field);
	for (const field of REQUIRED) t.false(isOptionalField(field), field);
});

test("inputs and keys are named one by one, by the names that they can have", (t) => {
	for (const path of ["inputs.pairs", "data.note", "data.a.b", "data.constructor", "inputs.0"]) {
		t.true(isOptionalField(path), path);
	}
	for (const path of [
		"",
		"inputs.",
		"data.",
		"data.__proto__",
		"data.a b",
		"data.*",
		"Platform",
		"toString",
		"limits.wall_s",
	]) {
		t.false(isOptionalField(path), path);
	}
	t.notThrows(() =>
		fc.assert(fc.property(fc.string(), (name) => isOptionalField(`data.${name}`) === NAME_PATTERN.test(name))),
	);
});

test("what is left out is not given, and a server takes the rest", (t) => {
	fc.assert(
		fc.property(reports, fc.array(optionalPaths, { maxLength: 6 }), (report, paths) => {
			const without = withoutFields(report, paths);
			for (const path of paths) {
				if (path.startsWith("inputs.")) t.false(without.inputs.some(({ name }) => `inputs.${name}` === path));
				else if (path.startsWith("data.")) t.false(Object.hasOwn(without.data, path.slice("data.".length)));
				else t.true(isEmpty(without[path as keyof WireReport]), path);
				t.false(Object.hasOwn(without.measured_by, path));
			}
			t.true(validateReport(without).ok);
		}),
	);
});

test("nothing else changes, nor the order of what is left, nor the report that was given", (t) => {
	fc.assert(
		fc.property(reports, fc.array(anyPaths, { maxLength: 6 }), (report, paths) => {
			const before = JSON.stringify(report);
			const without = withoutFields(report, paths);
			t.is(JSON.stringify(report), before);
			t.deepEqual(Object.keys(without), Object.keys(report));
			for (const field of Object.keys(report) as (keyof WireReport)[]) {
				const isNamed = paths.some((path) => path === field || path.startsWith(`${field}.`));
				const follows =
					(field === "measured_by" && paths.some((path) => MEASURES.includes(path as Measure))) ||
					(field === "inputs" && paths.includes("measured_by")) ||
					(field === "platform_inner" && paths.includes("platform"));
				if (!isNamed && !follows) t.deepEqual(without[field], report[field], field);
			}
			for (const field of REQUIRED) t.is(without[field as keyof WireReport], report[field as keyof WireReport]);
		}),
	);
});

test("leaving out twice is leaving out once, in any order", (t) => {
	fc.assert(
		fc.property(reports, fc.array(anyPaths, { maxLength: 6 }), (report, paths) => {
			const once = withoutFields(report, paths);
			t.deepEqual(withoutFields(once, paths), once);
			t.deepEqual(withoutFields(report, [...paths].reverse()), once);
		}),
	);
});

test("a field that a report does not have is not added to it", (t) => {
	const bare = { id: "019c13f0-1f40-7c3e-9a55-3b1f2c4d5e6f", wall_s: 3 };
	t.deepEqual(withoutFields(bare, [...OPTIONAL_FIELDS, "inputs.pairs", "data.note"]), {
		...bare,
		wall_s: null as never,
	});
});

test("of what another program wrote, whatever its shape, nothing is left that could be what is left out", (t) => {
	const keyed = fc.dictionary(fc.oneof(names, fc.constant("wall_s")), fc.anything());
	const shapes = fc.oneof(
		fc.anything(),
		keyed,
		fc.array(fc.oneof(fc.anything(), fc.record({ name: names, size: sizes }))),
	);
	t.notThrows(() =>
		fc.assert(
			fc.property(shapes, shapes, names, (inputs, data, name) => {
				const report = withoutFields({ inputs, data, measured_by: data }, [`inputs.${name}`, `data.${name}`, "wall_s"]);
				const others = (report.inputs ?? []) as { name: unknown }[];
				return (
					others.every((input) => typeof input.name === "string" && input.name !== name) &&
					!Object.hasOwn(report.data ?? {}, name) &&
					!Object.hasOwn(report.measured_by ?? {}, "wall_s")
				);
			}),
		),
	);
});

test("who leaves out how figures were measured leaves out how sizes were found, and keeps the sizes", (t) => {
	const sized = {
		inputs: [{ name: "pairs", unit: "reads", size: 7, measured_by: "estimated" }, null],
		measured_by: {},
	};
	t.deepEqual(withoutFields(sized, ["measured_by"]).inputs, [{ name: "pairs", unit: "reads", size: 7 }, null]);
	t.deepEqual(withoutFields(sized, ["inputs.pairs"]).inputs, []);
	t.deepEqual(sized.inputs[0], { name: "pairs", unit: "reads", size: 7, measured_by: "estimated" });
});
