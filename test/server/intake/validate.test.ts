import test from "ava";
import fc from "fast-check";
import { MAX_ENTRIES, MAX_REPORT_BYTES, MAX_TEXT_LENGTH } from "../../../src/report/limits.js";
import { parseInstant, validateReport } from "../../../src/server/intake/validate.js";
import { wireReport } from "../../helpers/server.js";

function codeOf(value: unknown): string {
	const judged = validateReport(value);
	return judged.ok ? "ok" : judged.code;
}

test("a report is kept as it was sent", (t) => {
	const report = wireReport({ data: { duplexes: 17 } });
	const judged = validateReport(report);
	t.true(judged.ok);
	if (!judged.ok) return;
	t.deepEqual(JSON.parse(judged.json), report);
	t.is(judged.occurredAtMs, Date.UTC(2026, 0, 31, 12));
});

test("what the schema forbids is rejected, with the place that is wrong", (t) => {
	const wrong: [changes: Record<string, unknown>, place: RegExp][] = [
		[{ extra: 1 }, /unknown field "extra"/],
		[{ wall_s: -1 }, /wall_s/],
		[{ wall_s: "1" }, /wall_s/],
		[{ command: "x".repeat(129) }, /command/],
		[{ project: "../etc" }, /project/],
		[{ id: "1" }, /id/],
		[{ inputs: [{ name: "a", unit: "bytes", size: -1 }] }, /inputs\.0\.size/],
		[{ data: { ok: { nested: 1 } } }, /data\.ok/],
		[{ event: undefined }, /event/],
	];
	for (const [changes, place] of wrong) {
		const judged = validateReport(wireReport(changes));
		t.false(judged.ok);
		if (!judged.ok) t.regex(judged.message, place);
	}
});

test("numbers that JSON can write and nobody can mean are rejected", (t) => {
	const withWall = (wall: string) =>
		JSON.parse(JSON.stringify(wireReport({ wall_s: 0 })).replace('"wall_s":0', `"wall_s":${wall}`));
	t.is(codeOf(withWall("1e999")), "invalid_report");
	t.is(codeOf(withWall("1e300")), "ok");
	t.is(codeOf(wireReport({ max_rss_bytes: 2 ** 53 })), "invalid_report");
});

test("a key named __proto__ is an unknown field like any other", (t) => {
	const report = JSON.stringify(wireReport());
	t.is(codeOf(JSON.parse(report.replace("{", '{"__proto__":{"event":"end"},'))), "invalid_report");
	t.is(codeOf(JSON.parse(report.replace("{", '{"data":{"__proto__":1},'))), "invalid_report");
});

test("a date that the calendar does not have is rejected as such", (t) => {
	for (const date of ["2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z"]) {
		t.is(codeOf(wireReport({ occurred_at: date })), "invalid_date", date);
	}
	for (const date of ["2024-02-29T23:59:59Z", "2026-01-01T00:00:00.123456789Z", "0001-01-01T00:00:00Z"]) {
		t.is(codeOf(wireReport({ occurred_at: date })), "ok", date);
	}
	t.is(codeOf(wireReport({ occurred_at: "yesterday" })), "invalid_report");
});

test("every instant that there is survives reading", (t) => {
	fc.assert(
		fc.property(
			fc.date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true }),
			(date) => {
				t.is(parseInstant(date.toISOString()), date.getTime());
			},
		),
	);
});

test("a report that fits the schema and not the limit is rejected", (t) => {
	const data = Object.fromEntries(
		Array.from({ length: MAX_ENTRIES }, (_, index) => [`key${index}`, "\u0001".repeat(MAX_TEXT_LENGTH)]),
	);
	const report = wireReport({ data });
	t.true(JSON.stringify(report).length > MAX_REPORT_BYTES);
	t.is(codeOf(report), "report_too_large");
});

test("no value whatever makes it throw", (t) => {
	fc.assert(
		fc.property(fc.anything(), (value) => {
			t.false(validateReport(value).ok);
		}),
	);
});
