/** Bounds of one report. The server's schema and the client's builder read the same numbers. */

/** The most bytes that one report may have as it travels (UTF-8). */
export const MAX_REPORT_BYTES = 64 * 1024;
/** Longest `command`, `version` and `unit`, in characters. */
export const MAX_LABEL_LENGTH = 128;
/** Longest free-form string, in characters. */
export const MAX_TEXT_LENGTH = 512;
/** Most inputs, and most free-form keys, of one report. */
export const MAX_ENTRIES = 64;
/** Most frames of an exception. */
export const MAX_FRAMES = 32;
/** Most runs that one report may stand for. */
export const MAX_WEIGHT = 1e9;

/** What a project, an input and a free-form key may be called: at most 64 characters, safe as a file name and in a URL. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const MAX_NAME_LENGTH = 64;

/** {@link NAME_PATTERN} by hand: a script asks once, and compiling the expression costs it 0.04 ms. */
export function isName(text: string): boolean {
	if (text.length === 0 || text.length > MAX_NAME_LENGTH) return false;
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
		const isDigit = code >= 48 && code <= 57;
		const isMark = index > 0 && (code === 45 || code === 46 || code === 95);
		if (!isLetter && !isDigit && !isMark) return false;
	}
	return true;
}

/** A UUID of version 7 (RFC 9562), lower case. */
export const REPORT_ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** 128 bits in lower-case hexadecimal. */
export const RUN_ID_PATTERN = /^[0-9a-f]{32}$/;
