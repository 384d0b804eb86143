/** What is stripped, what is a key, and what is remembered for how long. */
import test from "ava";
import fc from "fast-check";
import { UNKNOWN_UNIT } from "../../../src/report/types.js";
import { isKey, keyDigest, newKey } from "../../../src/server/registry/keys.js";
import { Remembered } from "../../../src/server/registry/remembered.js";
import { manifestFor, stripUndeclared } from "../../../src/server/registry/strip.js";
import type { StoredReport } from "../../../src/server/store/types.js";
import { testManifest } from "../../helpers/manifest.js";
import { wireReport } from "../../helpers/server.js";

function report(changes: Partial<StoredReport>): StoredReport {
	return wireReport(changes) as unknown as StoredReport;
}

const manifest = testManifest({
	data: {
		duplexes: { type: "integer", why: "w" },
		share: { type: "number", why: "w" },
		mode: { type: "string", why: "w" },
		fast: { type: "boolean", why: "w" },
	},
});

test("what is declared stays, and the report with it", (t) => {
	for (const changes of [
		{},
		{ inputs: null, data: null },
		{ inputs: [], data: {} },
		{ inputs: [{ name: "pairs", unit: "reads", size: 3 }], data: { duplexes: 3, share: 0.5, mode: "x", fast: true } },
		{ inputs: [{ name: "pairs", unit: UNKNOWN_UNIT, size: 3 }] },
		{ inputs: [{ name: "pairs", unit: "reads" }], data: { duplexes: null, share: null, mode: null, fast: null } },
	]) {
		const given = report(changes);
		t.is(stripUndeclared(given, manifest), given);
	}
});

test("what is not declared goes: other names, other units, other types, and names that every object has", (t) => {
	const given = report({
		inputs: [
			{ name: "pairs", unit: "bytes", size: 1 },
			{ name: "pairs", unit: "reads", size: 2 },
			{ name: "secret", unit: "reads", size: 3 },
			{ name: "constructor", unit: "reads", size: 4 },
		],
		data: { duplexes: 0.5, share: "x", mode: 1, fast: 1, note: "n", constructor: "c", toString: 1 },
	});
	const clean = stripUndeclared(given, manifest);
	t.deepEqual(clean.inputs, [{ name: "pairs", unit: "reads", size: 2 }]);
	t.deepEqual(clean.data, {});
	t.deepEqual({ ...clean, inputs: null, data: null }, { ...given, inputs: null, data: null });
	t.is(Object.keys(given.data ?? {}).length, 7, "what was given is left as it was");
});

test("a manifest that declares every key has all of them kept", (t) => {
	const any = testManifest({ data: { "*": { type: "string", why: "w" }, duplexes: { type: "integer", why: "w" } } });
	const clean = stripUndeclared(report({ data: { note: "n", count: 1, duplexes: "no" } }), any);
	t.deepEqual(clean.data, { note: "n", count: 1 });
});

test("a report is held to the notice that its user agreed to, else to the newest", (t) => {
	const [first, second] = [1, 3].map((version) => testManifest({ notice: { ...testManifest().notice, version } }));
	if (first === undefined || second === undefined) return t.fail();
	const known = [first, second];
	t.is(manifestFor(report({ manifest_notice: 1 }), known), first);
	t.is(manifestFor(report({ manifest_notice: 3 }), known), second);
	for (const manifest_notice of [2, 4, null]) t.is(manifestFor(report({ manifest_notice }), known), second);
	t.is(manifestFor(report({}), known), second);
	t.is(manifestFor(report({ manifest_notice: 1 }), []), undefined);
});

test("a key is long, random, and told from other words", (t) => {
	const keys = Array.from({ length: 100 }, newKey);
	t.is(new Set(keys).size, 100);
	t.true(keys.every(isKey));
	t.true(keys.every((key) => encodeURIComponent(key) === key));
	for (const text of ["", "etk_", `${keys[0]}x`, keys[0]?.slice(1) ?? "", "etk_<script>alert(1)</script>xxx"]) {
		t.false(isKey(text), text);
	}
	t.is(keyDigest("etk_a").length, 32);
});

test("what is remembered is so for its time, and never more than there is room for", (t) => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(5)), { maxLength: 100 }), (steps) => {
			let nowMs = 0;
			const remembered = new Remembered<number>(10, 8, () => nowMs);
			const model = new Map<number, { value: number; at: number }>();
			for (const [name, step] of steps) {
				nowMs += step;
				const found = remembered.get(String(name));
				const known = model.get(name);
				if (found !== undefined) {
					t.is<number | undefined, number | undefined>(found, known?.value);
					t.true(nowMs - (known?.at ?? 0) < 10);
				}
				remembered.set(String(name), nowMs);
				model.set(name, { value: nowMs, at: nowMs });
				t.is(remembered.get(String(name)), nowMs);
				t.true(remembered.size <= 8);
			}
		}),
	);
});
