/**
 * All rules, in their order. Few texts need them, so the client keeps them in a file of their own (tools/bundle.mjs):
 * not even an expression of theirs is read where a script reports plain words.
 */
import { MAX_TEXT_LENGTH } from "../limits.js";
import { plainText } from "../plain.js";
import { withoutAddresses, withoutUrls } from "./addresses.js";
import { withoutNames } from "./names.js";
import { withoutPaths } from "./paths.js";
import { withoutSecrets } from "./secrets.js";

/** How much of a text is looked at: little more is kept, and no text can then take long. */
const MAX_SCANNED_LENGTH = 2 * MAX_TEXT_LENGTH;
/** What one pass leaves can look like something to the next; more than two have never been needed. */
const MOST_PASSES = 6;
/** For a text that does not come to rest. */
const UNREADABLE = "[text]";

/** The beginning of a long text, up to the end of a word: half of a path would look like none. */
function head(text: string): string {
	const start = text.trimStart();
	if (start.length <= MAX_SCANNED_LENGTH) return start;
	const cut = start.slice(0, MAX_SCANNED_LENGTH);
	let end = cut.length;
	while (end > 0 && !isSpace(cut, end - 1)) end--;
	return cut.slice(0, end);
}

const isSpace = (text: string, index: number): boolean => text[index]?.trim() === "";

function pass(text: string, own: readonly string[], maxLength: number): string {
	const clean = withoutPaths(withoutAddresses(withoutUrls(withoutSecrets(text))));
	return plainText(withoutNames(clean, own), maxLength);
}

/** A text in which no rule finds anything any more: applied again, they change nothing. */
export function applyRules(text: string, own: readonly string[], maxLength: number): string {
	let before = plainText(head(text), MAX_SCANNED_LENGTH);
	for (let count = 0; count < MOST_PASSES; count++) {
		const after = pass(before, own, maxLength);
		if (after === before) return after;
		before = after;
	}
	return UNREADABLE;
}
