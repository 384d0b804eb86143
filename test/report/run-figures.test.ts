/** A run's figures out of its reports: unknown is null, an end beats a vanishing, a part is not the total. */
import test from "ava";
import { betterOf, endingOf, type RunFigures, runFigures, totalsByUnit } from "../../src/report/run-figures.js";
import type { WireReport } from "../../src/report/types.js";
import { testReport } from "../helpers/spool.js";

const figures = (changes: object): RunFigures => {
	const found = runFigures({ ...testReport(), ...changes } as WireReport);
	if (found === null) throw new Error("no figures");
	return found;
};

test("only what ended has figures", (t) => {
	for (const event of ["start", "prelim", "other"]) t.is(runFigures({ ...testReport(), event } as WireReport), null);
	t.is(runFigures({ ...testReport(), occurred_at: "yesterday" }), null);
});

test("what is no amount is not known", (t) => {
	for (const value of [null, undefined, "7", -1, Number.NaN, Number.POSITIVE_INFINITY, {}, true]) {
		const { wall_s, max_rss_bytes, inputs } = figures({
			wall_s: value,
			max_rss_bytes: value,
			inputs: [{ name: "a", unit: "b", size: value }],
		});
		t.deepEqual([wall_s, max_rss_bytes, inputs[0]?.size], [null, null, null]);
	}
	t.is(figures({ wall_s: 0 }).wall_s, 0);
	for (const inputs of [null, "x", [null], [{}], [7], {}]) t.deepEqual(figures({ inputs }).inputs, []);
});

test("an end beats a vanishing, in any order; of two ends the later one counts", (t) => {
	const end = figures({ occurred_at: "2026-01-01T00:00:00.000Z" });
	const vanished = figures({ event: "vanished", occurred_at: "2026-02-01T00:00:00.000Z" });
	const later = figures({ occurred_at: "2026-03-01T00:00:00.000Z" });
	t.is(betterOf(end, vanished), end);
	t.is(betterOf(vanished, end), end);
	t.is(betterOf(end, later), later);
	t.is(betterOf(later, end), later);
});

test("how a run ended", (t) => {
	for (const outcome of ["ok", "failed", "killed", "unknown"] as const) t.is(endingOf(figures({ outcome })), outcome);
	t.is(endingOf(figures({ outcome: null })), "unknown");
	t.is(endingOf(figures({ outcome: "splendid" })), "unknown");
	t.is(endingOf(figures({ event: "vanished", outcome: null })), "vanished");
	t.is(endingOf(figures({ event: "vanished", outcome: "killed" })), "killed");
});

test("a total that is no number any more is not known", (t) => {
	const inputs = ["left", "right"].map((name) => ({ name, unit: "reads", size: Number.MAX_VALUE }));
	t.deepEqual([...totalsByUnit({ inputs })], [["reads", null]]);
});

test("inputs of one unit have a total, unless the size of one is not known", (t) => {
	const input = (unit: string, size: number | null) => ({ name: unit, unit, size });
	t.deepEqual(
		[...totalsByUnit({ inputs: [input("reads", 3), input("bytes", 1), input("reads", 4), input("bytes", null)] })],
		[
			["reads", 7],
			["bytes", null],
		],
	);
});
