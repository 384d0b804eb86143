/** Stacks of V8: a line for the error, then its frames, innermost first; causes and members follow in brackets. */
import type { Place, Trace } from "./frames.js";

/** Behind the last frame, a bracket may open on what else the error holds. */
const FRAME = /^\s*at (.+?)(?: \{)?$/;
/** `fn (file:1:2)`, or `file:1:2` alone. */
const NAMED = /^(?:async )?(.*?) \((.*)\)$/;
const LOCATION = /^(?:async )?(.*?):(\d+):(\d+)$/;
/** `eval at f (file.js:1:2), <anonymous>:3:4`: where the text came from is the place. */
const EVALUATED = /^eval at .*?\(([^()]+:\d+:\d+)\)/;
const ALIAS = / \[as [^\]]*\]$/;
const TYPE =
	/^(?:Uncaught:?\s+)?(?:\(node:\d+\) )?\[?([A-Za-z_$][\w$.]{0,200})(?: \[[\w-]+\])?(?::(?: |$)|\]?(?: \{)?$)/;
const ERROR_NAME = /(?:Error|Exception|Rejection|Warning|Failure|Fault)$/;

function placeAt(location: string, name: string | null): Place {
	const source = EVALUATED.exec(location)?.[1] ?? location;
	const [, path, line] = LOCATION.exec(source) ?? [];
	return path === undefined
		? { path: source, line: null, function: name }
		: { path, line: Number(line), function: name };
}

function placeIn(line: string): Place | null {
	const text = FRAME.exec(line)?.[1];
	if (text === undefined) return null;
	const [, name, location] = NAMED.exec(text) ?? [];
	if (location === undefined) return LOCATION.test(text) ? placeAt(text.replace(/^async /, ""), null) : null;
	if (/^index \d+$/.test(location)) return null;
	return placeAt(location, (name ?? "").replace(ALIAS, "") || null);
}

/** What is named like a class. */
const CLASS_NAME = /^(?:[\w$]+\.)*[A-Z][\w$]*$/;

/**
 * The name in the line that begins the error: messages may have lines of their own between it and the frames. A word
 * that is no class's is a message's, and messages are not kept.
 */
function typeIn(head: readonly string[]): string {
	const names = head.map((line) => TYPE.exec(line)?.[1]).filter((name) => name !== undefined);
	const classes = names.filter((name) => CLASS_NAME.test(name));
	return classes.find((name) => ERROR_NAME.test(name)) ?? classes.at(-1) ?? "Error";
}

const isFrame = (line: string): boolean => placeIn(line) !== null || /^\s+at /.test(line);

export function parseNode(lines: readonly string[]): Trace | null {
	const first = lines.findIndex(isFrame);
	if (first === -1) return null;
	const places: Place[][] = [];
	let wasFrame = false;
	for (const line of lines.slice(first)) {
		const place = placeIn(line);
		if (isFrame(line) && !wasFrame) places.push([]);
		if (place !== null) places.at(-1)?.push(place);
		wasFrame = isFrame(line);
	}
	return { type: typeIn(lines.slice(0, first)), places };
}
