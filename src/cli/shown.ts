/** Text from a file or a server, before a terminal shows it: what a terminal would obey is made visible. */

/** Controls, formats (bidirectional, invisible), halves of characters, private use, and other line ends. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Text with each such character written out (`\u{1b}`). */
export function shown(text: string): string {
	return text.replace(UNSHOWABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** JSON that means the same, and that a terminal does not obey. */
export function shownJson(json: string): string {
	const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return json.replace(UNSHOWABLE, (character) =>
		character === "\n" ? "\n" : character.split("").map(escaped).join(""),
	);
}
