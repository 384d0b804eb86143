/** What a user wants to have looked at before it leaves: approval, and time. Pure. */
import type { Review } from "./record.js";

/** The uploader's clock, as far as it can be trusted. */
export interface Clock {
	nowMs: number;
	/** Since when it has run without a jump of more than a day; null where nobody has watched it. */
	steadySinceMs: number | null;
}

export type ReviewRefusal =
	| { reason: "not_approved" }
	/** Until then, milliseconds since the epoch; null where that can't be told. */
	| { reason: "review_delay"; untilMs: number | null };

/** What the review needs to know of a report. */
export interface Reviewed {
	/** Its user has said that it may leave: then it need not wait, either. */
	approved: boolean;
	/** When it was written, milliseconds since the epoch. */
	writtenAtMs: number;
}

/** After a jump of the clock, a delay is waited for anew, up to this. */
const MOST_WAITED_ANEW_MS = 24 * 60 * 60 * 1000;
const SECOND_MS = 1000;

/** When a report has waited long enough. A clock that jumped has not let it wait: its user gets the time once more. */
export function leavesAtMs(delayS: number, writtenAtMs: number, { steadySinceMs }: Clock): number {
	const delayMs = delayS * SECOND_MS;
	const waited = writtenAtMs + delayMs;
	if (steadySinceMs === null) return waited;
	return Math.max(waited, steadySinceMs + Math.min(delayMs, MOST_WAITED_ANEW_MS));
}

/** Whether it is one that can be written down: a stranger's report may give none, and a delay may lead beyond all. */
const isTime = (ms: number): boolean => !Number.isNaN(new Date(ms).getTime());

/** Why a report does not leave yet, or null where nothing is in its way. */
export function reviewRefusal(review: Review, report: Reviewed, clock: Clock): ReviewRefusal | null {
	if (report.approved) return null;
	if (review.approve) return { reason: "not_approved" };
	if (review.delay_s === 0) return null;
	const untilMs = leavesAtMs(review.delay_s, report.writtenAtMs, clock);
	// What can't be told is waited for: a time that is none would else let it go.
	if (clock.nowMs >= untilMs) return null;
	return { reason: "review_delay", untilMs: isTime(untilMs) ? untilMs : null };
}
