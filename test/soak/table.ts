/** What the attacks came to, as the table of docs/reliability.md. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Footprint } from "./folding.js";
import type { Toll } from "./kills.js";

const PAGE = new URL("../../../docs/reliability.md", import.meta.url);

/** Whether every report is on the server, once: no attack fills a spool beyond its bounds, so that none had to go. */
export function isHarmless({ lost, twice, pending, dropped }: Toll): boolean {
	return lost === 0 && twice === 0 && pending === 0 && dropped === 0;
}

/** A table in Markdown. Pure. */
export function tableText(tolls: readonly Toll[]): string {
	const rows = tolls.map(({ attack, times, queued, onServer, pending, dropped, lost, twice }) =>
		[
			attack,
			...[times, queued, onServer, pending, dropped, lost, twice].map((count) => count.toLocaleString("en")),
		].join(" | "),
	);
	const head =
		"| attack | times | reports promised | on the server | still waiting | dropped and counted | lost | twice |";
	return [head, "|---|---:|---:|---:|---:|---:|---:|---:|", ...rows.map((row) => `| ${row} |`)].join("\n");
}

const KIBIBYTE = 1024;

/** A table in Markdown. Pure. */
export function foldingText(footprints: readonly Footprint[]): string {
	const rows = footprints.map(({ what, files, content, onDisk }) =>
		[
			what,
			...[files, content / KIBIBYTE, onDisk / KIBIBYTE].map((count) => Math.round(count).toLocaleString("en")),
		].join(" | "),
	);
	const head = "| reports | files | content, KiB | on disk, KiB |";
	return [head, "|---|---:|---:|---:|", ...rows.map((row) => `| ${row} |`)].join("\n");
}

/** Puts a text between its two marks in docs/reliability.md. @throws Error where the page has lost them */
export function writeInto(name: "attacks" | "folding", text: string): void {
	const [begin, end] = [`<!-- ${name}: written by npm run soak -->`, `<!-- ${name}: end -->`];
	const page = readFileSync(PAGE, "utf8");
	const [before, rest] = page.split(begin);
	const after = rest?.split(end)[1];
	if (before === undefined || after === undefined) throw new Error(`docs/reliability.md has lost the marks of ${name}`);
	writeFileSync(PAGE, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
