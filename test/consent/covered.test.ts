/** What a new notice and the agreed one both cover: nothing is kept meanwhile that either would not. */
import test from "ava";
import fc from "fast-check";
import { grant } from "../../src/consent/change.js";
import { awaitsAnswer, coveredBy } from "../../src/consent/covered.js";
import { buildReport } from "../../src/report/build.js";
import { DATA_TYPES, type DataType, type Manifest, parseManifest } from "../../src/report/manifest.js";
import type { ReportInput, WireReport } from "../../src/report/types.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";

const NAMES = ["a", "b", "constructor", "x.y"];
const names = fc.constantFrom(...NAMES);
const inputs = fc.dictionary(
	names,
	fc.record({ unit: fc.constantFrom("reads", "bases"), why: fc.constantFrom("w", "v") }),
);
const data = fc.dictionary(
	fc.oneof(names, fc.constant("*")),
	fc.record({ type: fc.constantFrom(...DATA_TYPES), why: fc.constantFrom("w", "v") }),
);
const manifests: fc.Arbitrary<Manifest> = fc
	.record({ inputs, data, version: fc.integer({ min: 1, max: 3 }), sample: fc.constantFrom(1, 0.5) })
	.map(({ version, ...declared }) => {
		const notice = { ...testManifest().notice, version };
		return parseManifest({ ...manifestJson(), ...declared, notice, endpoint: `https://v${version}.example.org` });
	});
const given: fc.Arbitrary<ReportInput> = fc.record({
	inputs: fc.dictionary(names, fc.nat()),
	data: fc.dictionary(fc.oneof(names, fc.constantFrom("c", "*")), fc.constantFrom(3, 0.5, "text", true)),
});

const under = (manifest: Manifest, report: ReportInput): WireReport =>
	buildReport(report, { manifest, id: "i", runId: "r", now: new Date(0), weight: 1 }).report;

test("what is kept meanwhile, either notice alone would keep, with the same unit and value", (t) => {
	const isCovered = fc.property(manifests, manifests, given, (agreed, declared, report) => {
		const kept = under(coveredBy(agreed, declared), report);
		return [under(agreed, report), under(declared, report)].every(
			({ inputs, data }) =>
				kept.inputs.every((input) => inputs.some((each) => JSON.stringify(each) === JSON.stringify(input))) &&
				Object.entries(kept.data).every(([key, value]) => Object.hasOwn(data, key) && Object.is(data[key], value)),
		);
	});
	t.notThrows(() => fc.assert(isCovered, { numRuns: 500 }));
});

test("endpoint and notice are the agreed ones; how many runs report is the script's to say", (t) => {
	fc.assert(
		fc.property(manifests, manifests, (agreed, declared) => {
			const { inputs: _inputs, data: _data, ...rest } = coveredBy(agreed, declared);
			const { inputs: _i, data: _d, ...expected } = { ...agreed, sample: declared.sample };
			t.deepEqual(rest, expected);
			t.deepEqual(coveredBy(agreed, agreed), agreed);
		}),
	);
});

const withData = (declared: Record<string, DataType>): Manifest =>
	testManifest({ data: Object.fromEntries(Object.entries(declared).map(([key, type]) => [key, { type, why: "w" }])) });
const keysOf = (agreed: Record<string, DataType>, declared: Record<string, DataType>): Record<string, string> =>
	Object.fromEntries(
		Object.entries(coveredBy(withData(agreed), withData(declared)).data).map(([key, { type }]) => [key, type]),
	);

test("an agreed * covers what is named now; a new * covers no more than was named before", (t) => {
	t.deepEqual(keysOf({ "*": "string" }, { a: "integer" }), { a: "integer" });
	t.deepEqual(keysOf({ a: "integer" }, { "*": "string" }), { a: "integer" });
	t.deepEqual(keysOf({ a: "integer", "*": "string" }, { "*": "string" }), { a: "integer", "*": "string" });
	t.deepEqual(keysOf({ a: "integer" }, { a: "string" }), {});
	t.deepEqual(keysOf({ a: "integer" }, { b: "integer" }), {});
	t.deepEqual(keysOf({ a: "integer", "*": "string" }, { a: "string", "*": "string" }), {});
});

test("a new version asks for an answer, and so does a text that changed without one; an older one does not", (t) => {
	const second = (changes = {}) => testManifest({ notice: { ...testManifest().notice, version: 2, ...changes } });
	const { grant: agreed } = grant(second(), "granted", null, "g", { now: new Date(), how: "test" });
	if (agreed === null) return t.fail();
	t.false(awaitsAnswer(agreed, second()));
	t.true(awaitsAnswer(agreed, second({ version: 3 })));
	t.true(awaitsAnswer(agreed, second({ purpose: "Other." })));
	return t.false(awaitsAnswer(agreed, testManifest()));
});
