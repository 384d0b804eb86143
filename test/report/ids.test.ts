/** Ids of reports and of runs, against their definitions. */
import { createHash, randomBytes } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import {
	bytesToHex,
	ERASE_KEY_BYTES,
	eraseKey,
	REPORT_ID_RANDOM_BYTES,
	reportId,
	runIdOf,
} from "../../src/report/ids.js";
import { REPORT_ID_PATTERN, RUN_ID_PATTERN } from "../../src/report/limits.js";

const LAST_MS = 2 ** 48 - 1;
const moments = fc.integer({ min: 0, max: LAST_MS });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("a report's id is a UUID of version 7 that holds its moment", (t) => {
	fc.assert(
		fc.property(moments, bytes(REPORT_ID_RANDOM_BYTES), (nowMs, random) => {
			const id = reportId(nowMs, random);
			return REPORT_ID_PATTERN.test(id) && Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16) === nowMs;
		}),
	);
	t.is(reportId(0x017f22e279b0, new Uint8Array(REPORT_ID_RANDOM_BYTES)), "017f22e2-79b0-7000-8000-000000000000");
});

test("ids sort by their moments", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(moments, moments, bytes(REPORT_ID_RANDOM_BYTES), bytes(REPORT_ID_RANDOM_BYTES), (a, b, x, y) => {
				fc.pre(a !== b);
				return reportId(a, x) < reportId(b, y) === a < b;
			}),
		),
	);
});

test("all random bits of a report's id are used", (t) => {
	const none = reportId(0, new Uint8Array(REPORT_ID_RANDOM_BYTES));
	const all = reportId(0, new Uint8Array(REPORT_ID_RANDOM_BYTES).fill(0xff));
	const bits = (id: string) => BigInt(`0x${id.replaceAll("-", "")}`).toString(2);
	const changed = [...(BigInt(`0b${bits(none)}`) ^ BigInt(`0b${bits(all)}`)).toString(2)].filter((bit) => bit === "1");
	t.is(changed.length, 74);
});

test("a clock before the epoch still makes an id", (t) => {
	t.regex(reportId(-5, randomBytes(REPORT_ID_RANDOM_BYTES)), REPORT_ID_PATTERN);
});

test("a run's id is the first half of the SHA-256 of its erase key, as a shell computes it", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(bytes(ERASE_KEY_BYTES), (random) => {
				const key = eraseKey(random);
				const expected = createHash("sha256").update(key).digest("hex").slice(0, 32);
				return (
					key === Buffer.from(random).toString("hex") && runIdOf(key) === expected && RUN_ID_PATTERN.test(expected)
				);
			}),
		),
	);
});

test("bytes are written in hexadecimal", (t) => {
	t.notThrows(() =>
		fc.assert(fc.property(fc.uint8Array(), (given) => bytesToHex(given) === Buffer.from(given).toString("hex"))),
	);
});
