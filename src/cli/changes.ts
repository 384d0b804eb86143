/** What an author has changed of a notice: in words for users, and by its place for authors. */
import { durationInWords } from "../report/duration.js";
import { ANY_KEY_IN_WORDS, addressInWords } from "../report/explanation.js";
import { type AddressPolicy, ANY_KEY, type Manifest } from "../report/manifest.js";
import { type ChangedValue, type ManifestChange, manifestChanges } from "../report/manifest-changes.js";

const textOf = (value: ChangedValue): string => (typeof value === "object" ? "nothing" : String(value));

const ENTRY_TITLES: Readonly<Record<string, (name: string) => string>> = {
	inputs: (name) => `the size of ${name}`,
	data: (name) => (name === ANY_KEY ? ANY_KEY_IN_WORDS : name),
};

/** A change inside of an input or a key of data. */
const ENTRY_CHANGES: Readonly<Record<string, (title: string, before: string, after: string) => string>> = {
	unit: (title, before, after) => `${title} would be in ${after}; it is in ${before}`,
	type: (title, before, after) => `${title} would be of the type ${after}; it is of the type ${before}`,
	why: (title, before, after) => `the reason for ${title} would be: ${after} It is: ${before}`,
};

function entryWords(kind: string, name: string, part: string | undefined, { before, after }: ManifestChange): string {
	const title = ENTRY_TITLES[kind]?.(name) ?? name;
	if (part !== undefined) return ENTRY_CHANGES[part]?.(title, textOf(before), textOf(after)) ?? `${title} has changed`;
	if (after === null) return `no longer: ${title}`;
	const { unit, type, why } = after as Record<string, string>;
	const form = unit !== undefined ? ` in ${unit}` : name === ANY_KEY ? "" : ` (${type})`;
	return `new: ${title}${form}: ${why}`;
}

/** How a value of the notice's is said; others are said as they are. */
const VALUE_WORDS: Readonly<Record<string, (value: ChangedValue) => string>> = {
	addresses: (value) => addressInWords(value as AddressPolicy),
	retention: (value) => durationInWords(String(value)),
};

const NOTICE_TITLES: Readonly<Record<string, string>> = {
	addresses: "your address",
	contact: "the contact",
	purpose: "the purpose",
	retention: "kept for",
	url: "more about it",
};

function noticeWords(part: string, { before, after }: ManifestChange): string {
	const say = VALUE_WORDS[part] ?? textOf;
	return `${NOTICE_TITLES[part] ?? part}: ${say(after)}; it is: ${say(before)}`;
}

function inWords(change: ManifestChange): string | null {
	const [kind = "", name = "", part] = change.path;
	if (kind === "inputs" || kind === "data") return entryWords(kind, name, part, change);
	if (kind === "notice") return name === "version" ? null : noticeWords(name, change);
	return kind === "endpoint" ? `sent to: ${textOf(change.after)}; it is: ${textOf(change.before)}` : null;
}

/** What a user is asked to agree to beyond, or instead of, what they agreed to: a line a change. */
export function changesInWords(agreed: Manifest, asked: Manifest): string[] {
	return manifestChanges(agreed, asked)
		.map(inWords)
		.filter((words) => words !== null);
}

function valueText(value: ChangedValue): string {
	if (typeof value !== "object" || value === null) return String(value);
	return Object.entries(value)
		.map(([key, inner]) => `${key} ${String(inner)}`)
		.join(", ");
}

/** A change by its place: `inputs.pairs.unit: reads -> bases`. */
export function changeText({ path, before, after }: ManifestChange): string {
	const place = path.join(".");
	if (before === null) return `${place}: added (${valueText(after)})`;
	if (after === null) return `${place}: removed (${valueText(before)})`;
	return `${place}: ${valueText(before)} -> ${valueText(after)}`;
}
