import test from "ava";
import { isDuration, momentBefore, shorterAt } from "../../src/report/duration.js";

const at = (iso: string): number => Date.parse(`${iso}T12:00:00Z`);
const before = (iso: string, duration: string): string => {
	const moment = new Date(momentBefore(at(iso), duration)).toISOString();
	return moment.endsWith("T12:00:00.000Z") ? moment.slice(0, 10) : moment;
};

test("a duration before a moment is counted by the calendar", (t) => {
	t.is(before("2026-03-15", "P1Y"), "2025-03-15");
	t.is(before("2024-02-29", "P1Y"), "2023-02-28");
	t.is(before("2026-03-31", "P1M"), "2026-02-28");
	t.is(before("2026-01-15", "P2M"), "2025-11-15");
	t.is(before("2026-01-15", "P1Y2M1W1D"), "2024-11-07");
	t.is(before("2026-01-15", "P0D"), "2026-01-15");
	t.is(momentBefore(at("2026-01-15"), "P999999Y"), Number.NEGATIVE_INFINITY);
	t.is(momentBefore(at("2026-01-15"), `P${"9".repeat(400)}D`), Number.NEGATIVE_INFINITY);
});

test("of two durations the shorter is found, whatever their units", (t) => {
	const now = at("2026-03-01");
	t.is(shorterAt(now, "P1M", "P30D"), "P1M");
	t.is(shorterAt(now, "P1M", "P27D"), "P27D");
	t.is(shorterAt(now, "P1Y", "P12M"), "P1Y");
	t.is(shorterAt(now, "P2Y", "P13M"), "P13M");
});

test("what is a duration is told from what is none", (t) => {
	for (const text of ["P1Y", "P1Y2M3W4D", "P0D", "P90D"]) t.true(isDuration(text), text);
	for (const text of ["", "P", "1Y", "P1", "PT1H", "P1D1Y", "p1y", "P-1Y", "P1.5Y"]) t.false(isDuration(text), text);
});
