/** The one way in which text becomes markup here: what is put into a template is escaped, save for what a template made. */
import { shown } from "../shown.js";

/** What a template made. */
export class Markup {
	constructor(readonly text: string) {}
}

type Content = Markup | string | number | null | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
	"`": "&#96;",
};

function markup(content: Content): string {
	if (content === null) return "";
	if (content instanceof Markup) return content.text;
	if (Array.isArray(content)) return content.map(markup).join("");
	return shown(String(content)).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? "");
}

export function html(literals: TemplateStringsArray, ...contents: readonly Content[]): Markup {
	return new Markup(literals.reduce((text, literal, index) => text + markup(contents[index - 1] ?? null) + literal));
}

/** Many pieces as one. */
export function joined(pieces: readonly Markup[]): Markup {
	return new Markup(pieces.map(({ text }) => text).join(""));
}
