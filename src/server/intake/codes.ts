/**
 * The closed lists of codes that the intake answers with. They are stable: clients may match on
 * them. docs/wire-format.md explains each, and a test holds the lists and that page together.
 */

/**
 * Why a whole request is refused, and with which status.
 *
 * An uploader looks for the report at fault when it is answered 400; so a batch that is no
 * report's fault and that a newer server would take, such as one of an unknown wire, is a 415.
 */
export const REFUSALS = {
	bad_request: 400,
	not_json: 400,
	not_gzip: 400,
	too_deep: 400,
	not_a_batch: 400,
	not_erasures: 400,
	bad_query: 400,
	login_required: 401,
	unknown_key: 401,
	not_allowed: 403,
	not_found: 404,
	method_not_allowed: 405,
	format_unavailable: 406,
	too_slow: 408,
	body_too_large: 413,
	too_many_reports: 413,
	too_many_erasures: 413,
	unsupported_media_type: 415,
	unsupported_encoding: 415,
	unsupported_wire: 415,
	too_many_requests: 429,
	headers_too_large: 431,
	busy: 503,
	store_unavailable: 503,
	internal_error: 503,
} as const satisfies Record<string, number>;

export type RefusalCode = keyof typeof REFUSALS;

/** Why one report of a batch is rejected; the others are stored all the same. */
export const REJECTIONS = ["invalid_report", "invalid_date", "report_too_large", "project_blocked"] as const;

/** Why one report of a batch is put off: it is valid, and what the server's operator says may change. */
export const LATERS = ["project_not_registered", "key_required"] as const;

export type LaterCode = (typeof LATERS)[number];

/** Why one erasure of a request is rejected; the others are done all the same. */
export const ERASURE_REJECTIONS = ["invalid_erasure", "field_required", "unknown_field"] as const;

export type ErasureRejectionCode = (typeof ERASURE_REJECTIONS)[number];

export type RejectionCode = (typeof REJECTIONS)[number];
