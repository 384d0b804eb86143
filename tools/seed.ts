/**
 * `npm run seed -- --runs N`: a store with many made-up runs, the same each time, for benchmarks and for looking at
 * pages. Every report passes through the intake's own judgement. `--help` lists the options.
 */
import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EtError } from "../src/errors.js";
import { judgeReport } from "../src/server/intake/batch.js";
import { isPostgresUrl } from "../src/server/store/database-name.js";
import { openStore } from "../src/server/store/open.js";
import type { EventRecord, Store } from "../src/server/store/types.js";
import { type SeededReport, seededRuns } from "./seed-runs.js";

const HELP = `Usage: npm run seed -- [OPTIONS]

Makes a store with made-up runs of two years: the same each time.

  --runs N          how many runs (100000)
  --database NAME   an SQLite file that is not there yet, or a URL of PostgreSQL
                    (et-seed-N.sqlite in the folder for temporary files)
  --seed N          another sequence (1)
  --until DATE      when the last run ends (now)
`;

const BATCH_REPORTS = 5000;
const TELL_EVERY = 1_000_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const count = (number: number): string => number.toLocaleString("en");

class UsageError extends Error {}

interface Wanted {
	runs: number;
	database: string;
	seed: number;
	untilMs: number;
}

function wholeNumber(text: string, option: string): number {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number > 0) return number;
	throw new UsageError(`--${option} has to be a whole number above 0.`);
}

function read(args: readonly string[]): Wanted | null {
	const { values } = parse(args);
	if (values.help) return null;
	const runs = wholeNumber(values.runs, "runs");
	const untilMs = values.until === undefined ? Date.now() : Date.parse(values.until);
	if (Number.isNaN(untilMs)) throw new UsageError("--until has to be a date such as 2026-06-30.");
	const database = values.database ?? join(tmpdir(), `et-seed-${runs}.sqlite`);
	if (!isPostgresUrl(database) && existsSync(database)) {
		throw new UsageError(`${database} is there already, and was left as it is. Remove it, or name another file.`);
	}
	return { runs, database, seed: wholeNumber(values.seed, "seed"), untilMs };
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({
			args: [...args],
			options: {
				runs: { type: "string", default: "100000" },
				database: { type: "string" },
				seed: { type: "string", default: "1" },
				until: { type: "string" },
				help: { type: "boolean", default: false },
			},
		});
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}

function record({ report, receivedAtMs }: SeededReport): EventRecord {
	const judged = judgeReport(report, receivedAtMs, 0);
	if ("verdict" in judged) throw new Error(`The intake refuses a made-up report: ${judged.verdict.message}`);
	return judged.record;
}

async function fill(store: Store, { runs, seed, untilMs }: Wanted): Promise<number> {
	const begun = performance.now();
	let batch: EventRecord[] = [];
	let stored = 0;
	let done = 0;
	const put = async (): Promise<void> => {
		const results = await store.insertBatch({ events: batch, lost: [] });
		stored += results.filter((result) => result === "accepted").length;
		batch = [];
	};
	for (const reports of seededRuns(runs, seed, untilMs)) {
		batch.push(...reports.map(record));
		if (batch.length >= BATCH_REPORTS) await put();
		if (++done % TELL_EVERY === 0) print(`${count(done)} runs, ${seconds(begun)} s`);
	}
	await put();
	return stored;
}

const seconds = (begun: number): string => ((performance.now() - begun) / 1000).toFixed(1);

function sizeOf(database: string): string {
	if (isPostgresUrl(database)) return "";
	return `, ${(statSync(database).size / 1024 ** 2).toFixed(0)} MiB`;
}

async function main(args: readonly string[]): Promise<void> {
	const wanted = read(args);
	if (wanted === null) return void process.stdout.write(HELP);
	const begun = performance.now();
	const store = await openStore(wanted.database);
	let reports: number;
	try {
		reports = await fill(store, wanted);
	} finally {
		await store.close();
	}
	print(`${count(wanted.runs)} runs (${count(reports)} reports) in ${seconds(begun)} s${sizeOf(wanted.database)}.`);
	print(
		isPostgresUrl(wanted.database) ? "They are in PostgreSQL." : `They are in ${wanted.database}; look at them with`,
	);
	if (!isPostgresUrl(wanted.database)) print(`npx et-server --database ${wanted.database}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
	if (!(error instanceof UsageError || error instanceof EtError)) throw error;
	process.stderr.write(`seed: ${error.message}\n`);
	process.exitCode = 2;
});
