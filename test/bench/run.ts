/** What `et run` measures, against GNU time in the same run, and what it costs a command. */
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import type { WireReport } from "../../src/report/types.js";
import { makeFolders } from "../../src/spool/put.js";
import { entries } from "../../src/spool/read.js";
import { randomSequence } from "../../tools/random.js";
import { openStage, programArguments, type Stage } from "../../tools/stage.js";
import { hasGnuTime, type TimeSays, timed, timeSays } from "../helpers/gnu-time.js";
import { testManifest } from "../helpers/manifest.js";
import { type Benchmark, type BenchResult, type Series, summarise } from "./result.js";
import { type Command, commands, longCommands } from "./run-commands.js";
import { median, shuffled } from "./statistics.js";

const SIZE = { lines: 400_000, recipes: 60 } as const;
const ROUNDS = { commands: 7, start: 40 } as const;
const LONG_S = 60;
const NANOSECONDS = 1e6;
const MEBIBYTE = 2 ** 20;

/**
 * What is promised. GNU time's own peak is inexact: for it, the kernel adds up counters that each CPU keeps to itself up
 * to 32 pages of each kind, and in /proc exact ones. Of the same process it said up to 0.12 MiB less here.
 */
const BOUNDS = { cpuShare: 0.02, cpuS: 0.02, rssShare: 0.03, rssMiB: 0.25, startMs: 20, longShare: 0.01 } as const;

class Setting {
	private readonly stage: Stage = openStage("bench-run");
	private readonly manifestPath = join(this.stage.folder, "et.json");
	readonly folder = this.stage.folder;

	constructor() {
		const manifest = testManifest();
		const source = JSON.stringify(manifest);
		writeFileSync(this.manifestPath, source);
		const consent = new ConsentStore(join(this.stage.env["ET_CONFIG"] ?? "", "consent"));
		consent.write(grant(manifest, "granted", null, "bench", { now: new Date(), how: "bench", source }));
		makeFolders(this.stage.spool);
	}

	/** The command line of `et run`, reporting unless its options say otherwise. */
	etRun(command: readonly string[], options: readonly string[] = ["--manifest", this.manifestPath]): string[] {
		return [process.execPath, ...programArguments("et"), "run", ...options, "--", ...command];
	}

	/** @returns milliseconds until the command, {@link CLOCK}, has read its clock; of a program that reads none, until its end */
	untilStarted([program = "", ...args]: readonly string[]): number {
		const begun = performance.timeOrigin + performance.now();
		const env = { ...process.env, ...this.stage.env };
		const { stdout } = spawnSync(program, args, { env, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
		const ended = performance.timeOrigin + performance.now();
		return stdout === "" ? ended - begun : Number(stdout) * MILLISECONDS - begun;
	}

	/** Runs it to its end. @returns milliseconds */
	run([program = "", ...args]: readonly string[]): number {
		const begun = process.hrtime.bigint();
		const env = { ...process.env, ...this.stage.env };
		const { error } = spawnSync(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
		if (error !== undefined) throw error;
		return Number(process.hrtime.bigint() - begun) / NANOSECONDS;
	}

	/** Under GNU time. */
	time(command: readonly string[]): TimeSays {
		const file = join(this.folder, "time");
		this.run(timed(file, command));
		return timeSays(file);
	}

	/** The report of the only run in the spool, which is taken out. */
	report(): WireReport {
		const { new: folder } = this.stage.spool;
		const report = [...entries(folder)].map(({ envelope }) => envelope.report).find(({ event }) => event === "end");
		rmSync(folder, { recursive: true });
		makeFolders(this.stage.spool);
		if (report === undefined) throw new Error("et run left no report.");
		return report;
	}
}

const cpuOf = ({ cpu_user_s, cpu_system_s }: WireReport): number => (cpu_user_s ?? 0) + (cpu_system_s ?? 0);

interface Found {
	command: Command;
	/** Seconds, of the same processes: GNU time was run by et. */
	cpu: { et: number[]; time: number[] };
	/** MiB, each of a run of its own. */
	rss: { et: number[]; time: number[] };
	methods: Set<string>;
}

function measure(setting: Setting, found: Found): void {
	const { command, cpu, rss, methods } = found;
	const file = join(setting.folder, "nested");
	setting.run(setting.etRun(timed(file, command.words)));
	cpu.et.push(cpuOf(setting.report()));
	cpu.time.push(timeSays(file).cpuS);
	setting.run(setting.etRun(command.words));
	const report = setting.report();
	rss.et.push((report.max_rss_bytes ?? 0) / MEBIBYTE);
	methods.add(report.measured_by.max_rss_bytes ?? "nothing");
	rss.time.push(setting.time(command.words).maxRssBytes / MEBIBYTE);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const verdict = (isWithin: boolean): string => (isWithin ? "within" : "OVER");

function cpuNote({ command, cpu }: Found): string {
	const differences = cpu.et.map((seconds, round) => Math.abs(seconds - (cpu.time[round] ?? 0)));
	const isWithin = differences.every(
		(difference, round) => difference < BOUNDS.cpuS + 1e-9 || difference <= BOUNDS.cpuShare * (cpu.time[round] ?? 0),
	);
	const most = Math.max(...differences);
	return `${command.name}: CPU differs by ${(1000 * most).toFixed(0)} ms at most: ${verdict(isWithin)} 2 % or 20 ms.`;
}

function rssNote({ command, rss, methods }: Found): string {
	const by = `(${[...methods].join("; ")})`;
	if (command.isTree) {
		const least = Math.min(...rss.et) / Math.max(...rss.time);
		return `${command.name} ${by}: the lowest peak is ${least.toFixed(2)} of the largest process's highest: ${verdict(least >= 1)} (at least 1).`;
	}
	const offMiB = Math.abs(median(rss.et) - median(rss.time));
	const off = offMiB / median(rss.time);
	const isWithin = off <= BOUNDS.rssShare || offMiB <= BOUNDS.rssMiB;
	return `${command.name} ${by}: the peak is off by ${percent(off)}, ${offMiB.toFixed(2)} MiB: ${verdict(isWithin)} 3 % or 0.25 MiB.`;
}

function pairs(name: string, { et, time }: { et: number[]; time: number[] }): Series[] {
	const base: Series = { name: `${name}: GNU time`, values: time };
	return [base, { name: `${name}: et run`, values: et, against: { series: base, bound: null } }];
}

function accuracy(setting: Setting, rounds: number, say: (line: string) => void) {
	const found = commands(setting.folder, SIZE).map(
		(command): Found => ({ command, cpu: { et: [], time: [] }, rss: { et: [], time: [] }, methods: new Set() }),
	);
	const random = randomSequence(5);
	for (let round = 0; round < rounds; round++) {
		say(`round ${round + 1} of ${rounds}`);
		for (const each of shuffled(found, random)) measure(setting, each);
	}
	return {
		sections: [
			{
				title: "User and system CPU of the same processes, by both",
				measured: found.flatMap(({ command, cpu }) => pairs(command.name, cpu).map((each) => summarise(each, "s"))),
			},
			{
				title: "Peak memory, interleaved (GNU time's is that of the largest process)",
				measured: found.flatMap(({ command, rss }) => pairs(command.name, rss).map((each) => summarise(each, "MiB"))),
			},
		],
		notes: [...found.map(cpuNote), ...found.map(rssNote)],
	};
}

/** Prints the seconds since the epoch, to the nanosecond. */
const CLOCK = ["date", "+%s.%N"] as const;
const MILLISECONDS = 1000;

/** What is waited for until a command runs, and for the whole of a command that does nothing. */
function start(setting: Setting, rounds: number) {
	const empty = join(setting.folder, "empty.mjs");
	const spawning = join(setting.folder, "spawning.mjs");
	writeFileSync(empty, "");
	writeFileSync(
		spawning,
		'import { spawn } from "node:child_process";\nspawn(process.argv[2], process.argv.slice(3), { stdio: "inherit" });\n',
	);
	const program = (command: readonly string[], ...words: string[]) => [process.execPath, ...words, ...command];
	const ways = [
		{ name: "bare node", of: () => program([], empty) },
		{ name: "bare node that starts a program", of: (command: readonly string[]) => program(command, spawning) },
		{ name: "et run, without a report", of: (command: readonly string[]) => setting.etRun(command, []) },
		{ name: "et run, reporting", of: (command: readonly string[]) => setting.etRun(command) },
	].map((way) => ({ ...way, whole: [] as number[], until: [] as number[] }));
	const random = randomSequence(6);
	for (let round = 0; round < rounds; round++) {
		for (const { of, whole, until } of shuffled(ways, random)) {
			whole.push(setting.run(of(["true"])));
			until.push(setting.untilStarted(of(CLOCK)));
		}
	}
	const [bare, ...others] = ways;
	const base: Series = { name: "bare node, an empty script, to its end", values: bare?.whole ?? [] };
	const against = { series: base, bound: null };
	const wholes = others.map(({ name, whole }): Series => ({ name: `${name}, to its end`, values: whole, against }));
	const untils = others.map(
		({ name, until }): Series => ({ name: `${name}, until that runs`, values: until, against }),
	);
	const overMs = median(others.at(-1)?.until ?? []) - median(base.values);
	return {
		sections: [
			{
				title: "A command that does nothing, interleaved",
				measured: [base, ...untils, ...wholes].map((each) => summarise(each, "ms")),
			},
		],
		notes: [
			`A command under et run begins ${overMs.toFixed(1)} ms after bare node ends: ${verdict(overMs <= BOUNDS.startMs)} ${BOUNDS.startMs} ms.`,
		],
	};
}

/** CPU time of et itself while a command goes on: what GNU time says of both, without what et says of the command. */
function long(setting: Setting, seconds: number, say: (line: string) => void) {
	const found = longCommands(setting.folder, seconds).map(({ name, words }) => {
		say(`${seconds} s ${name}`);
		const both = setting.time(setting.etRun(words));
		const own = both.cpuS - cpuOf(setting.report());
		return { name, own, share: own / both.wallS };
	});
	return {
		sections: [
			{
				title: `CPU time of et itself over a command that runs ${seconds} s`,
				measured: found.map(({ name, own }) => summarise({ name, values: [own] }, "s")),
			},
		],
		notes: found.map(
			({ name, share }) =>
				`${name}: ${percent(share)} of a core: ${verdict(share <= BOUNDS.longShare)} ${percent(BOUNDS.longShare)}.`,
		),
	};
}

function run(args: readonly string[], say: (line: string) => void): BenchResult {
	const { values } = parseArgs({
		args: [...args],
		options: { rounds: { type: "string" }, seconds: { type: "string" } },
	});
	if (!hasGnuTime()) return { sections: [], notes: ["Skipped: there is no GNU time here (package `time`)."] };
	const setting = new Setting();
	const parts = [
		accuracy(setting, Number(values.rounds ?? ROUNDS.commands), say),
		start(setting, Number(values.rounds ?? ROUNDS.start)),
		long(setting, Number(values.seconds ?? LONG_S), say),
	];
	return { sections: parts.flatMap(({ sections }) => sections), notes: parts.flatMap(({ notes }) => notes) };
}

export const measuredRun: Benchmark = {
	about: "what et run measures, against GNU time over the same commands, and what it costs them",
	usage: "--rounds N --seconds N",
	run: async (args, say) => run(args, say),
};
