import test from "ava";
import { addressOf, neighbours, readCursor } from "../../../src/server/queries/cursor.js";

function queryOf(address: string | undefined): Record<string, unknown> {
	return Object.fromEntries(new URL(address ?? "", "http://et.invalid").searchParams);
}

test("an address that was made is read as what it was made from", (t) => {
	const runs = [9, 7, 5].map((seq) => ({ seq, events: [] }));
	for (const scope of [
		{ project: "dunovo", tests: "without" },
		{ project: undefined, tests: "only" },
	] as const) {
		const { older, newer } = neighbours(scope, { asOf: 12, runs, hasOlder: true, hasNewer: true });
		t.deepEqual(readCursor(queryOf(older)), { ...scope, asOf: 12, from: { before: 5 } });
		t.deepEqual(readCursor(queryOf(newer)), { ...scope, asOf: 12, from: { after: 9 } });
		t.deepEqual(readCursor(queryOf(addressOf(scope))), { ...scope, asOf: undefined, from: undefined });
	}
});

test("there is no address for what is not there", (t) => {
	const runs = [{ seq: 9, events: [] }];
	t.deepEqual(neighbours({}, { asOf: 9, runs, hasOlder: false, hasNewer: false }), {
		older: undefined,
		newer: undefined,
	});
	t.deepEqual(neighbours({}, { asOf: 9, runs: [], hasOlder: true, hasNewer: true }), {
		older: undefined,
		newer: undefined,
	});
});

test("an address without a query asks for the newest runs of all", (t) => {
	const newest = { project: undefined, tests: "without", asOf: undefined, from: undefined };
	t.deepEqual(readCursor({}), newest);
	t.deepEqual(readCursor({ utm_source: "mail" }), newest);
});

test("an address that asks for what cannot be is not read", (t) => {
	for (const query of [
		{ project: "" },
		{ project: "a'; DROP TABLE events; --" },
		{ project: ["a", "b"] },
		{ before: "-1" },
		{ before: "1e3" },
		{ before: "9".repeat(16) },
		{ after: "" },
		{ as_of: "now" },
		{ before: "1", after: "2" },
		{ tests: "1" },
		{ tests: ["only", "only"] },
	]) {
		t.is(readCursor(query), undefined, JSON.stringify(query));
	}
});
