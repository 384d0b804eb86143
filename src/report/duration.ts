/** ISO 8601 durations in whole years, months, weeks and days, as a notice says for how long reports are kept. Pure. */

const PATTERN = /^P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$/;

const UNITS: readonly (readonly [letter: string, word: string])[] = [
	["Y", "year"],
	["M", "month"],
	["W", "week"],
	["D", "day"],
];

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_OF_WEEK = 7;

export function isDuration(text: string): boolean {
	return PATTERN.test(text);
}

function countOf(iso: string, letter: string): number {
	return Number(new RegExp(`(\\d+)${letter}`).exec(iso)?.[1] ?? 0);
}

/** In words (`P1Y6M`: `1 year, 6 months`). */
export function durationInWords(iso: string): string {
	const parts = UNITS.flatMap(([letter, word]) => {
		if (!iso.includes(letter)) return [];
		const count = countOf(iso, letter);
		return [`${count} ${word}${count === 1 ? "" : "s"}`];
	});
	return parts.join(", ");
}

/**
 * The moment that lies a duration before another, in milliseconds since the epoch, by the calendar in UTC: a month
 * before March 31 is the last of February. Negative infinity where no calendar goes back so far.
 */
export function momentBefore(ms: number, iso: string): number {
	const date = new Date(ms);
	const day = date.getUTCDate();
	date.setUTCDate(1);
	date.setUTCMonth(date.getUTCMonth() - 12 * countOf(iso, "Y") - countOf(iso, "M"));
	const daysOfMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
	date.setUTCDate(Math.min(day, daysOfMonth));
	const days = DAYS_OF_WEEK * countOf(iso, "W") + countOf(iso, "D");
	const before = date.getTime() - days * DAY_MS;
	return Number.isNaN(before) ? Number.NEGATIVE_INFINITY : before;
}

/** The shorter of two, by the calendar before a moment; the first where both are as long. */
export function shorterAt(ms: number, one: string, other: string): string {
	return momentBefore(ms, one) >= momentBefore(ms, other) ? one : other;
}
