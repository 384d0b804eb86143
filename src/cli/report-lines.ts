/** A report as people read it: each field that says something, with what it is. Pure. */
import { FIELD_WORDS } from "../report/fields.js";
import { isOptionalField } from "../report/optional-fields.js";
import type { WireInput, WireReport } from "../report/types.js";
import { shown, shownJson } from "./shown.js";
import { styled, type Terminal, textWidth, wrapped } from "./terminal.js";

/** One value of a report, and the name that it has on the wire. */
interface Field {
	path: string;
	value: string;
	/** What it is, in words: whole, or in fewer where there is less room. */
	words: readonly string[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
	typeof value === "object" && value !== null && !Array.isArray(value);

const isNothing = (value: unknown): boolean =>
	value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function wordsOf(name: string): readonly string[] {
	if (!Object.hasOwn(FIELD_WORDS, name)) return [];
	const { what, name: short } = FIELD_WORDS[name as keyof WireReport];
	return [what, short];
}

const isInput = (input: unknown): input is WireInput =>
	isObject(input) && typeof input["name"] === "string" && typeof input["unit"] === "string";

function inputFields(inputs: readonly WireInput[]): Field[] {
	return inputs.map(({ name, unit, size, measured_by }) => ({
		path: `inputs.${name}`,
		value: `${size ?? "not known"} ${unit}${typeof measured_by === "string" ? ` (${measured_by})` : ""}`,
		words: ["the size of an input"],
	}));
}

function dataFields(data: Json): Field[] {
	return Object.entries(data).map(([key, value]) => ({
		path: `data.${key}`,
		value: plain(value),
		words: ["what the author declared"],
	}));
}

interface Exception {
	type: string;
	frames?: readonly Json[] | null;
}

function isException(value: unknown): value is Exception {
	if (!isObject(value) || typeof value["type"] !== "string") return false;
	const frames = value["frames"] ?? [];
	return Array.isArray(frames) && frames.every(isObject);
}

function exceptionText({ type, frames }: Exception): string {
	const calls = (frames ?? []).map(({ file, line, function: name }) => `${name ?? "?"} (${file}:${line ?? "?"})`);
	return [type, ...calls].join(" < ");
}

/** All that a report says, in its own order. Any program may have made it: what has another shape is shown as it is. */
function fieldsOf(report: WireReport): Field[] {
	return Object.entries(report).flatMap(([name, value]: [string, unknown]): Field[] => {
		if (isNothing(value)) return [];
		if (name === "inputs" && Array.isArray(value) && value.every(isInput)) return inputFields(value);
		if (name === "data" && isObject(value)) return dataFields(value);
		const text = name === "exception" && isException(value) ? exceptionText(value) : plain(value);
		return [{ path: name, value: text, words: wordsOf(name) }];
	});
}

/** Names of what can be taken out of it. */
export function redactable(report: WireReport): string[] {
	return fieldsOf(report)
		.map(({ path }) => path)
		.filter(isOptionalField);
}

/** A text in pieces of at most so many columns, whatever stands in it: none of it is cut. */
export function folded(text: string, columns: number): string[] {
	const lines: string[] = [];
	let line = "";
	let width = 0;
	for (const character of text) {
		const wide = textWidth(character);
		if (width + wide > columns && line !== "") {
			lines.push(line);
			line = "";
			width = 0;
		}
		line += character;
		width += wide;
	}
	return [...lines, line];
}

const NAME_COLUMNS = 20;
const LEAST_VALUE_COLUMNS = 12;
const INDENT = "    ";

function fieldLines({ path, value, words }: Field, terminal: Terminal, mark: string): string[] {
	const head = `${mark}${shown(path)}`;
	const columns = terminal.width;
	const fits = textWidth(head) < NAME_COLUMNS && columns >= NAME_COLUMNS + LEAST_VALUE_COLUMNS;
	const start = fits ? head.padEnd(NAME_COLUMNS) : `${INDENT}`;
	const pieces = folded(shown(value), columns - start.length);
	const lines = pieces.map((piece, index) => (index === 0 ? start : " ".repeat(start.length)) + piece);
	const named = fits ? lines : [...folded(head, columns), ...lines];
	const last = named.at(-1) ?? "";
	const fitting = words.map((each) => `  (${each})`).find((each) => textWidth(last + each) <= columns);
	const dim = (text: string) => styled(terminal, "dim", text);
	if (fitting !== undefined) return [...named.slice(0, -1), last + dim(fitting)];
	return [...named, ...wrapped(words[0] ?? "", columns, " ".repeat(start.length)).map(dim)].filter(
		(line) => line.trim() !== "",
	);
}

/** @param marks what stands before a field's name (its number, where one is to be chosen) */
export function reportLines(
	report: WireReport,
	terminal: Terminal,
	marks: ReadonlyMap<string, string> = new Map(),
): string[] {
	const given = fieldsOf(report);
	const names = new Set(given.map(({ path }) => path.split(".")[0]));
	const missing = Object.keys(report).filter((name) => !names.has(name));
	const lines = given.flatMap((field) => fieldLines(field, terminal, marks.get(field.path) ?? ""));
	if (missing.length === 0) return lines;
	return [...lines, "", ...wrapped(`Not given: ${missing.map(shown).join(", ")}`, terminal.width)];
}

/** The bytes as they would leave, in lines of the terminal's width. */
export function byteLines(text: string, { width }: Terminal): string[] {
	return folded(shownJson(text), width);
}
