/**
 * The base of every error that ET throws on purpose, and the one list of their codes.
 *
 * Codes are stable: programs may match on them. docs/errors.md explains each, and a test holds
 * the list and that page together.
 */
export const ERROR_CODES = [
	"ET_MANIFEST_INVALID",
	"ET_MANIFEST_UNREADABLE",
	"ET_LOCK_INVALID",
	"ET_LOCK_UNWRITABLE",
	"ET_SPOOL_UNSAFE",
	"ET_SPOOL_UNAVAILABLE",
	"ET_SPOOL_BUSY",
	"ET_CONSENT_UNREADABLE",
	"ET_CONSENT_UNWRITABLE",
	"ET_REPORT_NOT_FOUND",
	"ET_REPORT_AMBIGUOUS",
	"ET_EXPORT_INVALID",
	"ET_EXPORT_UNWRITABLE",
	"ET_VIEW_UNWRITABLE",
	"ET_USAGE",
	"ET_LEASE_LOST",
	"ET_STORE_NEWER",
	"ET_STORE_UNAVAILABLE",
	"ET_SERVER_PACKAGES_MISSING",
	"ET_TLS_UNUSABLE",
	"ET_NO_ADMINISTRATOR",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a stable code; `message` says what happened, what it means, and what to do. */
export class EtError extends Error {
	readonly code: ErrorCode;

	constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.name = "EtError";
		this.code = code;
	}
}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, ...), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
	if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
	return undefined;
}
