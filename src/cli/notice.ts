/** What a user agrees to, on at most a screen of a terminal: {@link "../report/explanation.js"} as text. */

import { ANY_KEY_IN_WORDS, type Explanation, explanationOf, sampleInWords } from "../report/explanation.js";
import type { Manifest } from "../report/manifest.js";
import { changesInWords } from "./changes.js";
import { shown, shownJson } from "./shown.js";
import { jsonLines, styled, type Terminal, wrapped } from "./terminal.js";

type Section = readonly [title: string, paragraphs: readonly string[]];

const inputWords = ({ name, unit, why }: Explanation["inputs"][number]): string =>
	`the size of ${name} in ${unit}: ${why}`;

function dataWords({ key, type, why }: Explanation["data"][number]): string {
	return key === null ? `${ANY_KEY_IN_WORDS}: ${why}` : `${key} (${type}): ${why}`;
}

const contactWords = ({ contact, url }: Explanation): string => (url === null ? contact : `${contact}, ${url}`);

function shareOfRuns({ sample }: Explanation): string[] {
	return sample < 1 ? [`about ${sampleInWords(sample)}`] : [];
}

function sections(explained: Explanation): Section[] {
	const all: Section[] = [
		["Purpose", [explained.purpose]],
		["Inputs", explained.inputs.map(inputWords)],
		["Data", explained.data.map(dataWords)],
		["Always", [explained.standard.map(({ name }) => name).join(", ")]],
		["Never", [explained.never]],
		["You leave out", explained.left_out.length === 0 ? [] : [explained.left_out.join(", ")]],
		["Sent to", [explained.endpoint, ...shareOfRuns(explained)]],
		["Your address", [explained.address.in_words]],
		["Kept for", [explained.retention.in_words]],
		["Contact", [contactWords(explained)]],
	];
	return all.filter(([, paragraphs]) => paragraphs.length > 0);
}

const TITLE_COLUMNS = 14;
const GAP = "  ";
const MOST_COLUMNS = 100;
const STANDARD_COLUMNS = 80;

const columnsOf = ({ width }: Terminal): number =>
	Number.isFinite(width) ? Math.min(width, MOST_COLUMNS) : STANDARD_COLUMNS;

/** A title, and beside it lines that are as long as they may be. */
function titled(title: string, lines: readonly string[], terminal: Terminal): string[] {
	const head = styled(terminal, "bold", title) + " ".repeat(Math.max(1, TITLE_COLUMNS - title.length));
	return lines.map((line, index) => (index === 0 ? head : " ".repeat(TITLE_COLUMNS)) + line);
}

function sectionLines([title, paragraphs]: Section, columns: number, terminal: Terminal): string[] {
	const lines = paragraphs.flatMap((paragraph) => wrapped(shown(paragraph), columns - TITLE_COLUMNS));
	return titled(title, lines, terminal);
}

function noticeLines(explained: Explanation, columns: number, terminal: Terminal): string[] {
	return [
		...wrapped(
			`${shown(explained.project)} asks for reports of its runs on this machine (notice version ${explained.notice_version}).`,
			columns,
		),
		"",
		...sections(explained).flatMap((section) => sectionLines(section, columns, terminal)),
		"",
	];
}

/** The notice of a project, without a question. */
export function noticeText(manifest: Manifest, terminal: Terminal): string {
	const columns = columnsOf(terminal);
	const after = `Reports wait on this machine first: et pending lists them, et show prints one as it would leave. More: et explain ${manifest.project}`;
	return `${[...noticeLines(explanationOf(manifest), columns, terminal), ...wrapped(shown(after), columns)].join("\n")}\n`;
}

/** What has changed since a notice was agreed to; nothing where nothing has. */
export function changesText(agreed: Manifest, asked: Manifest, terminal: Terminal): string {
	const changes = changesInWords(agreed, asked);
	if (changes.length === 0) return "";
	const columns = columnsOf(terminal);
	const head = `What this asks for beyond what you agreed to, and otherwise (you agreed to version ${agreed.notice.version}, this is version ${asked.notice.version}):`;
	const items = changes.flatMap((change) => {
		const [first = "", ...rest] = wrapped(shown(change), columns, "    ");
		return [`  - ${first.trimStart()}`, ...rest];
	});
	return `${[...wrapped(head, columns), ...items].join("\n")}\n`;
}

function wayLines({ ways }: Explanation, columns: number, terminal: Terminal): string[] {
	const most = Math.max(...ways.map(({ to }) => to.length)) + GAP.length;
	const lines = ways.flatMap(({ to, command }) =>
		wrapped(shown(command), columns - TITLE_COLUMNS, " ".repeat(most)).map((line, index) =>
			index === 0 ? to.padEnd(most) + line.trimStart() : line,
		),
	);
	return titled("You can", lines, terminal);
}

/** The notice with an example of a report, and what a user can do: `et explain`. */
export function explainedText(explained: Explanation, terminal: Terminal): string {
	const columns = columnsOf(terminal);
	const lines = [
		...noticeLines(explained, columns, terminal),
		"A report, as it would leave:",
		...jsonLines(shownJson(explained.example), columns),
		"",
		...wayLines(explained, columns, terminal),
		...titled("Each field", [`et explain ${shown(explained.project)} --fields`], terminal),
	];
	return `${lines.join("\n")}\n`;
}

function exampleOf(value: unknown): string {
	return value === undefined ? "" : JSON.stringify(value);
}

/** A field of a report: what it says, why, and what the example says there. */
interface FieldLines {
	field: string;
	what: string;
	why: string;
	example: string;
}

function declaredFields({ inputs, data }: Explanation, example: Record<string, unknown>): FieldLines[] {
	const sizes = (example["inputs"] ?? []) as { name: string }[];
	const values = (example["data"] ?? {}) as Record<string, unknown>;
	return [
		...inputs.map(({ name, unit, why }) => ({
			field: `inputs.${name}`,
			what: `the size of ${name} in ${unit}`,
			why,
			example: exampleOf(sizes.find((size) => size.name === name)),
		})),
		...data.map(({ key, type, why }) => ({
			field: `data.${key ?? "*"}`,
			what: key === null ? ANY_KEY_IN_WORDS : `a value of the type ${type}`,
			why,
			example: key === null ? "" : exampleOf(values[key]),
		})),
	];
}

/** Each field of a report, in the order in which it has them. */
export function fieldsText(explained: Explanation, terminal: Terminal): string {
	const columns = columnsOf(terminal);
	const example = JSON.parse(explained.example) as Record<string, unknown>;
	const standard = explained.standard.map(({ field, what, why }) => ({
		field,
		what,
		why,
		example: exampleOf(example[field]),
	}));
	const lines = [...standard, ...declaredFields(explained, example)].flatMap(({ field, what, why, example: value }) => [
		styled(terminal, "bold", shown(field)),
		...wrapped(shown(what), columns, "  "),
		...wrapped(shown(`why: ${why}`), columns, "  "),
		...(value === "" ? [] : jsonLines(`example: ${shownJson(value)}`, columns - 2).map((piece) => `  ${piece}`)),
	]);
	const head = wrapped(
		`What a report of ${shown(explained.project)} holds, field by field. Null means not known.`,
		columns,
	);
	return `${[...head, "", ...lines, "", ...wrapped(`Never: ${explained.never}.`, columns)].join("\n")}\n`;
}
