/** Every number of the uploader's policy, in one place. Times are in milliseconds, sizes in bytes. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

export const POLICY = {
	/** A batch holds at most so many reports, and so many bytes before gzip. */
	batchReports: 500,
	batchBytes: MEBIBYTE,
	/** So many requests to erase or redact go at once. */
	requestsAtOnce: 500,
	/** More of a server's answer is not read. */
	answerBytes: MEBIBYTE,
	/** More of a server's words is not kept. */
	messageCharacters: 300,

	/** To connect; to have the whole answer; for everything in one flush. */
	connectMs: 10 * SECOND,
	requestMs: 60 * SECOND,
	flushMs: 30 * MINUTE,
	/** A batch under way at SIGTERM may take so long before it is broken off. */
	stopGraceMs: 5 * SECOND,

	/** A connection that broke at once is tried again so often within one request, so far apart. */
	quickRetries: 2,
	quickRetryMinMs: 200,
	quickRetryMaxMs: 2 * SECOND,
	quickRetryTotalMs: 10 * SECOND,

	/** Back-off after a failure: full jitter under a ceiling that doubles from the first to the second. */
	backoffFirstMs: 30 * SECOND,
	backoffMostMs: 6 * HOUR,
	/** A server's Retry-After counts up to this; no wait whatever is longer. */
	retryAfterMostMs: 24 * HOUR,

	/** How long reading waits for an endpoint that is busy before it goes on to others' reports. */
	patienceMs: 2 * SECOND,

	/** A lease without a heartbeat for so long is abandoned; the heart beats so often. */
	leaseStaleMs: 60 * SECOND,
	leaseBeatMs: 10 * SECOND,
	/** A holder that has not named itself in the state within this has died. */
	leaseNamingMs: 5 * SECOND,

	/** A clock that moved by more than this between two looks has jumped; nothing expires for as long after. */
	clockJumpMs: 24 * HOUR,

	/**
	 * A run that nobody can look at is taken for gone this long after its time limit; or after the second, where no limit
	 * is known. What is no marker is set aside after the third: its writer may be of another version, and still at work.
	 */
	overdueMs: 24 * HOUR,
	overdueUnlimitedMs: 30 * 24 * HOUR,
	brokenMarkerMs: 24 * HOUR,

	/** When reports are sent: cron's notation, UTC; each time up to so much later, so that users spread. */
	schedule: "*/15 * * * *",
	scheduleDelayMs: 5 * MINUTE,

	/** Where more loose reports than this still wait after a flush, they are folded into segments of this size. */
	foldFromReports: 1000,
	segmentReports: 4096,
	segmentBytes: 4 * MEBIBYTE,

	/** Counts of what was delivered are written down so often; failures at once. */
	rememberEveryMs: SECOND,

	/** A progress line is shown where a flush has more to send than this. */
	progressFromReports: 1000,
	progressEveryMs: 200,
} as const;

export type Policy = { readonly [Name in keyof typeof POLICY]: (typeof POLICY)[Name] extends string ? string : number };
