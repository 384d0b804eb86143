/** A place in the list of runs, to and from the query of an address. */
import { NAME_PATTERN } from "../../report/limits.js";
import type { RunsQuery, RunsSlice } from "../store/types.js";

export type RunsCursor = Pick<RunsQuery, "project" | "asOf" | "from">;

/** More digits than a place ever has, and fewer than a number loses precision at. */
const PLACE_PATTERN = /^\d{1,15}$/;

/** Reads the query of an address; undefined when it asks for what cannot be. Unknown names are let pass. */
export function readCursor(query: Readonly<Record<string, unknown>>): RunsCursor | undefined {
	const { project, before, after, as_of: asOf } = query;
	if (project !== undefined && !(typeof project === "string" && NAME_PATTERN.test(project))) return undefined;
	if (![before, after, asOf].every((place) => place === undefined || isPlace(place))) return undefined;
	if (before !== undefined && after !== undefined) return undefined;
	return {
		project,
		asOf: asOf === undefined ? undefined : Number(asOf),
		from:
			before !== undefined ? { before: Number(before) } : after !== undefined ? { after: Number(after) } : undefined,
	};
}

/** The addresses of the neighbouring pages, where there are any. */
export function neighbours(
	project: string | undefined,
	slice: RunsSlice,
): { older: string | undefined; newer: string | undefined } {
	const first = slice.runs[0];
	const last = slice.runs.at(-1);
	return {
		older: slice.hasOlder && last ? address(project, slice.asOf, "before", last.seq) : undefined,
		newer: slice.hasNewer && first ? address(project, slice.asOf, "after", first.seq) : undefined,
	};
}

function address(project: string | undefined, asOf: number, side: "before" | "after", place: number): string {
	const query = new URLSearchParams({ [side]: String(place), as_of: String(asOf) });
	if (project !== undefined) query.set("project", project);
	return `/?${query}`;
}

function isPlace(value: unknown): boolean {
	return typeof value === "string" && PLACE_PATTERN.test(value);
}
