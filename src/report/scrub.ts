/** What may not leave is taken out of free text here. Pure: text in, text out. */
import { MAX_LABEL_LENGTH, MAX_TEXT_LENGTH } from "./limits.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const URL_LIKE = /\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>]*/gi;
const EMAIL_LIKE = /[^\s@"'<>()]+@[^\s@"'<>()]+/g;
const PATH_LIKE = /(?:[A-Za-z]:)?(?:~|\.{1,2})?[^\s"'<>:;,=()]*[/\\][^\s"'<>:;,=()]*/g;

/** How much of a text is looked at: the patterns' cost grows with the square of it, and little more is kept. */
const MAX_SCANNED_LENGTH = 2 * MAX_TEXT_LENGTH;

const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const SLASHES = [0x2f, 0x5c];

/** Whether a text is of printable ASCII alone, and no path: most are, and compiling expressions costs a script 0.1 ms. */
function isPlainWord(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code <= FIRST_PRINTABLE || code > LAST_PRINTABLE || SLASHES.includes(code)) return false;
	}
	return true;
}

/** Text without control, bidirectional and invisible characters, at most `maxLength` long. */
export function plainText(text: string, maxLength: number): string {
	return text.trimStart().slice(0, maxLength).replace(CONTROL_CHARACTERS, " ").trim().toWellFormed();
}

/** The last part of anything that looks like a path. */
export function baseName(text: string): string {
	return text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1);
}

/** The name of a file, without the folders that it stands in. */
export function scrubFileName(text: string): string {
	return plainText(baseName(text), MAX_LABEL_LENGTH);
}

/** A short name (of a command, a version, a function): never a path, and of a command line its first word alone. */
export function scrubLabel(text: string): string {
	if (text.length <= MAX_LABEL_LENGTH && isPlainWord(text)) return text;
	if (!/[/\\]/.test(text)) return plainText(text, MAX_LABEL_LENGTH);
	const [word = ""] = text.trimStart().split(/\s/, 1);
	return word.includes("://") ? "[url]" : scrubFileName(word);
}

/** The beginning of a long text, up to the end of a word: half of a path would look like none. */
function head(text: string): string {
	if (text.length <= MAX_SCANNED_LENGTH) return text;
	return text.slice(0, MAX_SCANNED_LENGTH).replace(/\S+$/, "");
}

/** Free text without addresses and paths, each replaced by the word for what stood there. */
export function scrubText(text: string): string {
	const scrubbed = head(text).replace(URL_LIKE, "[url]").replace(EMAIL_LIKE, "[email]").replace(PATH_LIKE, "[path]");
	return plainText(scrubbed, MAX_TEXT_LENGTH);
}
