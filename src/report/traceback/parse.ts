/**
 * What an interpreter printed of an error, reduced to its type and the project's own lines: no message, no arguments, no
 * folders. Pure. Frames stand innermost first, whatever the language's order is.
 */
import { MAX_FRAMES } from "../limits.js";
import type { ExceptionInput } from "../types.js";
import { parseBash } from "./bash.js";
import { ownFrames, type Trace } from "./frames.js";
import { parseNode } from "./node.js";
import { parsePerl } from "./perl.js";
import { parsePython } from "./python.js";
import { parseR } from "./r.js";

export type Language = "python" | "node" | "r" | "perl" | "bash";

const PARSERS: Readonly<Record<Language, (lines: readonly string[]) => Trace | null>> = {
	python: parsePython,
	node: parseNode,
	r: parseR,
	perl: parsePerl,
	bash: parseBash,
};

/** How each language is known, the surest first: a line of one of these is in no other's. */
const MARKS: readonly [Language, RegExp][] = [
	["python", /^[\s|+]*(?:Exception Group )?Traceback \(most recent call last\):|^[\s|]*File "[^"]+", line \d+/m],
	["node", /^\s+at .*(?::\d+:\d+|<anonymous>|native|\(index \d+\))\)?$/m],
	[
		"r",
		/^(?:Error|Fehler|Erreur|Errore|Erro|Fel|Fout)(?: in .+| dans .+| en .+| em .+| i .+|: .*| :.*)$|^Execution halted|^<error\/|^Backtrace:|^\s*\d+: .+ at .+#\d+$|^\s*\d+: [A-Za-z.][\w.:]*\(.*\)$/m,
	],
	["perl", / at .+ line \d+(?:, .*)?\.?$|^[A-Z]\w*(?:::\w+)*=HASH\(0x/m],
	["bash", /^\S.*: (?:-c: )?(?:line )?\d+: |^\s*\d+ [\w.:-]+ \S+$/m],
];

/** What is read of a long text: an error's beginning, and its end. */
const MAX_HEAD = 16 * 1024;
const MAX_TAIL = 48 * 1024;
const MAX_LINE = 1000;

function linesOf(text: string): string[] {
	const read =
		text.length <= MAX_HEAD + MAX_TAIL ? text : `${text.slice(0, MAX_HEAD)}\n${text.slice(text.length - MAX_TAIL)}`;
	// biome-ignore lint/suspicious/noControlCharactersInRegex: colours, as terminals are told of them
	const plain = read.replace(/\u001b\[[\d;]*m/g, "");
	return plain.split(/\r\n|\n|\r/).map((line) => line.slice(0, MAX_LINE).trimEnd());
}

function languageOf(lines: readonly string[]): Language | null {
	return MARKS.find(([, mark]) => lines.some((line) => mark.test(line)))?.[0] ?? null;
}

export interface TracebackOptions {
	/** @defaultValue what the text looks like */
	language?: Language;
	/** The project's name: what is installed under it is its own. */
	project?: string;
}

/**
 * An exception out of the text of a traceback, or null where there is none in it. Never throws.
 *
 * Libraries' frames are left out. Where the exception that ended the run has none of the project's, those of its cause
 * stand in; where none has any, only the type is left.
 */
export function parseTraceback(text: string, { language, project }: TracebackOptions = {}): ExceptionInput | null {
	const lines = linesOf(text);
	const spoken = language ?? languageOf(lines);
	const trace = spoken === null ? null : PARSERS[spoken](lines);
	if (trace === null) return null;
	return { type: trace.type, frames: ownFrames(trace, project).slice(0, MAX_FRAMES) };
}
