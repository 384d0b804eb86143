/** What a manifest may say, and what its author hears of each fault. */
import test from "ava";
import { EtError } from "../../src/errors.js";
import { consentText, endpointProblem, manifestProblems, parseManifest } from "../../src/report/manifest.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";

const why = "Tested.";
const notice = { version: 1, purpose: "p", contact: "c", retention: "P2Y" };
const tooLong = "x".repeat(513);
const manyKeys = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, { unit: "u", why }]));

/** A fault, and the place that its message must begin with. */
const FAULTS: [place: string, changes: Record<string, unknown>][] = [
	["et", { et: 2 }],
	["et", { et: undefined }],
	["project", { project: undefined }],
	["project", { project: "" }],
	["project", { project: 7 }],
	["project", { project: "../evil" }],
	["project", { project: ".hidden" }],
	["project", { project: "x".repeat(65) }],
	["endpoint", { endpoint: undefined }],
	["endpoint", { endpoint: 1 }],
	["endpoint", { endpoint: "not a url" }],
	["endpoint", { endpoint: "http://et.example.org" }],
	["endpoint", { endpoint: "ftp://et.example.org" }],
	["endpoint", { endpoint: "https://user:secret@et.example.org" }],
	["endpoint", { endpoint: "https://et.example.org/?a=1" }],
	["endpoint", { endpoint: "https://et.example.org/#a" }],
	["endpoint", { endpoint: "http://127.0.0.1.example.org" }],
	["notice", { notice: undefined }],
	["notice", { notice: [] }],
	["notice.version", { notice: { ...notice, version: 0 } }],
	["notice.version", { notice: { ...notice, version: 1.5 } }],
	["notice.version", { notice: { ...notice, version: "1" } }],
	["notice.purpose", { notice: { ...notice, purpose: "  " } }],
	["notice.purpose", { notice: { ...notice, purpose: tooLong } }],
	["notice.contact", { notice: { ...notice, contact: undefined } }],
	["notice.retention", { notice: { ...notice, retention: "2 years" } }],
	["notice.retention", { notice: { ...notice, retention: "P" } }],
	["notice.retention", { notice: { ...notice, retention: "P1DT2H" } }],
	["notice.url", { notice: { ...notice, url: "javascript:alert(1)" } }],
	["notice.url", { notice: { ...notice, url: 1 } }],
	["notice.addresses", { notice: { ...notice, addresses: "some" } }],
	["notice.address", { notice: { ...notice, address: "none" } }],
	["inputs", { inputs: [] }],
	["inputs", { inputs: manyKeys }],
	["inputs.pairs", { inputs: { pairs: "reads" } }],
	["inputs.pairs.unit", { inputs: { pairs: { why } } }],
	["inputs.pairs.unit", { inputs: { pairs: { unit: "x".repeat(129), why } } }],
	["inputs.pairs.why", { inputs: { pairs: { unit: "reads" } } }],
	["inputs.pairs.units", { inputs: { pairs: { unit: "reads", units: "reads", why } } }],
	["inputs.a b", { inputs: { "a b": { unit: "reads", why } } }],
	["inputs.*", { inputs: { "*": { unit: "reads", why } } }],
	["data", { data: "all" }],
	["data.note", { data: { note: 1 } }],
	["data.note.type", { data: { note: { type: "date", why } } }],
	["data.note.type", { data: { note: { why } } }],
	["data.note.why", { data: { note: { type: "string" } } }],
	["data.note.extra", { data: { note: { type: "string", why, extra: 1 } } }],
	["data.", { data: { "": { type: "string", why } } }],
	["sample", { sample: 0 }],
	["sample", { sample: 1.1 }],
	["sample", { sample: "0.1" }],
	["sample", { sample: 1e-12 }],
	["colour", { colour: "red" }],
];

for (const [place, changes] of FAULTS) {
	test(`a fault is named where it is: ${place} in ${JSON.stringify(changes).slice(0, 80)}`, (t) => {
		const problems = manifestProblems(manifestJson(changes));
		t.true(problems[0]?.startsWith(`${place}: `), problems[0]);
		for (const further of problems.slice(1)) t.true(further.startsWith(`${place}.`), further);
	});
}

test("a manifest that is no object is one fault of the file, and every missing part is named", (t) => {
	for (const value of [null, undefined, 1, "x", []]) {
		const problems = manifestProblems(value);
		t.true(problems[0]?.startsWith("et.json: "), problems[0]);
	}
	t.deepEqual(
		manifestProblems({}).map((problem) => problem.split(":")[0]),
		["et", "project", "endpoint", "notice", "notice.version", "notice.retention", "notice.purpose", "notice.contact"],
	);
});

test("parseManifest throws all faults at once, under a code", (t) => {
	const error = t.throws(() => parseManifest(manifestJson({ et: 2, sample: 0 })), { instanceOf: EtError });
	t.is(error?.code, "ET_MANIFEST_INVALID");
	t.regex(error?.message ?? "", /\bet: .*\bsample: /s);
});

test("a key named __proto__ is refused and pollutes nothing", (t) => {
	const value = JSON.parse(`{ "inputs": { "__proto__": { "unit": "reads", "why": "x" } } }`);
	const problems = manifestProblems(manifestJson(value));
	t.is(problems.length, 1);
	t.true(problems[0]?.startsWith("inputs.__proto__: "));
	t.is(({} as Record<string, unknown>)["unit"], undefined);
});

test("what may be left out has its default", (t) => {
	const manifest = parseManifest(manifestJson({ inputs: undefined, data: undefined }));
	t.deepEqual(manifest.inputs, {});
	t.deepEqual(manifest.data, {});
	t.is(manifest.sample, 1);
	t.is(manifest.notice.addresses, "full");
	t.is(manifest.notice.url, null);
});

test("an endpoint loses its trailing slashes and keeps its path", (t) => {
	t.is(testManifest({ endpoint: "https://example.org/et//" }).endpoint, "https://example.org/et");
});

test("plain http goes to this machine alone", (t) => {
	for (const host of ["localhost", "127.0.0.1", "127.255.0.9", "[::1]"])
		t.is(endpointProblem(`http://${host}:80`), null);
	for (const host of ["example.org", "127.0.0.1.evil.org", "localhost.evil.org", "[::2]", "0.0.0.0"]) {
		t.not(endpointProblem(`http://${host}`), null, host);
	}
});

test("what a user agrees to does not depend on the order of keys, nor on the sampling", (t) => {
	const manifest = testManifest({ data: { b: { type: "string", why }, a: { why, type: "number" } } });
	const reversed = Object.fromEntries(Object.entries(manifest).reverse()) as unknown as typeof manifest;
	reversed.data = Object.fromEntries(Object.entries(manifest.data).reverse());
	t.is(consentText(reversed), consentText(manifest));
	t.is(consentText({ ...manifest, sample: 0.25 }), consentText(manifest));
	t.deepEqual(parseManifest(JSON.parse(consentText(manifest))), manifest);
});

test("whatever a user agreed to changes the text", (t) => {
	const manifest = testManifest();
	const changed = [
		{ ...manifest, endpoint: "https://elsewhere.example.org" },
		{ ...manifest, notice: { ...manifest.notice, version: 2 } },
		{ ...manifest, notice: { ...manifest.notice, addresses: "none" as const } },
		{ ...manifest, inputs: {} },
		{ ...manifest, data: {} },
	];
	t.is(new Set([manifest, ...changed].map(consentText)).size, changed.length + 1);
});
