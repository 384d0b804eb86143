/** Errors of Perl: `msg at FILE line N.`, and with Carp the calls that led there, innermost first. */
import type { Place, Trace } from "./frames.js";

/** Perl says where at the end; with a file open, also how far it was read; a syntax error, near what. */
const DIED = /^(.*) at (.+?) line (\d+)(?:, (?:<.*|near .*|at EOF.*))?\.?$/;
const CALLED = /^\s+(.*) called at (.+?) line (\d+)(?:, <.*)?\.?$/;
const NAME = /^(?:eval|require|([\w:']+)(?:\(|$))/;
/** `My::Error=HASH(0x5581)`: an exception that has no text. */
const OBJECT = /^([A-Z]\w*(?:::\w+)*)=(?:HASH|ARRAY|SCALAR)\(0x[0-9a-f]+\)/;
const CLASS = /^((?:[A-Z]\w*::)+\w+)(?::| )/;
const SYNTAX = /^syntax error|^Global symbol|^Can't find string terminator|^Missing right curly/;

function functionOf(call: string): string | null {
	if (/^(?:eval|require)\b/.test(call)) return null;
	return NAME.exec(call)?.[1] ?? null;
}

function typeOf(message: string): string {
	if (SYNTAX.test(message)) return "syntax error";
	return OBJECT.exec(message)?.[1] ?? CLASS.exec(message)?.[1] ?? "die";
}

/** @returns how far it got; a message's own lines are passed over */
function diedAt(lines: readonly string[]): { at: number; message: string; path: string; line: number } | null {
	for (const [at, text] of lines.entries()) {
		const [, message, path, line] = CALLED.test(text) ? [] : (DIED.exec(text) ?? []);
		if (message !== undefined && path !== undefined) return { at, message, path, line: Number(line) };
	}
	return null;
}

export function parsePerl(lines: readonly string[]): Trace | null {
	const died = diedAt(lines);
	if (died === null) {
		const type = lines.map((line) => OBJECT.exec(line)?.[1]).find((name) => name !== undefined);
		return type === undefined ? null : { type, places: [] };
	}
	const { at, message, path, line } = died;
	const places: Place[] = [{ path, line, function: null }];
	for (const text of lines.slice(at + 1)) {
		const [, call, file, number] = CALLED.exec(text) ?? [];
		if (call === undefined || file === undefined) continue;
		// What was called from there is what the place before stands in.
		const inner = places.at(-1);
		if (inner !== undefined) inner.function = functionOf(call);
		places.push({ path: file, line: Number(number), function: null });
	}
	return { type: typeOf(lines[0] === undefined ? message : typeSource(lines, at, message)), places: [places] };
}

/** Where a message has lines, the first says what it is. */
const typeSource = (lines: readonly string[], at: number, message: string): string =>
	lines.slice(0, at).find((text) => text.trim() !== "") ?? message;
