/** Errors of R: `Error in f(x) : msg`, `Calls:`, the numbered calls of traceback(), and the trees of rlang. */
import type { Place, Trace } from "./frames.js";

/** R speaks the user's language. */
const ERROR = /^(?:Error|Fehler|Erreur|Errore|Erro|Fel|Fout)(?: (?:in|dans|en|em|i) (.+?)(?: ?: .*| ?:)?$| ?:|\.|$)/;
const CAUSE = /^Caused by error(?: in (.+?):?$|:|$)/;
const CONDITION = /^<error\/([\w.]{1,200})>/;
const CALLS = /^(?:Calls|Aufrufe|Appels|Llamadas|Chiamate): (.+)$/;
/** `3: f(x) at run.R#12`; also `[[3]]`, as some handlers print. */
const NUMBERED = /^\s*(\d{1,4}): (.+)$/;
/** `2. │ └─pkg::f(x) at run.R:5:3`. */
const TREE = /^\s*(\d{1,4})\. [\s\u2502|]*[\u251c\u2514+\\][\u2500-]+(.+)$/;
const AT = /(?: at | \(from )([^()]*?)[#:](\d+)(?::\d+)?\)?$/;
const CALL = /^(`[^`]{1,100}`|(?:global )?[A-Za-z.][\w.]*(?::::?`?[^\s(`]+`?)?|<Anonymous>)\s*(?:\(|$)/;

/** What R itself puts between an error and the code at fault. */
const MACHINERY = new Set(
	(
		"stop stopifnot try tryCatch tryCatchList tryCatchOne doTryCatch withCallingHandlers signalCondition simpleError " +
		".handleSimpleError h warning eval evalq source withVisible eval.parent do.call lapply sapply vapply mapply Map Reduce " +
		"Filter FUN suppressWarnings suppressMessages print standardGeneric abort <Anonymous> match.arg match.fun sys.function " +
		"library require loadNamespace requireNamespace file read.table read.csv readLines readRDS scan get match.fun solve " +
		"solve.default if for while lm.fit matrix data.frame colnames<- names<- rep.int sum mean log sqrt as.numeric strsplit"
	).split(" "),
);

/** The name of what was called, without what it was called with. */
function calledIn(text: string): { name: string; package: string | null } | null {
	const found = CALL.exec(text.trim())?.[1]?.replaceAll("`", "");
	if (found === undefined) return null;
	const name = found.replace(/^global /, "");
	const [owner, inner] = name.split(/:::?/);
	return inner === undefined ? { name, package: null } : { name, package: owner ?? null };
}

function placeOf(text: string): Place | null {
	const [, path, line] = AT.exec(text) ?? [];
	const called = calledIn(text);
	if (called === null) return path === undefined ? null : { path, line: Number(line), function: null };
	const number = path === undefined ? null : Number(line);
	// A package's function stands in its library, which is how it is told from the project's own.
	if (called.package !== null) {
		return { path: `R/library/${called.package}/${path ?? ""}`, line: number, function: called.name };
	}
	if (MACHINERY.has(called.name)) return null;
	return { path: path ?? null, line: number, function: called.name };
}

interface Numbered {
	number: number;
	place: Place | null;
}

function numberedIn(lines: readonly string[], pattern: RegExp): Numbered[] {
	const found: Numbered[] = [];
	for (const line of lines) {
		const [, number, text] = pattern.exec(line) ?? [];
		if (text !== undefined) found.push({ number: Number(number), place: placeOf(text) });
		// A long call goes on over lines of its own, and only the last says where it stands.
		else if (found.length > 0 && AT.test(line)) addPlace(found.at(-1), line);
	}
	return found;
}

function addPlace(call: Numbered | undefined, line: string): void {
	const [, path, number] = AT.exec(line) ?? [];
	if (call?.place && path !== undefined && call.place.path === null) {
		call.place = { ...call.place, path, line: Number(number) };
	}
}

/** Both kinds of list number the outermost call 1. */
const innermostFirst = (calls: Numbered[]): Place[] =>
	calls.toSorted((a, b) => b.number - a.number).flatMap(({ place }) => (place === null ? [] : [place]));

function placesIn(lines: readonly string[]): Place[] {
	const tree = numberedIn(lines, TREE);
	if (tree.length > 0) return innermostFirst(tree);
	const numbered = numberedIn(lines, NUMBERED);
	if (numbered.length > 0) return innermostFirst(numbered);
	const calls = lines.map((line) => CALLS.exec(line)?.[1]).find((text) => text !== undefined);
	const names = (calls ?? "").split(" -> ").filter((name) => name !== "" && name !== "...");
	return names.reverse().flatMap((name) => placeOf(name) ?? []);
}

/** The call that an error names, where nothing else says where it was. */
function callsInErrors(lines: readonly string[]): Place[] {
	const calls = lines.flatMap((line) => CAUSE.exec(line)?.[1] ?? ERROR.exec(line)?.[1] ?? []);
	return calls.reverse().flatMap((call) => placeOf(call) ?? []);
}

export function parseR(lines: readonly string[]): Trace | null {
	const places = placesIn(lines);
	const isError = lines.some((line) => ERROR.test(line) || CONDITION.test(line));
	if (!isError && places.length === 0) return null;
	const type = lines.map((line) => CONDITION.exec(line)?.[1]).find((name) => name !== undefined);
	return { type: type ?? "Error", places: [places, callsInErrors(lines)] };
}
