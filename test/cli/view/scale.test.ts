/** Axes: linear from 0, logarithmic where values span much; every tick is on the axis. */
import test from "ava";
import fc from "fast-check";
import { type Counting, scaleFor } from "../../../src/cli/view/scale.js";

const RANGE = { from: 0, to: 100, wanted: 5 } as const;
const COUNTINGS: readonly Counting[] = ["decimal", "bytes", "seconds"];

test("nothing to scale, or only zeros, is no axis", (t) => {
	t.is(scaleFor([], { ...RANGE, counting: "decimal" }), null);
	t.is(scaleFor([0, 0], { ...RANGE, counting: "decimal" }), null);
});

test("values that span little stand on a linear axis from 0", (t) => {
	const scale = scaleFor([10, 100], { ...RANGE, counting: "decimal" });
	t.false(scale?.isLog);
	t.is(scale?.at(0), 0);
	t.deepEqual(scale?.ticks, [0, 20, 40, 60, 80, 100]);
});

test("values that span much stand on a logarithmic axis, on which 0 has no place", (t) => {
	const scale = scaleFor([1, 3600 * 10], { ...RANGE, counting: "seconds" });
	t.true(scale?.isLog);
	t.is(scale?.at(0), null);
	t.deepEqual(
		scale?.ticks,
		[1, 10, 60, 600, 3600, 36_000].filter((_, index) => index % 2 === 0),
	);
	t.deepEqual(
		scaleFor([2 ** 10, 2 ** 34], { ...RANGE, counting: "bytes" })?.ticks.map(Math.log2),
		[10, 15, 20, 25, 30],
	);
});

test("whatever the values are, they and the ticks stand on the axis, in order, and the ticks are few", (t) => {
	const amount = fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e18, noNaN: true }));
	const isInOrder = fc.property(
		fc.array(amount, { minLength: 1, maxLength: 20 }),
		fc.constantFrom(...COUNTINGS),
		(values, counting) => {
			const scale = scaleFor(values, { ...RANGE, counting });
			if (scale === null) return values.every((value) => value === 0);
			const places = [...values, ...scale.ticks].map((value) => scale.at(value)).filter((place) => place !== null);
			const isSorted = scale.ticks.every((tick, index) => index === 0 || tick > (scale.ticks[index - 1] ?? 0));
			return isSorted && scale.ticks.length <= 12 && places.every((place) => place >= -1e-6 && place <= 100 + 1e-6);
		},
	);
	t.notThrows(() => fc.assert(isInOrder, { numRuns: 2000 }));
});
