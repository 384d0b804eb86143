import test from "ava";
import { neighbours, readCursor } from "../../../src/server/queries/cursor.js";

function queryOf(address: string | undefined): Record<string, unknown> {
	return Object.fromEntries(new URL(address ?? "", "http://et.invalid").searchParams);
}

test("an address that was made is read as what it was made from", (t) => {
	const runs = [9, 7, 5].map((seq) => ({ seq, events: [] }));
	const { older, newer } = neighbours("dunovo", { asOf: 12, runs, hasOlder: true, hasNewer: true });
	t.deepEqual(readCursor(queryOf(older)), { project: "dunovo", asOf: 12, from: { before: 5 } });
	t.deepEqual(readCursor(queryOf(newer)), { project: "dunovo", asOf: 12, from: { after: 9 } });
});

test("there is no address for what is not there", (t) => {
	const runs = [{ seq: 9, events: [] }];
	t.deepEqual(neighbours(undefined, { asOf: 9, runs, hasOlder: false, hasNewer: false }), {
		older: undefined,
		newer: undefined,
	});
	t.deepEqual(neighbours(undefined, { asOf: 9, runs: [], hasOlder: true, hasNewer: true }), {
		older: undefined,
		newer: undefined,
	});
});

test("an address without a query asks for the newest runs of all", (t) => {
	t.deepEqual(readCursor({}), { project: undefined, asOf: undefined, from: undefined });
	t.deepEqual(readCursor({ utm_source: "mail" }), { project: undefined, asOf: undefined, from: undefined });
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
	]) {
		t.is(readCursor(query), undefined, JSON.stringify(query));
	}
});
