/** Numbers as people read them. */
import test from "ava";
import { age, byteCount, plural } from "../../src/cli/quantities.js";

const NOW = Date.parse("2026-01-10T00:00:00Z");

test("how long ago", (t) => {
	t.is(age("2026-01-10T00:00:00Z", NOW), "0s");
	t.is(age("2026-01-09T23:59:01Z", NOW), "59s");
	t.is(age("2026-01-09T23:59:00Z", NOW), "1m");
	t.is(age("2026-01-09T00:00:01Z", NOW), "23h");
	t.is(age("2025-01-10T00:00:00Z", NOW), "365d");
	t.is(age("2026-01-11T00:00:00Z", NOW), "?");
	t.is(age("never", NOW), "?");
});

test("bytes", (t) => {
	t.is(byteCount(0), "0 bytes");
	t.is(byteCount(1023), "1023 bytes");
	t.is(byteCount(1024), "1.0 KiB");
	t.is(byteCount(1.5 * 1024 ** 3), "1.5 GiB");
});

test("counted things", (t) => {
	t.is(plural(1, "report"), "1 report");
	t.is(plural(1234, "report"), "1,234 reports");
});
