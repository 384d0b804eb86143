/** What it costs to know how big an input is, and how close estimates are. */
import { appendFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { type Budget, measureInput, NO_BUDGET, sizeNow } from "../../src/host/input-size/measure.js";
import type { Unit } from "../../src/host/input-size/size.js";
import { randomSequence } from "../../tools/random.js";
import { openStage } from "../../tools/stage.js";
import { type Benchmark, type BenchResult, type Measured, type Series, summarise } from "./result.js";

const ROUNDS = 9;
const MEBIBYTE = 1024 * 1024;
const FILE_BYTES = 256 * MEBIBYTE;
const READ_BASES = 100;
/** Reads that are made up; the file holds them again and again. */
const READS = 20_000;
const NANOSECONDS = 1e6;

function reads(random: () => number): string {
	const letters = (alphabet: string): string =>
		Array.from({ length: READ_BASES }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
	const each = Array.from(
		{ length: READS },
		(_, index) => `@r:${index}\n${letters("ACGT")}\n+\n${letters("FFFFFF:,#")}\n`,
	);
	return each.join("");
}

/** A FASTQ file, and as much of it gzip'd, in members. @returns their paths, and how many reads each holds */
function files(folder: string): { plain: string; packed: string; held: number } {
	mkdirSync(folder, { recursive: true });
	const text = Buffer.from(reads(randomSequence(5)));
	const [plain, packed] = [join(folder, "reads.fq"), join(folder, "reads.fq.gz")];
	const [member, times] = [gzipSync(text), Math.ceil(FILE_BYTES / text.length)];
	writeFileSync(plain, "");
	writeFileSync(packed, "");
	for (let index = 0; index < times; index++) {
		appendFileSync(plain, text);
		appendFileSync(packed, member);
	}
	return { plain, packed, held: times * READS };
}

/** Milliseconds of CPU time, which other programs on the machine add less to. */
async function cpuMs(work: () => unknown): Promise<number> {
	const before = process.cpuUsage();
	await work();
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

async function wallMs(work: () => unknown): Promise<number> {
	const begun = process.hrtime.bigint();
	await work();
	return Number(process.hrtime.bigint() - begun) / NANOSECONDS;
}

async function series(name: string, rounds: number, time: () => Promise<number>): Promise<Series> {
	const values: number[] = [];
	for (let round = 0; round < rounds; round++) values.push(await time());
	return { name, values };
}

const NOTHING: Budget = { plainBytes: 0, compressedBytes: 0 };

async function run(args: readonly string[]): Promise<BenchResult> {
	const { values } = parseArgs({ args: [...args], options: { rounds: { type: "string" } } });
	const rounds = Number(values.rounds ?? ROUNDS);
	const { plain, packed, held } = files(openStage("bench").folder);
	const counting = (path: string, unit: Unit) => () => cpuMs(() => measureInput(path, unit, NO_BUDGET).done);
	const looking = (path: string, unit: Unit) => () => wallMs(() => sizeNow(path, unit));
	const looks: Series[] = [
		await series("bytes", rounds, looking(plain, "bytes")),
		await series("reads, estimated from 16 places", rounds, looking(plain, "reads")),
		await series("reads, estimated from 128 KiB of gzip", rounds, looking(packed, "reads")),
		await series("the same, and nothing is counted", rounds, () =>
			wallMs(() => measureInput(packed, "reads", NOTHING)),
		),
	];
	const counts: Series[] = [
		await series("lines", rounds, counting(plain, "lines")),
		await series("reads", rounds, counting(plain, "reads")),
		await series("reads, gzip'd", rounds, counting(packed, "reads")),
	];
	const sizes = [statSync(plain).size, statSync(plain).size, statSync(packed).size];
	const rate = (each: Series, index: number): Measured => {
		const mebibytes = (sizes[index] ?? 0) / MEBIBYTE;
		return summarise(
			{ name: each.name, values: each.values.map((ms) => mebibytes / (ms / 1000)) },
			"MiB/s of CPU time",
		);
	};
	const off = (path: string): string => (((sizeNow(path, "reads").size ?? Number.NaN) / held - 1) * 100).toFixed(2);
	return {
		sections: [
			{ title: "While a script waits", measured: looks.map((each) => summarise(each, "ms")) },
			{ title: "Counted to the end, of the file as it lies there", measured: counts.map(rate) },
		],
		notes: [
			`${Math.round((sizes[0] ?? 0) / MEBIBYTE)} MiB of FASTQ, ${Math.round((sizes[2] ?? 0) / MEBIBYTE)} MiB gzip'd, in the page cache.`,
			`The estimates are off by ${off(plain)} % and, gzip'd, by ${off(packed)} %.`,
		],
	};
}

export const inputs: Benchmark = {
	about: "what it costs to know how big an input is, and how close estimates are",
	usage: "--rounds N",
	run,
};
