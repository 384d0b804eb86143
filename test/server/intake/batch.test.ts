import test from "ava";
import fc from "fast-check";
import { Refusal } from "../../../src/server/http/refusal.js";
import { answer, clockSkew, judgeReport, openBatch, readLost } from "../../../src/server/intake/batch.js";
import type { RefusalCode } from "../../../src/server/intake/codes.js";
import { wireBatch, wireReport } from "../../helpers/server.js";

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 1, 1);

test("a batch is opened without a look at its reports", (t) => {
	const batch = openBatch(wireBatch([1, null, {}], { sent_at: "2026-01-31T12:00:00.000Z", unheard_of: true }), 3);
	t.deepEqual(batch, { reports: [1, null, {}], lost: [], sentAtMs: Date.UTC(2026, 0, 31, 12) });
});

test("what a foreign client may leave out may be left out", (t) => {
	t.deepEqual(openBatch({ wire: 1, reports: [] }, 3), { reports: [], lost: [], sentAtMs: undefined });
});

test("a batch is refused for its own shape alone", (t) => {
	const wrong: [value: unknown, code: RefusalCode][] = [
		[null, "not_a_batch"],
		[[], "not_a_batch"],
		["batch", "not_a_batch"],
		[{ wire: 1 }, "not_a_batch"],
		[{ wire: 1, reports: {} }, "not_a_batch"],
		[wireBatch([], { lost: { full: 3 } }), "not_a_batch"],
		[wireBatch([], { sent_at: "2026-01-31" }), "not_a_batch"],
		[wireBatch([], { sent_at: "2026-02-30T00:00:00.000Z" }), "not_a_batch"],
		[wireBatch([], { sent_at: 12 }), "not_a_batch"],
		[wireBatch([], { wire: 2 }), "unsupported_wire"],
		[wireBatch([], { wire: "1" }), "unsupported_wire"],
		[wireBatch([1, 2, 3, 4]), "too_many_reports"],
	];
	for (const [value, code] of wrong) {
		t.is(t.throws(() => openBatch(value, 3), { instanceOf: Refusal }).code, code, JSON.stringify(value));
	}
});

test("a clock is corrected when it is off by more than a minute, and only then", (t) => {
	t.is(clockSkew(NOW_MS - MINUTE_MS, NOW_MS), 0);
	t.is(clockSkew(NOW_MS + MINUTE_MS, NOW_MS), 0);
	t.is(clockSkew(NOW_MS - MINUTE_MS - 1, NOW_MS), MINUTE_MS + 1);
	t.is(clockSkew(NOW_MS + 90 * MINUTE_MS, NOW_MS), -90 * MINUTE_MS);
	t.is(clockSkew(undefined, NOW_MS), 0);
});

test("both times of a report are kept", (t) => {
	const judged = judgeReport(wireReport({ occurred_at: "2026-01-31T12:00:00.000Z" }), NOW_MS, 5 * MINUTE_MS);
	t.true("record" in judged);
	if (!("record" in judged)) return;
	t.is(judged.record.occurredAtClient, Date.UTC(2026, 0, 31, 12));
	t.is(judged.record.occurredAt, Date.UTC(2026, 0, 31, 12, 5));
	t.is(judged.record.receivedAt, NOW_MS);
});

test("a rejected report is told by the id that it came with, where that can be read", (t) => {
	const idOf = (value: unknown) => {
		const judged = judgeReport(value, NOW_MS, 0);
		return "verdict" in judged ? judged.verdict.id : "stored";
	};
	t.is(idOf({ id: "not ours" }), "not ours");
	t.is(idOf({ id: 7 }), null);
	t.is(idOf({ id: "x".repeat(1000) }), null);
	t.is(idOf(null), null);
});

test("verdicts come in the order of the reports, whichever of them are good", (t) => {
	fc.assert(
		fc.property(fc.array(fc.boolean(), { maxLength: 50 }), (goods) => {
			const reports = goods.map((good) => wireReport(good ? {} : { wall_s: -1 }));
			const judged = reports.map((report) => judgeReport(report, NOW_MS, 0));
			const { verdicts } = answer(
				judged,
				goods.filter(Boolean).map(() => "accepted" as const),
			);
			t.deepEqual(
				verdicts.map(({ id, verdict }) => ({ id, verdict })),
				reports.map(({ id }, index) => ({ id, verdict: goods[index] ? "accepted" : "rejected" })),
			);
		}),
	);
});

test("a count of dropped reports that cannot be read is left out, the others are not", (t) => {
	const good = { id: "a-1", project: "dunovo", reason: "full", count: 3 };
	const bad = [
		null,
		[],
		{ ...good, id: undefined },
		{ ...good, project: "a/b" },
		{ ...good, reason: "<b>" },
		{ ...good, count: 0 },
		{ ...good, count: 1.5 },
		{ ...good, count: "3" },
	];
	t.deepEqual(readLost([...bad, good], NOW_MS), [{ ...good, receivedAt: NOW_MS }]);
});
