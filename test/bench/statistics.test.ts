/** The arithmetic of the benchmarks. */
import test from "ava";
import fc from "fast-check";
import { randomSequence } from "../../tools/random.js";
import { median, quantile, ratioOfMedians, shuffled } from "./statistics.js";

test("medians and quantiles lie between the ordered values", (t) => {
	t.is(median([3, 1, 2]), 2);
	t.is(median([4, 1, 3, 2]), 2.5);
	t.is(quantile([10, 20, 30, 40, 50], 0.25), 20);
	t.is(quantile([10, 20], 0.25), 12.5);
	t.is(quantile([7], 0.9), 7);
	t.true(Number.isNaN(median([])));
});

test("a ratio's interval holds the ratio, and a steady ratio has a narrow one", (t) => {
	const base = Array.from({ length: 50 }, (_, index) => 10 + (index % 7));
	const { value, low, high } = ratioOfMedians(
		base.map((each) => each * 1.5),
		base,
	);
	t.is(value, 1.5);
	t.true(low <= value && value <= high);
	t.true(high - low < 1e-9, "both are slow in the same rounds");
	t.throws(() => ratioOfMedians([1], [1, 2]), { instanceOf: RangeError });
});

test("the generator repeats itself, and stays in its range", (t) => {
	const [one, two] = [randomSequence(7), randomSequence(7)];
	const drawn = Array.from({ length: 1000 }, one);
	t.deepEqual(Array.from({ length: 1000 }, two), drawn);
	t.true(drawn.every((each) => each >= 0 && each < 1));
	t.true(Math.abs(drawn.reduce((sum, each) => sum + each, 0) / drawn.length - 0.5) < 0.05);
});

test("shuffling keeps every value", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.array(fc.integer()), fc.integer(), (values, seed) => {
				const order = (a: number, b: number): number => a - b;
				const found = shuffled(values, randomSequence(seed)).sort(order);
				return JSON.stringify(found) === JSON.stringify(values.toSorted(order));
			}),
		),
	);
});
