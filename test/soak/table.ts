/** What the attacks came to, as the table of docs/reliability.md. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Toll } from "./kills.js";

const PAGE = new URL("../../../docs/reliability.md", import.meta.url);
const BEGIN = "<!-- npm run soak writes the table from here -->";
const END = "<!-- to here -->";

/** Whether every report is where it should be: on the server once, or in the spool. */
export function isHarmless({ lost, twice, pending }: Toll): boolean {
	return lost + twice + pending === 0;
}

/** A table in Markdown. Pure. */
export function tableText(tolls: readonly Toll[]): string {
	const rows = tolls.map(({ attack, times, queued, onServer, pending, lost, twice }) =>
		[attack, ...[times, queued, onServer, pending, lost, twice].map((count) => count.toLocaleString("en"))].join(" | "),
	);
	const head = "| attack | times | reports promised | on the server | still waiting | lost | twice |";
	return [head, "|---|---:|---:|---:|---:|---:|---:|", ...rows.map((row) => `| ${row} |`)].join("\n");
}

/** Puts the table between its two marks. @throws Error where the page has lost them */
export function writeTable(tolls: readonly Toll[]): void {
	const page = readFileSync(PAGE, "utf8");
	const [before, rest] = page.split(BEGIN);
	const after = rest?.split(END)[1];
	if (before === undefined || after === undefined)
		throw new Error("docs/reliability.md has lost the marks of its table");
	writeFileSync(PAGE, `${before}${BEGIN}\n${tableText(tolls)}\n${END}${after}`);
}
