/**
 * `npm run replay -- FILE.csv`: real runs of the past through the real thing. Each row is enqueued by the client as a
 * run; the uploader, a process of its own, sends them; the server records them; and in the end they are counted on the
 * server's pages, run by run. `--kill N` kills the uploader N times on the way. `--help` lists the options.
 */
import { createReadStream, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "csv-parse";
import { systemContext } from "../src/client/context.js";
import { enqueueIn } from "../src/client/enqueue.js";
import { type Manifest, parseManifest } from "../src/report/manifest.js";
import { startServer } from "../src/server/serve.js";
import { spoolFolders } from "../src/spool/layout.js";
import { countWaiting } from "../src/spool/waiting.js";
import { type CommandLine, HELP, readCommandLine, UsageError } from "./replay-options.js";
import { type Row, reportOf } from "./replay-rows.js";
import { type Ended, openStage, programArguments, runProgram, type Stage, start } from "./stage.js";

/** While the uploader is watched, so often. */
const LOOK_MS = 5;
/** Most starts of the uploader beyond those that were killed: a lease may have to age. */
const MAX_EXTRA_STARTS = 5;
const UPLOADER_BUSY = 3;
const RETRY_MS = 2000;

const count = (number: number): string => number.toLocaleString("en");
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** The stage, on the user's own spool and decisions where the command line names them. */
function stageFor({ spool, config }: CommandLine): Stage {
	const stage = openStage("replay");
	if (spool !== undefined) stage.env["ET_SPOOL"] = resolve(spool);
	if (config !== undefined) stage.env["ET_CONFIG"] = resolve(config);
	return { ...stage, spool: spoolFolders(stage.env["ET_SPOOL"] ?? "") };
}

function manifestFor({ project, columns }: CommandLine, endpoint: string): Manifest {
	const inputs = columns.inputs.map(({ name, unit }) => [name, { unit, why: "Run time depends on it." }]);
	return parseManifest({
		et: 1,
		project,
		endpoint,
		notice: {
			version: 1,
			purpose: "To replay runs of the past.",
			contact: "you@localhost",
			retention: "P1D",
		},
		inputs: Object.fromEntries(inputs),
	});
}

async function grantConsent(stage: Stage, manifest: Manifest): Promise<void> {
	const path = join(stage.folder, "et.json");
	writeFileSync(path, JSON.stringify(manifest));
	const args = ["consent", "grant", manifest.project, "--manifest", path, "--yes"];
	const { code, stderr } = await runProgram("et", args, stage.env);
	if (code !== 0) throw new Error(`Consent could not be granted: ${stderr.trim()}`);
}

/** The table's rows, read as they are asked for. @throws the system's error, or csv-parse's */
function rowsOf(file: string): AsyncIterable<Row> {
	const parser = parse({ columns: true, bom: true });
	const source = createReadStream(file).on("error", (error) => parser.destroy(error));
	parser.on("close", () => source.destroy());
	return source.pipe(parser);
}

/** Enqueues the table's rows. @returns the runs' ids */
async function enqueueRows(
	{ file, columns, limit }: CommandLine,
	stage: Stage,
	manifest: Manifest,
): Promise<Set<string>> {
	const runIds = new Set<string>();
	const context = systemContext(stage.env);
	for await (const row of rowsOf(file)) {
		if (runIds.size >= limit) break;
		const result = enqueueIn(context, reportOf(row, columns), { manifest });
		if (result.status !== "queued") throw new Error(`Row ${runIds.size + 1} was not queued: ${JSON.stringify(result)}`);
		runIds.add(result.runId);
	}
	return runIds;
}

/** Waits until no more than `left` reports wait, or the uploader ends by itself. @returns whether it still runs */
async function untilLeft(stage: Stage, left: number, ended: Promise<Ended>): Promise<boolean> {
	let isRunning = true;
	void ended.then(() => {
		isRunning = false;
	});
	while (isRunning && countWaiting(stage.spool) > left) await sleep(LOOK_MS);
	return isRunning;
}

/** Sends all that waits, with the uploader killed so many times on the way. @returns how often it was */
async function send(stage: Stage, kills: number): Promise<number> {
	const total = countWaiting(stage.spool);
	let killed = 0;
	for (let starts = 0; starts <= kills + MAX_EXTRA_STARTS; starts++) {
		const uploader = start(
			process.execPath,
			[...programArguments("et-uploader"), "--once", "--now", "--quiet"],
			stage.env,
		);
		if (killed < kills && (await untilLeft(stage, total * (1 - (killed + 1) / (kills + 1)), uploader.ended))) {
			uploader.kill("SIGKILL");
			killed++;
		}
		const { code, signal, stderr } = await uploader.ended;
		if (code === 0) break;
		if (code === UPLOADER_BUSY) await sleep(RETRY_MS);
		else if (signal !== "SIGKILL") throw new Error(`et-uploader ended with ${code ?? signal}: ${stderr.trim()}`);
	}
	return killed;
}

/** An attribute's value out of a page's source. */
function unescaped(attribute: string | undefined): string | undefined {
	return attribute?.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

/** How often each run of a project stands on the server's pages, walked from the newest to the oldest. */
async function runsOnPages(url: string, project: string): Promise<Map<string, number>> {
	const found = new Map<string, number>();
	let next: string | undefined = `/?project=${encodeURIComponent(project)}`;
	while (next !== undefined) {
		const response: Response = await fetch(new URL(next, url));
		if (!response.ok) throw new Error(`${url}${next} answers ${response.status}.`);
		const page: string = await response.text();
		for (const [, runId = ""] of page.matchAll(/href="\/runs\/[^/"]+\/([0-9a-f]{32})"/g)) {
			found.set(runId, (found.get(runId) ?? 0) + 1);
		}
		next = unescaped(/<a href="([^"]+)" rel="next">/.exec(page)?.[1]);
	}
	return found;
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
	const begun = performance.now();
	const result = await work();
	return [result, (performance.now() - begun) / 1000];
}

const rate = (number: number, seconds: number): string =>
	`${count(number)} in ${seconds.toFixed(1)} s (${count(Math.round(number / seconds))} a second)`;

async function replay(line: CommandLine, stage: Stage, url: string): Promise<boolean> {
	const manifest = manifestFor(line, url);
	await grantConsent(stage, manifest);
	const [runIds, enqueueS] = await timed(() => enqueueRows(line, stage, manifest));
	print(`enqueued:  ${rate(runIds.size, enqueueS)}`);
	const [killed, sendS] = await timed(() => send(stage, line.kills));
	print(`sent:      ${rate(runIds.size, sendS)}; the uploader was killed ${killed} times`);
	if (killed < line.kills)
		print(`           It was done before it could be killed ${line.kills} times: try more rows.`);
	const found = await runsOnPages(url, line.project);
	const recorded = [...runIds].filter((id) => found.has(id)).length;
	const twice = [...runIds].filter((id) => (found.get(id) ?? 0) > 1).length;
	print(`${count(runIds.size)} in, ${count(recorded)} recorded, ${twice === 0 ? "none" : count(twice)} twice`);
	return recorded === runIds.size && twice === 0 && killed === line.kills;
}

async function main(): Promise<number> {
	const line = readCommandLine(process.argv.slice(2));
	if (line === null) {
		process.stdout.write(HELP);
		return 0;
	}
	const stage = stageFor(line);
	if (line.server !== undefined) return (await replay(line, stage, line.server)) ? 0 : 1;
	const server = await startServer({
		port: 0,
		database: join(stage.folder, "et.sqlite"),
		config: { openIntake: true },
	});
	try {
		const isWell = await replay(line, stage, server.url);
		const { events, runs } = await server.store.counts();
		print(`stored:    ${count(events)} reports of ${count(runs)} runs`);
		return isWell && events === runs ? 0 : 1;
	} finally {
		await server.close();
	}
}

try {
	process.exitCode = await main();
} catch (error) {
	process.stderr.write(`replay: ${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = error instanceof UsageError ? 2 : 1;
}
