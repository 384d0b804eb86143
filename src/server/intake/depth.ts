/** How deep JSON is and of how many parts, told from its bytes: before it is parsed, so that neither costs anything. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether more than `maxDepth` objects and arrays stand inside one another, or more than `maxParts` in all. Bytes need
 * not be JSON: what is not is found by its parser. In UTF-8 none of these marks is part of another character.
 */
export function isTooIntricate(
	bytes: Uint8Array,
	{ maxDepth, maxParts }: { maxDepth: number; maxParts: number },
): boolean {
	let depth = 0;
	let parts = 0;
	for (let index = 0; index < bytes.length; index++) {
		const byte = bytes[index];
		if (byte === QUOTE) index = endOfText(bytes, index);
		else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
			depth++;
			parts++;
			if (depth > maxDepth || parts > maxParts) return true;
		} else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
	}
	return false;
}

/** The place of the quote that ends the text which begins at `start`. */
function endOfText(bytes: Uint8Array, start: number): number {
	let index = start + 1;
	while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
	return index;
}
