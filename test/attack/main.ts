/**
 * `npm run attack [-- --scale 0.1] [--seed 1] [--write]`: attacks a server of its own as docs/reliability.md says, and
 * with --write rewrites that page's table. Ends with 1 where it did any harm.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Aftermath, attackAll, type Harm } from "./battery.js";
import { isHarmless } from "./judge.js";

const PAGE = new URL("../../../docs/reliability.md", import.meta.url);
const [BEGIN, END] = ["<!-- server attacks: written by npm run attack -->", "<!-- server attacks: end -->"];

function tableText({ harms, stored, forbidden, poisoned }: Aftermath): string {
	const row = ({ attack, requests, answers, failures, silent, peakMiB, seconds }: Harm) => {
		const busy = failures.filter((failure) => failure.endsWith(" busy")).length;
		const counts = [requests, answers["2xx"] ?? 0, (answers["3xx"] ?? 0) + (answers["4xx"] ?? 0), busy];
		const others = [failures.length - busy, silent, peakMiB];
		return `| ${attack} | ${[...counts, ...others].map((count) => count.toLocaleString("en")).join(" | ")} | ${seconds} |`;
	};
	return [
		"| attack | requests | 2xx | 4xx | 503 `busy` | other 5xx | no answer | peak memory, MiB | seconds |",
		"|---|---:|---:|---:|---:|---:|---:|---:|---:|",
		...harms.map(row),
		"",
		`Stored meanwhile: ${stored.toLocaleString("en")} reports, of which the schema forbids ${forbidden.length}. Pages that show what was sent as markup: ${poisoned.length}.`,
	].join("\n");
}

function writeInto(text: string): void {
	const page = readFileSync(PAGE, "utf8");
	const [before, rest] = page.split(BEGIN as string);
	const after = rest?.split(END as string)[1];
	if (before === undefined || after === undefined)
		throw new Error("docs/reliability.md has lost the marks of the table");
	writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
}

const { values } = parseArgs({
	options: {
		scale: { type: "string", default: "1" },
		seed: { type: "string", default: "1" },
		write: { type: "boolean", default: false },
	},
});
const aftermath = await attackAll(Number(values.scale), Number(values.seed), (harm) => {
	process.stderr.write(`${JSON.stringify({ ...harm, failures: [...new Set(harm.failures)] })}\n`);
});
process.stdout.write(`${tableText(aftermath)}\n`);
for (const text of [...aftermath.forbidden, ...aftermath.poisoned].slice(0, 5)) process.stderr.write(`${text}\n`);
if (values.write) writeInto(tableText(aftermath));
process.exitCode = isHarmless(aftermath) ? 0 : 1;
