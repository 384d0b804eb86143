/** How fast a full spool is delivered: a real uploader, a real server, one machine, beside what cannot be done without. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { serialiseBatch } from "../../src/report/serialise.js";
import { type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { makeFolders } from "../../src/spool/put.js";
import { entries } from "../../src/spool/read.js";
import { openStage, programArguments, type Stage } from "../../tools/stage.js";
import { testManifest } from "../helpers/manifest.js";
import { fillSpool, namesIn } from "../helpers/spool.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { addressOf, startProgram, stopServer } from "./server-process.js";

const REPORTS = 20_000;
const ROUNDS = 3;
const BATCH_REPORTS = 500;
const GRANT = "bench";
const MEBIBYTE = 1024 * 1024;
const BARE_SERVER = fileURLToPath(new URL("./bare-server.js", import.meta.url));

/** Reports a second. */
async function rate(reports: number, work: () => Promise<void> | void): Promise<number> {
	const begun = performance.now();
	await work();
	return reports / ((performance.now() - begun) / 1000);
}

const peakOf = (path: string): number => Number(readFileSync(path, "utf8")) / MEBIBYTE;

function filledSpool(stage: Stage, name: string, reports: number, endpoint: string): SpoolFolders {
	const folders = spoolFolders(join(stage.folder, name));
	makeFolders(folders);
	fillSpool(folders, reports, { manifest: testManifest({ endpoint }), grant: GRANT });
	if (process.platform !== "win32") execFileSync("sync");
	return folders;
}

/** What one round finds, by the names of the series. */
type Found = Record<"read" | "unlink" | "bare" | "flush" | "uploaderMiB" | "serverMiB", number>;

/** Sends every report of a spool to the bare server, batch by batch. */
async function sendBare(url: string, texts: readonly string[]): Promise<void> {
	for (let at = 0; at < texts.length; at += BATCH_REPORTS) {
		const body = serialiseBatch(new Date(), [], texts.slice(at, at + BATCH_REPORTS));
		const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
		if (!response.ok) throw new Error(`The bare server answers ${response.status}.`);
		await response.arrayBuffer();
	}
}

async function floors(stage: Stage, round: number, reports: number): Promise<Pick<Found, "read" | "unlink" | "bare">> {
	const folders = filledSpool(stage, `floor-${round}`, reports, "http://127.0.0.1:1");
	const texts: string[] = [];
	const read = await rate(reports, () => {
		for (const { text } of entries(folders.new)) texts.push(text);
	});
	const names = namesIn(folders.new);
	const unlink = await rate(reports, () => {
		for (const name of names) unlinkSync(join(folders.new, name));
	});
	const server = startProgram(
		stage,
		[BARE_SERVER, join(stage.folder, `bare-${round}.sqlite`)],
		join(stage.folder, "peak"),
	);
	const url = await addressOf(server);
	const bare = await rate(reports, () => sendBare(url, texts));
	await stopServer(server);
	return { read, unlink, bare };
}

async function deliver(stage: Stage, round: number, reports: number): Promise<Omit<Found, "read" | "unlink" | "bare">> {
	const [uploaderPeak, serverPeak] = [join(stage.folder, "uploader-peak"), join(stage.folder, "server-peak")];
	const database = join(stage.folder, `et-${round}.sqlite`);
	const server = startProgram(
		stage,
		[...programArguments("et-server"), "--port", "0", "--open", "--database", database],
		serverPeak,
	);
	const url = await addressOf(server);
	const config = join(stage.folder, `config-${round}`);
	const record = grant(testManifest({ endpoint: url }), "granted", null, GRANT, { now: new Date(), how: "bench" });
	new ConsentStore(join(config, "consent")).write(record);
	const folders = filledSpool(stage, `spool-${round}`, reports, url);
	const uploaderStage = { ...stage, env: { ...stage.env, ET_SPOOL: folders.root, ET_CONFIG: config } };
	const flush = await rate(reports, async () => {
		const uploader = startProgram(uploaderStage, [...programArguments("et-uploader"), "--once"], uploaderPeak);
		uploader.stdout?.resume();
		const [code] = await once(uploader, "exit");
		if (code !== 0) throw new Error(`et-uploader ended with exit code ${code}.`);
	});
	const left = namesIn(folders.new).length;
	await stopServer(server);
	if (left > 0) throw new Error(`${left} reports were not delivered.`);
	return { flush, uploaderMiB: peakOf(uploaderPeak), serverMiB: peakOf(serverPeak) };
}

async function run(args: readonly string[], say: (line: string) => void): Promise<BenchResult> {
	const { values } = parseArgs({
		args: [...args],
		options: { reports: { type: "string" }, rounds: { type: "string" } },
	});
	const reports = Number(values.reports ?? REPORTS);
	const rounds = Number(values.rounds ?? ROUNDS);
	const stage = openStage("bench");
	writeFileSync(join(stage.folder, "peak"), "");
	const found: Found[] = [];
	for (let round = 0; round < rounds; round++) {
		say(`round ${round + 1} of ${rounds}: ${reports.toLocaleString("en")} reports`);
		found.push({ ...(await floors(stage, round, reports)), ...(await deliver(stage, round, reports)) });
	}
	return resultOf(found, reports);
}

function resultOf(found: readonly Found[], reports: number): BenchResult {
	const series = (name: string, key: keyof Found): Series => ({ name, values: found.map((each) => each[key]) });
	const bare = series("bare Fastify and SQLite", "bare");
	const flushed: Series = { ...series("et-uploader into et-server", "flush"), against: { series: bare, bound: null } };
	const rates = [series("reading and parsing alone", "read"), series("unlinking alone", "unlink"), bare, flushed];
	const peaks = [series("et-uploader, peak", "uploaderMiB"), series("et-server, peak", "serverMiB")];
	return {
		sections: [
			{
				title: `${reports.toLocaleString("en")} pending reports, delivered end to end`,
				measured: rates.map((each) => summarise(each, "reports/s")),
			},
			{ title: "Memory (VmHWM)", measured: peaks.map((each) => summarise(each, "MiB")) },
		],
		notes: ["Programs start, send, and end within the time; uploader and server share the machine."],
	};
}

export const flush: Benchmark = {
	about: "reports a second from a full spool into a server on this machine, and peak memory",
	usage: "--reports N --rounds N",
	run,
};
