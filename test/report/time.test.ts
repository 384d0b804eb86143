/** Moments are written as Date itself writes them. */
import test from "ava";
import fc from "fast-check";
import { isoTime } from "../../src/report/time.js";

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

test("the same as toISOString, up to the year 9999", (t) => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: LAST_MS }), (ms) => isoTime(new Date(ms)) === new Date(ms).toISOString()),
		{ numRuns: 2000 },
	);
	for (const ms of [0, 999, LAST_MS, Date.UTC(2024, 1, 29)]) t.is(isoTime(new Date(ms)), new Date(ms).toISOString());
});
