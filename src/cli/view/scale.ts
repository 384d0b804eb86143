/** Scales and their ticks. Pure. */

export interface Scale {
	/** Where a value stands, in the drawing's units; null where the scale has no place for it. */
	at(value: number): number | null;
	ticks: number[];
	isLog: boolean;
}

/** From this ratio between the greatest and the least on, a linear axis would show the greatest alone. */
const LOG_FROM_RATIO = 20;

/** How an axis counts. */
export type Counting = "decimal" | "bytes" | "seconds";

const decimalSteps = (magnitude: number): number[] => [1, 2, 5].map((step) => step * magnitude);
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Times that have short names: few of them, and more. */
const TIMES_AT_ONE: readonly number[] = [
	0.001,
	0.01,
	0.1,
	1,
	10,
	MINUTE,
	10 * MINUTE,
	HOUR,
	10 * HOUR,
	4 * DAY,
	40 * DAY,
];
const TIMES_BETWEEN: readonly number[] = [
	0.002,
	0.02,
	0.2,
	2,
	5,
	20,
	2 * MINUTE,
	5 * MINUTE,
	20 * MINUTE,
	2 * HOUR,
	5 * HOUR,
	DAY,
	2 * DAY,
	10 * DAY,
];
const TIMES: readonly number[] = [...TIMES_AT_ONE, ...TIMES_BETWEEN].sort((a, b) => a - b);

const within = (ticks: readonly number[], least: number, most: number): number[] =>
	ticks.filter((tick) => tick >= least && tick <= most);

/** Of ticks so many that they fit. */
function thinned(ticks: readonly number[], wanted: number): number[] {
	const every = Math.max(1, Math.ceil(ticks.length / wanted));
	return ticks.filter((_, index) => index % every === 0);
}

/** 1, 2, 5 of each power of ten, or the powers alone. */
function decimalTicks(least: number, most: number, wanted: number): number[] {
	const first = Math.floor(Math.log10(least));
	const decades = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, index) => 10 ** (first + index));
	const fine = within(decades.flatMap(decimalSteps), least, most);
	return fine.length <= wanted ? fine : thinned(within(decades, least, most), wanted);
}

function timeTicks(least: number, most: number, wanted: number): number[] {
	const fine = within(TIMES, least, most);
	if (least < 0.001 || most > 100 * DAY) return decimalTicks(least, most, wanted);
	return fine.length <= wanted ? fine : thinned(within(TIMES_AT_ONE, least, most), wanted);
}

/** Powers of two, of which each so manieth counts: bytes are told in KiB, MiB, GiB. */
function binaryTicks(least: number, most: number, wanted: number): number[] {
	const first = Math.ceil(Math.log2(least));
	const count = Math.max(0, Math.floor(Math.log2(most)) - first + 1);
	const every = Math.max(1, Math.ceil(count / wanted));
	const powers = Array.from({ length: count }, (_, index) => first + index);
	return powers.filter((power) => power % every === 0).map((power) => 2 ** power);
}

const LOG_TICKS = { decimal: decimalTicks, bytes: binaryTicks, seconds: timeTicks } as const;

/** The least step that has a short name and is not less. */
function stepFrom(raw: number, counting: Counting): number {
	if (counting === "bytes") return 2 ** Math.ceil(Math.log2(raw));
	const time = counting === "seconds" ? TIMES.find((each) => each >= raw && each >= 1) : undefined;
	if (time !== undefined && raw >= 1) return time;
	const magnitude = 10 ** Math.floor(Math.log10(raw));
	return [...decimalSteps(magnitude), 10 * magnitude].find((step) => step >= raw) ?? raw;
}

function linearTicks(most: number, wanted: number, counting: Counting): number[] {
	const step = stepFrom(most / wanted, counting);
	return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

export interface ScaleOptions {
	/** Where the least and the greatest value stand. */
	from: number;
	to: number;
	/** About so many ticks. */
	wanted: number;
	counting: Counting;
}

/** A scale for amounts: logarithmic where they span much, else from 0 on. Null where there is nothing to scale. */
export function scaleFor(values: readonly number[], { from, to, wanted, counting }: ScaleOptions): Scale | null {
	let [least, most] = [Number.POSITIVE_INFINITY, 0];
	for (const value of values) {
		if (value > 0 && value < least) least = value;
		if (value > most) most = value;
	}
	if (most === 0) return null;
	if (most / least < LOG_FROM_RATIO) {
		const at = (value: number): number => from + ((to - from) * value) / (most * 1.04);
		return { at, ticks: linearTicks(most, wanted, counting), isLog: false };
	}
	const [low, high] = [Math.log(least / 1.15), Math.log(most * 1.15)];
	const at = (value: number): number | null =>
		value <= 0 ? null : from + ((to - from) * (Math.log(value) - low)) / (high - low);
	return { at, ticks: LOG_TICKS[counting](least / 1.15, most * 1.15, wanted), isLog: true };
}
