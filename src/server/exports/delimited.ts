/**
 * Tables as text: CSV as RFC 4180 says, with a comma and CRLF, and TSV as the predecessor's monitor, with a tab, a line
 * feed, and `\t`, `\n`, `\r` and `\\` for what would break a line. What is not known is an empty cell. Pure.
 */
import type { Cell, Column } from "./columns.js";

/**
 * What makes a spreadsheet take a text for a formula: also after such marks as it skips.
 * Source: OWASP, CSV Injection.
 */
const FORMULA = /^[\s\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/** With an apostrophe in front, which makes it a text again. Numbers of ours are no texts, and stay numbers. */
function harmless(cell: Cell): string {
	if (cell === null) return "";
	if (typeof cell !== "string") return String(cell);
	return FORMULA.test(cell) ? `'${cell}` : cell;
}

function csvCell(cell: Cell): string {
	const text = harmless(cell);
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const TSV_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function tsvCell(cell: Cell): string {
	return harmless(cell).replace(/[\\\t\n\r]/g, (character) => TSV_ESCAPES[character] ?? character);
}

export interface Delimited {
	row(cells: readonly Cell[]): string;
}

export const CSV: Delimited = { row: (cells) => `${cells.map(csvCell).join(",")}\r\n` };
export const TSV: Delimited = { row: (cells) => `${cells.map(tsvCell).join("\t")}\n` };

export function headOf<T>({ row }: Delimited, columns: readonly Column<T>[]): string {
	return row(columns.map(({ name }) => name));
}

export function linesOf<T>({ row }: Delimited, columns: readonly Column<T>[], items: readonly T[]): string {
	return items.map((item) => row(columns.map(({ cell }) => cell(item)))).join("");
}
