/** What a job of a given size took: octaves, medians, and what does not count. */
import test from "ava";
import fc from "fast-check";
import { groupsOf, octaveStart, spreadOf } from "../../../src/cli/view/summarise.js";
import { type RunFigures, runFigures } from "../../../src/report/run-figures.js";
import type { ReportInput } from "../../../src/report/types.js";
import { testReport } from "../../helpers/spool.js";

function run(given: ReportInput): RunFigures {
	const found = runFigures(testReport({ given: { outcome: "ok", ...given } }));
	if (found === null) throw new Error("no figures");
	return found;
}

test("the middle of values, and their range", (t) => {
	t.is(spreadOf([]), null);
	t.deepEqual(spreadOf([7]), { least: 7, median: 7, most: 7, count: 1 });
	t.deepEqual(spreadOf([9, 1, 2]), { least: 1, median: 2, most: 9, count: 3 });
	t.deepEqual(spreadOf([4, 1, 2, 9]), { least: 1, median: 3, most: 9, count: 4 });
});

test("each size is in its octave", (t) => {
	const isInOctave = fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (size) => {
		const start = octaveStart(size);
		return start <= size && size < 2 * start;
	});
	t.notThrows(() => fc.assert(isInOctave));
	for (const power of [0, 1, 10, 29, 40, 52]) t.is(octaveStart(2 ** power), 2 ** power);
});

test("runs are grouped by command and size; what failed is counted and measures nothing", (t) => {
	const [align, ...rest] = groupsOf([
		run({ command: "align", wallS: 10, maxRssBytes: 100, inputs: { pairs: 5 } }),
		run({ command: "align", wallS: 20, inputs: { pairs: 7 } }),
		run({ command: "align", wallS: 1000, outcome: "killed", maxRssBytes: 999, inputs: { pairs: 6 } }),
		run({ command: "align", wallS: 3, inputs: { pairs: null } }),
		run({ command: "align", wallS: 3, inputs: { pairs: 0 } }),
		run({ command: "sort" }),
	]);
	t.is(align?.unit, "reads");
	t.deepEqual(align?.inputs, ["pairs"]);
	t.deepEqual(align?.octaves, [
		{
			from: 4,
			runs: 3,
			failures: 1,
			wallS: { least: 10, median: 15, most: 20, count: 2 },
			memoryBytes: { least: 100, median: 100, most: 100, count: 1 },
		},
	]);
	t.is(align?.points.length, 5);
	t.deepEqual(
		rest.map(({ command, unit, octaves }) => [command, unit, octaves]),
		[["sort", null, []]],
	);
});
