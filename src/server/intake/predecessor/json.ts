/** JSON as the predecessor's scripts write it: Python's own, in which a number may be `NaN`. */
import { isUtf8 } from "node:buffer";

const NO_NUMBERS = ["-Infinity", "Infinity", "NaN"] as const;

/** The value in a body; undefined where it is none that Python's `json.dumps` writes. */
export function readPythonJson(body: Buffer): unknown {
	if (!isUtf8(body)) return undefined;
	const text = body.toString("utf8");
	try {
		return JSON.parse(NO_NUMBERS.some((word) => text.includes(word)) ? withoutNoNumbers(text) : text);
	} catch {
		return undefined;
	}
}

/** The same text, with null for each number that JSON does not have; what stands in strings is left alone. */
function withoutNoNumbers(text: string): string {
	let clean = "";
	let at = 0;
	while (at < text.length) {
		const end = text[at] === '"' ? endOfString(text, at) : at;
		const word = end === at ? NO_NUMBERS.find((each) => text.startsWith(each, at)) : undefined;
		const next = word === undefined ? Math.max(end, at + 1) : at + word.length;
		clean += word === undefined ? text.slice(at, next) : "null";
		at = next;
	}
	return clean;
}

/** Where the string ends that begins at `start`, or where the text does. */
function endOfString(text: string, start: number): number {
	let at = start + 1;
	while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
	return Math.min(at + 1, text.length);
}
