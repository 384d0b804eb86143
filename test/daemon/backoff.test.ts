/** When a failed endpoint is tried again: bounds that hold for any number, any header, any clock. */
import test from "ava";
import fc from "fast-check";
import { backoffMs, isDue, retryAfterMs } from "../../daemon/backoff.js";
import { POLICY } from "../../daemon/policy.js";

const NOW_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const JUST_UNDER_ONE = 1 - Number.EPSILON;

const failures = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const random = fc.double({ min: 0, max: JUST_UNDER_ONE, noNaN: true });

test("the ceiling doubles from 30 s to 6 h, and stays there", (t) => {
	const ceilings = [1, 2, 3, 9, 10, 11, 12, 1000].map((count) => backoffMs(count, 1, POLICY) / 1000);
	t.deepEqual(ceilings, [30, 60, 120, 7680, 15_360, 21_600, 21_600, 21_600]);
});

test("full jitter: anywhere between nothing and the ceiling", (t) => {
	t.is(backoffMs(4, 0, POLICY), 0);
	t.is(backoffMs(4, 0.5, POLICY), 120_000);
	t.notThrows(() =>
		fc.assert(
			fc.property(failures, random, (count, drawn) => {
				const waitMs = backoffMs(count, drawn, POLICY);
				return (
					Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= backoffMs(count, 1, POLICY) && waitMs <= 6 * HOUR_MS
				);
			}),
		),
	);
});

const RETRY_AFTER: [header: string | null, waitMs: number | null][] = [
	[null, null],
	["120", 120_000],
	["  120 ", 120_000],
	["0", 0],
	["31536000", DAY_MS],
	["9".repeat(400), DAY_MS],
	["Sat, 31 Jan 2026 12:10:00 GMT", 600_000],
	["Saturday, 31-Jan-26 12:10:00 GMT", 600_000],
	["Sun, 31 Jan 2027 12:00:00 GMT", DAY_MS],
	["Sat, 31 Jan 2026 11:00:00 GMT", 0],
	["Thu, 01 Jan 1970 00:00:00 GMT", 0],
	["", null],
	["-5", null],
	["1.5", null],
	["1e3", null],
	["0x10", null],
	["soon", null],
	["soon 2099", null],
	["wait 3600", null],
	["Sat, 99 Foo 2026", null],
	["\u001b[2J", null],
	["Infinity", null],
];

for (const [header, waitMs] of RETRY_AFTER) {
	const name = header === null ? "none" : JSON.stringify(header.slice(0, 40));
	test(`Retry-After ${name} is ${waitMs === null ? "not understood" : `${waitMs / 1000} s`}`, (t) => {
		t.is(retryAfterMs(header, NOW_MS, POLICY), waitMs);
	});
}

test("whatever a server writes into Retry-After, the wait is within a day", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String)), (header) => {
				const waitMs = retryAfterMs(header, NOW_MS, POLICY);
				return waitMs === null || (waitMs >= 0 && waitMs <= DAY_MS);
			}),
		),
	);
});

test("an endpoint is due from its moment on", (t) => {
	const at = (ms: number): string => new Date(ms).toISOString();
	t.true(isDue(null, NOW_MS, POLICY));
	t.true(isDue(at(NOW_MS), NOW_MS, POLICY));
	t.true(isDue(at(NOW_MS - YEAR_MS), NOW_MS, POLICY));
	t.false(isDue(at(NOW_MS + 1), NOW_MS, POLICY));
	t.false(isDue(at(NOW_MS + DAY_MS), NOW_MS, POLICY));
});

test("a moment that lies further ahead than any wait of ours comes from a clock that was set back", (t) => {
	t.true(isDue(new Date(NOW_MS + DAY_MS + 1).toISOString(), NOW_MS, POLICY));
	t.true(isDue(new Date(NOW_MS + YEAR_MS).toISOString(), NOW_MS, POLICY));
});

test("a moment that is no date does not hold an endpoint back", (t) => {
	t.true(isDue("tomorrow", NOW_MS, POLICY));
});
