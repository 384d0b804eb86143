/** A place in the list of runs, to and from the query of an address. */
import { NAME_PATTERN } from "../../report/limits.js";
import type { RunsQuery, RunsSlice } from "../store/types.js";

export type RunsCursor = Pick<RunsQuery, "project" | "tests" | "asOf" | "from">;

/** Whose runs, and which: what stays the same from page to page. */
export type RunsScope = Pick<RunsQuery, "project" | "tests">;

/** What stands for them in an address. */
const TESTS_ONLY = "only";

/** More digits than a place ever has, and fewer than a number loses precision at. */
const PLACE_PATTERN = /^\d{1,15}$/;

/** Reads the query of an address; undefined when it asks for what cannot be. Unknown names are let pass. */
export function readCursor(query: Readonly<Record<string, unknown>>): RunsCursor | undefined {
	const { project, tests, before, after, as_of: asOf } = query;
	if (project !== undefined && !(typeof project === "string" && NAME_PATTERN.test(project))) return undefined;
	if (![before, after, asOf].every((place) => place === undefined || isPlace(place))) return undefined;
	if (tests !== undefined && tests !== TESTS_ONLY) return undefined;
	if (before !== undefined && after !== undefined) return undefined;
	return {
		project,
		tests: tests === undefined ? "without" : "only",
		asOf: asOf === undefined ? undefined : Number(asOf),
		from:
			before !== undefined ? { before: Number(before) } : after !== undefined ? { after: Number(after) } : undefined,
	};
}

/** The addresses of the neighbouring pages, where there are any. */
export function neighbours(
	scope: RunsScope,
	slice: RunsSlice,
): { older: string | undefined; newer: string | undefined } {
	const first = slice.runs[0];
	const last = slice.runs.at(-1);
	return {
		older:
			slice.hasOlder && last ? addressOf(scope, { as_of: String(slice.asOf), before: String(last.seq) }) : undefined,
		newer:
			slice.hasNewer && first ? addressOf(scope, { as_of: String(slice.asOf), after: String(first.seq) }) : undefined,
	};
}

/** The address of a page of runs, the newest unless `place` names another. Test runs have pages of their own. */
export function addressOf({ project, tests }: RunsScope, place: Readonly<Record<string, string>> = {}): string {
	const query = new URLSearchParams(place);
	if (project !== undefined) query.set("project", project);
	if (tests === "only") query.set("tests", TESTS_ONLY);
	return query.size === 0 ? "/" : `/?${query}`;
}

function isPlace(value: unknown): boolean {
	return typeof value === "string" && PLACE_PATTERN.test(value);
}
