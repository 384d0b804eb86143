/** Pieces of forms: every field has its label, and an error stands where it is read first. */
import { FORM_KEY } from "../../access/forms.js";
import { html } from "../html.js";

/** What was wrong with what was sent; nothing where nothing was. */
export function problem(text: string | undefined): string {
	return text === undefined ? "" : html`<p class="problem" role="alert">${text}</p>`;
}

export function hidden(name: string, value: string): string {
	return html`<input type="hidden" name="${name}" value="${value}">`;
}

export function keyField(key: string): string {
	return hidden(FORM_KEY, key);
}

export interface Field {
	name: string;
	label: string;
	/** @defaultValue "text" */
	type?: "text" | "password";
	value?: string;
	autocomplete: string;
	/** Said below it. */
	hint?: string;
	/** @defaultValue true */
	isRequired?: boolean;
	isFirst?: boolean;
	/** Most characters. */
	maxLength: number;
}

export function field({
	name,
	label,
	type = "text",
	value = "",
	autocomplete,
	hint,
	isRequired = true,
	isFirst = false,
	maxLength,
}: Field): string {
	const described = hint === undefined ? "" : html` aria-describedby="${name}-hint"`;
	const flags = `${isRequired ? " required" : ""}${isFirst ? " autofocus" : ""}`;
	return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" maxlength="${maxLength}" spellcheck="false" autocapitalize="none"!${described}!${flags}>
!${hint === undefined ? "" : html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`;
}
