/** When an endpoint that failed is tried again. Pure. */
import type { Policy } from "./policy.js";

/**
 * Full jitter: anywhere between nothing and a ceiling that doubles with each failure in a row
 * (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param failures in a row, from 1
 * @param random in [0, 1)
 * @returns milliseconds
 */
export function backoffMs(failures: number, random: number, policy: Policy): number {
	const doublings = Math.min(failures - 1, 30);
	return Math.round(random * Math.min(policy.backoffMostMs, policy.backoffFirstMs * 2 ** doublings));
}

/** An HTTP date begins with its day's name; Date.parse alone makes a year of any number behind a word. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, /;

function secondsOrDateMs(text: string, nowMs: number): number {
	if (/^\d+$/.test(text)) return Number(text) * 1000;
	return HTTP_DATE.test(text) ? Date.parse(text) - nowMs : Number.NaN;
}

/**
 * A Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @returns milliseconds from now, within the policy's most; null where it says nothing that can be understood
 */
export function retryAfterMs(header: string | null, nowMs: number, policy: Policy): number | null {
	if (header === null) return null;
	const waitMs = secondsOrDateMs(header.trim(), nowMs);
	if (Number.isNaN(waitMs)) return null;
	return Math.min(Math.max(0, waitMs), policy.retryAfterMostMs);
}

/**
 * Whether an endpoint may be tried. A moment further ahead than any wait of ours comes from a clock
 * that was set back: it does not count.
 */
export function isDue(nextAt: string | null, nowMs: number, policy: Policy): boolean {
	if (nextAt === null) return true;
	const waitMs = Date.parse(nextAt) - nowMs;
	return !(waitMs > 0 && waitMs <= policy.retryAfterMostMs);
}
