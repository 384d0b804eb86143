/** Text that a terminal and a page can show: no control, bidirectional or invisible characters. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text without control, bidirectional and invisible characters, at most `maxLength` long. */
export function plainText(text: string, maxLength: number): string {
	return text.trimStart().slice(0, maxLength).replace(CONTROL_CHARACTERS, " ").trim().toWellFormed();
}

/** The last part of anything that looks like a path. */
export function baseName(text: string): string {
	return text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf("\\")) + 1);
}
