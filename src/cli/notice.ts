/** What a user agrees to, in words, on at most a screen: made from the manifest and the standard fields. */
import { FIELD_WORDS, NEVER_COLLECTED } from "../report/fields.js";
import { type AddressPolicy, ANY_KEY, type Manifest } from "../report/manifest.js";
import { shown } from "./shown.js";
import { styled, type Terminal, wrapped } from "./terminal.js";

const ADDRESSES: Readonly<Record<AddressPolicy, string>> = {
	full: "the server may keep it in full",
	truncated: "the server keeps at most its first part",
	hashed: "the server keeps at most a keyed hash of it",
	none: "the server does not keep it",
};

const DURATION_WORDS: readonly (readonly [letter: string, word: string])[] = [
	["Y", "year"],
	["M", "month"],
	["W", "week"],
	["D", "day"],
];

/** An ISO 8601 duration in words (`P1Y6M`: `1 year, 6 months`). */
export function durationInWords(iso: string): string {
	const parts = DURATION_WORDS.map(([letter, word]) => {
		const count = new RegExp(`(\\d+)${letter}`).exec(iso)?.[1];
		return count === undefined ? null : `${count} ${word}${count === "1" ? "" : "s"}`;
	});
	return parts.filter((part) => part !== null).join(", ");
}

/** The standard fields that are not said apart. */
function standardFields(): string {
	const { inputs: _inputs, data: _data, ...standard } = FIELD_WORDS;
	return Object.values(standard)
		.map(({ name }) => name)
		.join(", ");
}

function declaredInputs({ inputs }: Manifest): string[] {
	return Object.entries(inputs).map(([name, { unit, why }]) => `the size of ${name} in ${unit}: ${why}`);
}

function declaredData({ data }: Manifest): string[] {
	return Object.entries(data).map(([key, { type, why }]) =>
		key === ANY_KEY ? `whatever else the script gives, under any name: ${why}` : `${key} (${type}): ${why}`,
	);
}

type Section = readonly [title: string, paragraphs: readonly string[]];

function sections(manifest: Manifest): Section[] {
	const { endpoint, notice } = manifest;
	const all: Section[] = [
		["Purpose", [notice.purpose]],
		["Inputs", declaredInputs(manifest)],
		["Data", declaredData(manifest)],
		["Always", [standardFields()]],
		["Never", [NEVER_COLLECTED]],
		["Sent to", [endpoint]],
		["Your address", [ADDRESSES[notice.addresses]]],
		["Kept for", [durationInWords(notice.retention)]],
		["Contact", [notice.contact, ...(notice.url === null ? [] : [notice.url])]],
		["Notice", [`version ${notice.version}`]],
	];
	return all.filter(([, paragraphs]) => paragraphs.length > 0);
}

const TITLE_COLUMNS = 14;
const MOST_COLUMNS = 100;
const STANDARD_COLUMNS = 80;

function sectionLines([title, paragraphs]: Section, columns: number, terminal: Terminal): string[] {
	const indent = " ".repeat(TITLE_COLUMNS);
	const lines = paragraphs.flatMap((paragraph) => wrapped(shown(paragraph), columns, indent));
	const head = styled(terminal, "bold", title) + " ".repeat(TITLE_COLUMNS - title.length);
	return [head + (lines[0] ?? "").trimStart(), ...lines.slice(1)];
}

/** The notice of a project, without a question. */
export function noticeText(manifest: Manifest, terminal: Terminal): string {
	const columns = Number.isFinite(terminal.width) ? Math.min(terminal.width, MOST_COLUMNS) : STANDARD_COLUMNS;
	const lines = sections(manifest).flatMap((section) => sectionLines(section, columns, terminal));
	const title = `${shown(manifest.project)} asks for reports of its runs on this machine.`;
	const after = "Reports wait on this machine first: et pending lists them, et show prints one as it would leave.";
	return `${[title, "", ...lines, "", ...wrapped(after, columns)].join("\n")}\n`;
}
