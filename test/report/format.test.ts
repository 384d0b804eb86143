import test from "ava";
import {
	formatAmount,
	formatBytes,
	formatInstant,
	formatMinute,
	formatNumber,
	formatSeconds,
	isoInstant,
} from "../../src/report/format.js";

const GIB = 1024 ** 3;

test("bytes have three digits and the unit that fits", (t) => {
	t.deepEqual([0, 512, 1023, 1024, 1536, 123_456_789, 6_143_754_764, 1023.9 * GIB, 5000 * 1024 ** 5].map(formatBytes), [
		"0 B",
		"512 B",
		"1,023 B",
		"1 KiB",
		"1.5 KiB",
		"118 MiB",
		"5.72 GiB",
		"1 TiB",
		"5,000 PiB",
	]);
});

test("durations are told as people tell them", (t) => {
	t.deepEqual(
		[0, 0.0004, 0.34, 0.9999, 1, 12.345, 59.97, 60, 245, 3599.7, 3600, 11_220, 86_399, 86_400, 187_200, 1e8].map(
			formatSeconds,
		),
		[
			"0 s",
			"0.4 ms",
			"340 ms",
			"1 s",
			"1 s",
			"12.3 s",
			"1 min 00 s",
			"1 min 00 s",
			"4 min 05 s",
			"1 h 00 min",
			"1 h 00 min",
			"3 h 07 min",
			"1 d 00 h",
			"1 d 00 h",
			"2 d 04 h",
			"1,157 d",
		],
	);
});

test("an amount has its own unit, and bytes have theirs", (t) => {
	t.is(formatAmount(1_234_567, "reads"), "1,234,567 reads");
	t.is(formatAmount(2048, "bytes"), "2 KiB");
	t.is(formatNumber(0.00271), "0.00271");
	t.is(formatNumber(1e300), "1e+300");
	t.is(formatAmount(1e300, "bytes"), "8.88e+284 PiB");
});

test("times are in UTC, and no number breaks them", (t) => {
	t.is(formatInstant(Date.UTC(2026, 0, 31, 12, 0, 5, 999)), "2026-01-31 12:00:05");
	t.is(formatMinute(Date.UTC(2026, 0, 31, 12, 0, 59)), "2026-01-31 12:00");
	for (const ms of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) t.notThrows(() => isoInstant(ms));
});
