/** {@link "../report/explanation.js"} as Markdown, for an author's README. What a manifest holds is text there, never markup. */
import { ANY_KEY_IN_WORDS, type Explanation, sampleInWords } from "../report/explanation.js";
import { shown, shownJson } from "./shown.js";

/** What means something inside of a line, in CommonMark and in GitHub's tables and formulas. */
const INLINE_MARKUP = /[\\`*_[\]<>&|~$]/g;
/** What means something at the beginning of a block. */
const BLOCK_MARKUP = /^(\d*)([#+\-=:.)])/;

/** A text of one line that Markdown shows as it is (CommonMark 0.31, 2.4: a backslash takes any mark's meaning). */
function markdownText(text: string): string {
	return shown(text.trim()).replace(INLINE_MARKUP, "\\$&").replace(BLOCK_MARKUP, "$1\\$2");
}

const INDENT = 2;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
	const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(row.map(markdownText))), ""];
}

function collected({ inputs, data, standard }: Explanation): string[] {
	const sizes = inputs.map(({ name, unit, why }) => [`inputs.${name}`, `the size of ${name} in ${unit}`, why]);
	const values = data.map(({ key, type, why }) =>
		key === null ? ["data.*", ANY_KEY_IN_WORDS, why] : [`data.${key}`, `a value of the type ${type}`, why],
	);
	const always = standard.map(({ field, what, why }) => [field, what, why]);
	return table(["field", "what it says", "why"], [...sizes, ...values, ...always]);
}

function whereTo({
	endpoint,
	address,
	retention,
	contact,
	url,
	notice_version: version,
	sample,
}: Explanation): string[] {
	const items = [
		["Sent to", endpoint],
		...(sample < 1 ? [["Sampling", `about ${sampleInWords(sample)}`]] : []),
		["Your address", address.in_words],
		["Kept for", retention.in_words],
		["Contact", contact],
		...(url === null ? [] : [["More", url]]),
		["Notice", `version ${version}`],
	];
	return items.map(([title, text = ""]) => `- ${title}: ${markdownText(text)}`);
}

/** The whole notice. */
export function explainedMarkdown(explained: Explanation): string {
	const project = markdownText(explained.project);
	const lines = [
		`## What ${project} asks to know`,
		"",
		`Purpose: ${markdownText(explained.purpose)}`,
		"",
		"Nothing is recorded before you agree. Reports wait on your machine first, where you can read and remove them.",
		"",
		"### What is collected",
		"",
		...collected(explained),
		`Never: ${markdownText(explained.never)}.`,
		"",
		"### An example",
		"",
		"A report of a run that failed. Null means not known. It leaves on one line, and is indented here alone.",
		"",
		"```json",
		shownJson(JSON.stringify(JSON.parse(explained.example), null, INDENT)),
		"```",
		"",
		"### Where it goes",
		"",
		...whereTo(explained),
		"",
		"### What you can do",
		"",
		...table(
			["to", "command"],
			explained.ways.map(({ to, command }) => [to, command]),
		),
	];
	return lines.join("\n");
}
