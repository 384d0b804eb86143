/** Medians, and how sure they are. Pure. */
import { randomSequence } from "../../tools/random.js";

/** The middle of the values; NaN of none. */
export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** A quantile by linear interpolation between the ordered values (Hyndman and Fan's definition 7). */
export function quantile(values: readonly number[], share: number): number {
	const ordered = values.toSorted((a, b) => a - b);
	const place = (ordered.length - 1) * share;
	const below = ordered[Math.floor(place)] ?? Number.NaN;
	const above = ordered[Math.ceil(place)] ?? Number.NaN;
	return below + (above - below) * (place - Math.floor(place));
}

export interface Interval {
	value: number;
	/** Ends of the 95 % interval. */
	low: number;
	high: number;
}

const RESAMPLES = 2000;
const LOW = 0.025;
const HIGH = 0.975;

/**
 * The ratio of two medians, with the interval of its bootstrap. Both were measured in the same rounds, so rounds are
 * what is drawn again: what slows a whole round down slows both.
 *
 * @throws RangeError where the two have not as many values
 */
export function ratioOfMedians(values: readonly number[], base: readonly number[]): Interval {
	if (values.length !== base.length) throw new RangeError("both need a value for each round");
	const random = randomSequence(1);
	const ratios: number[] = [];
	for (let sample = 0; sample < RESAMPLES; sample++) {
		const rounds = values.map(() => Math.floor(random() * values.length));
		ratios.push(median(pick(values, rounds)) / median(pick(base, rounds)));
	}
	return { value: median(values) / median(base), low: quantile(ratios, LOW), high: quantile(ratios, HIGH) };
}

function pick(values: readonly number[], places: readonly number[]): number[] {
	return places.map((place) => values[place] ?? Number.NaN);
}

/** The values in a random order (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
	const left = [...values];
	const drawn: T[] = [];
	while (left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1));
	return drawn;
}
