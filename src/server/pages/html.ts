/** The one way in which text becomes HTML. */
import { html as template } from "ghtml";

/** Characters that are not seen but act: on a terminal, on the direction of text, on its lines. */
const INVISIBLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u{FEFF}]/gu;

const CONTROL_PICTURES = 0x2400;
const PICTURED_CONTROLS = 0x20;

/** The text with every control character replaced by one that shows it: `␀`, or `⟨U+202E⟩`. */
export function visible(text: string): string {
	return text.replace(INVISIBLE, (character) => {
		const code = character.codePointAt(0) ?? 0;
		if (code < PICTURED_CONTROLS) return String.fromCodePoint(CONTROL_PICTURES + code);
		return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
	});
}

/**
 * HTML from a template: every `${value}` is made visible and escaped. Only `!${value}` is put in as
 * it is, and is for what this function made.
 */
export function html(literals: TemplateStringsArray, ...values: unknown[]): string {
	const shown = values.map((value, index) => {
		if (literals.raw[index]?.endsWith("!")) return value;
		return visible(value === null || value === undefined ? "" : String(value));
	});
	return template(literals, ...shown);
}
