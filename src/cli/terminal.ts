/** What the place where output goes can show, and what may be shown there. */
import { styleText } from "node:util";

export interface Terminal {
	isTerminal: boolean;
	/** Columns; Infinity in a pipe or a file, where nothing is cut. */
	width: number;
	colour: boolean;
}

const STANDARD_WIDTH = 80;

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "";

/** NO_COLOR (no-color.org) comes before FORCE_COLOR, and both before what the output is. */
function showsColour(isTty: boolean, env: NodeJS.ProcessEnv): boolean {
	if (isSet(env["NO_COLOR"])) return false;
	const forced = env["FORCE_COLOR"];
	if (forced !== undefined) return forced !== "0" && forced !== "false";
	return isTty && env["TERM"] !== "dumb";
}

/** @param isTty whether the output is a terminal
 * @param columns of the terminal; unknown where it does not say */
export function terminalFor(isTty: boolean, columns: number | undefined, env: NodeJS.ProcessEnv): Terminal {
	const width = isTty ? columns || STANDARD_WIDTH : Number.POSITIVE_INFINITY;
	return { isTerminal: isTty, width, colour: showsColour(isTty, env) };
}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** Loaded here alone: a command that says nothing need not know what a terminal is. */
const isTerminal = (descriptor: number): boolean => process.getBuiltinModule("node:tty").isatty(descriptor);

/** Standard output's terminal. */
export function standardTerminal(env: NodeJS.ProcessEnv): Terminal {
	return terminalFor(isTerminal(STDOUT), isTerminal(STDOUT) ? process.stdout.columns : undefined, env);
}

/** Whether a person is there to be asked, and to read the question. */
export function canAsk(): boolean {
	return isTerminal(STDIN) && isTerminal(STDERR);
}

/** Whether a person is there who reads standard output and types. */
export function isInteractive(): boolean {
	return isTerminal(STDIN) && isTerminal(STDOUT);
}

type Style = Parameters<typeof styleText>[0];

export function styled(terminal: Terminal, style: Style, text: string): string {
	// Whether there is colour was decided before, by rules that do not look at the stream alone.
	return terminal.colour ? styleText(style, text, { validateStream: false }) : text;
}

const WIDE =
	/[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/u;
const NO_WIDTH = /\p{M}/u;

function characterWidth(character: string): number {
	if (NO_WIDTH.test(character)) return 0;
	return WIDE.test(character) ? 2 : 1;
}

/** Columns that a text takes. */
export function textWidth(text: string): number {
	let width = 0;
	for (const character of text) width += characterWidth(character);
	return width;
}

const ELLIPSIS = "…";

/** A text of at most so many columns; where it is cut, it says so. */
export function cut(text: string, columns: number): string {
	if (textWidth(text) <= columns) return text;
	let kept = "";
	let width = textWidth(ELLIPSIS);
	for (const character of text) {
		width += characterWidth(character);
		if (width > columns) break;
		kept += character;
	}
	return kept + ELLIPSIS;
}

/** Paragraphs of at most so many columns, each line behind `indent`. */
export function wrapped(text: string, columns: number, indent = ""): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(/\s+/)) {
		const longer = line === "" ? word : `${line} ${word}`;
		if (line !== "" && textWidth(indent + longer) > columns) {
			lines.push(indent + line);
			line = word;
		} else line = longer;
	}
	return [...lines, indent + line];
}

/** Where a text of JSON is best broken: behind a comma. */
const COMMA = ",";

/** JSON, which has no blanks to break at, in lines of at most so many columns. */
export function jsonLines(json: string, columns: number): string[] {
	const lines: string[] = [];
	let line = "";
	for (const character of json) {
		if (textWidth(line) + characterWidth(character) > columns) {
			const end = line.lastIndexOf(COMMA) + 1 || line.length;
			lines.push(line.slice(0, end));
			line = line.slice(end);
		}
		line += character;
	}
	return [...lines, line];
}
