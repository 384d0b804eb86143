/** Whether a daemon's memory grows: one et-uploader that delivers round after round, and what it holds after each. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { spoolFolders } from "../../src/spool/layout.js";
import { makeFolders } from "../../src/spool/put.js";
import { countReports } from "../../src/spool/read.js";
import { openStage, programArguments } from "../../tools/stage.js";
import { testManifest } from "../helpers/manifest.js";
import { fillSpool } from "../helpers/spool.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { addressOf, startProgram, stopServer } from "./server-process.js";

const REPORTS = 100_000;
const ROUNDS = 10;
const GRANT = "bench";
const LOOK_MS = 200;
/** More than noise: of a leak of 100 bytes a report, half of a million reports would be 48 MiB. */
const GROWTH_BOUND = 1.1;
/** What an uploader may take at most, in MiB. */
const PEAK_BOUND = 128;
const KIB_PER_MIB = 1024;

/** A line of /proc/PID/status, in MiB; NaN where this system has none. */
function statusMiB(pid: number, line: "VmRSS" | "VmHWM"): number {
	try {
		const found = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
		return Number(found?.[1]) / KIB_PER_MIB;
	} catch {
		return Number.NaN;
	}
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function run(args: readonly string[], say: (line: string) => void): Promise<BenchResult> {
	const options = { reports: { type: "string" }, rounds: { type: "string" } } as const;
	const { values } = parseArgs({ args: [...args], options });
	const reports = Number(values.reports ?? REPORTS);
	const rounds = Number(values.rounds ?? ROUNDS);
	const stage = openStage("bench");
	const database = join(stage.folder, "et.sqlite");
	const serverArgs = ["--port", "0", "--open", "--database", database];
	const server = startProgram(stage, [...programArguments("et-server"), ...serverArgs], join(stage.folder, "peak"));
	const manifest = testManifest({ endpoint: await addressOf(server) });
	const config = join(stage.folder, "config");
	const record = grant(manifest, "granted", null, GRANT, { now: new Date(), how: "bench" });
	new ConsentStore(join(config, "consent")).write(record);
	const folders = spoolFolders(join(stage.folder, "spool"));
	makeFolders(folders);
	const uploader = spawn(
		process.execPath,
		[...programArguments("et-uploader"), "--quiet", "--schedule", "* * * * * *", "--delay", "0"],
		{ env: { ...stage.env, ET_SPOOL: folders.root, ET_CONFIG: config }, stdio: "inherit" },
	);
	const pid = uploader.pid ?? 0;
	const [after, serverAfter]: [number[], number[]] = [[], []];
	for (let round = 0; round < rounds; round++) {
		fillSpool(folders, reports, { manifest, grant: GRANT });
		while (countReports(folders.new).count > 0) await pause(LOOK_MS);
		after.push(statusMiB(pid, "VmRSS"));
		serverAfter.push(statusMiB(server.pid ?? 0, "VmRSS"));
		say(
			`round ${round + 1} of ${rounds}: ${after.at(-1)?.toFixed(0)} MiB, server ${serverAfter.at(-1)?.toFixed(0)} MiB`,
		);
	}
	const peak = statusMiB(pid, "VmHWM");
	const ended = once(uploader, "exit");
	uploader.kill("SIGTERM");
	await ended;
	await stopServer(server);
	return resultOf({ after, serverAfter, peak }, reports * rounds);
}

interface Found {
	after: readonly number[];
	serverAfter: readonly number[];
	peak: number;
}

function resultOf({ after, serverAfter, peak }: Found, reports: number): BenchResult {
	const halves = (name: string, all: readonly number[]): Series[] => {
		const middle = Math.ceil(all.length / 2);
		const first: Series = { name: `${name}, first half (VmRSS)`, values: all.slice(0, middle) };
		const against = { series: first, bound: GROWTH_BOUND };
		return [first, { name: `${name}, last half (VmRSS)`, values: all.slice(middle), against }];
	};
	const series = [
		...halves("et-uploader", after),
		{ name: "et-uploader, peak (VmHWM)", values: [peak], most: PEAK_BOUND },
		...halves("et-server", serverAfter),
	];
	return {
		sections: [
			{
				title: `One daemon, ${reports.toLocaleString("en")} reports in ${after.length} rounds`,
				measured: series.map((each) => summarise(each, "MiB")),
			},
		],
		notes: ["Read after each round, when nothing waits any more. The spool is filled while the daemon sends."],
	};
}

export const memory: Benchmark = {
	about: "whether memory grows: one daemon and one server over many rounds",
	usage: "--reports N (a round) --rounds N",
	run,
};
