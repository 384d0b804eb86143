/** What a benchmark has found, as a table for people or as a document for programs. */
import { statfsSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { type Interval, median, quantile, ratioOfMedians } from "./statistics.js";

/** One thing that was measured. */
export interface Measured {
	name: string;
	unit: string;
	/** How often. */
	n: number;
	median: number;
	/** Quartiles. */
	low: number;
	high: number;
	/** Against what, and what must not be exceeded (or, for a rate, gone below). */
	ratio?: Ratio;
	/** What the median must not exceed. */
	most?: number;
}

export interface Ratio extends Interval {
	to: string;
	/** The most that it may be (of a rate, the least); null where there is no bound. */
	bound: number | null;
	isRate: boolean;
}

export interface BenchResult {
	/** What was measured in the same rounds stands in one section. */
	sections: { title: string; measured: Measured[] }[];
	/** What a reader has to know. */
	notes: string[];
}

export interface Benchmark {
	/** One line. */
	about: string;
	/** Its own options, as help prints them. */
	usage: string;
	run(args: readonly string[], say: (line: string) => void): Promise<BenchResult>;
}

/** Values of one thing over the rounds. */
export interface Series {
	name: string;
	values: readonly number[];
	/** The series that it is set against. */
	against?: { series: Series; bound: number | null; isRate?: boolean };
	/** What the median must not exceed, in the unit of the values. */
	most?: number;
}

export function summarise({ name, values, against, most }: Series, unit: string): Measured {
	const measured = {
		name,
		unit,
		n: values.length,
		median: median(values),
		low: quantile(values, 0.25),
		high: quantile(values, 0.75),
		...(most === undefined ? {} : { most }),
	};
	if (against === undefined) return measured;
	const { series, bound, isRate = false } = against;
	return { ...measured, ratio: { ...ratioOfMedians(values, series.values), to: series.name, bound, isRate } };
}

/** Magic numbers of file systems, as statfs(2) has them. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
	61267: "ext4",
	1481003842: "xfs",
	2435016766: "btrfs",
	16914836: "tmpfs",
	2035054128: "overlayfs",
	26985: "nfs",
	801189825: "zfs",
};

/** The machine that a result is true for. */
export function machineFacts(folder: string) {
	const { type } = statfsSync(folder);
	return {
		node: process.version,
		platform: `${process.platform} ${process.arch}, ${release()}`,
		cpu: cpus()[0]?.model.trim() ?? "unknown",
		cores: availableParallelism(),
		memoryGiB: Math.round(totalmem() / 2 ** 30),
		nodeVariables: Object.keys(process.env).filter((name) => name.startsWith("NODE_")),
		fileSystem: FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`,
	};
}

const MIN_NAME_WIDTH = 34;

function figure(value: number): string {
	const digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
	return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function verdict({ value, bound, isRate }: Ratio): string {
	if (bound === null) return "";
	if (isRate) return value >= bound ? `  at least ${bound}` : `  BELOW ${bound}`;
	return value <= bound ? `  within ${bound}` : `  OVER ${bound}`;
}

function line(measured: Measured, width: number): string {
	const { name, unit, median: middle, low, high, ratio } = measured;
	const text = `  ${name.padEnd(width)} ${figure(middle).padStart(9)} ${unit}`;
	const limit =
		measured.most === undefined ? "" : `  ${middle <= measured.most ? "within" : "OVER"} ${measured.most} ${unit}`;
	const spread = (measured.n > 1 ? `  (${figure(low)} to ${figure(high)}, n ${measured.n})` : "") + limit;
	if (ratio === undefined) return text + spread;
	const between = ratio.low === ratio.high ? "" : ` [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}]`;
	return `${text}${spread}\n  ${"".padEnd(width)} ${ratio.value.toFixed(3).padStart(9)} x ${ratio.to}${between}${verdict(ratio)}`;
}

/** The result as text: medians, quartiles, and ratios with their 95 % intervals. */
export function resultText({ sections, notes }: BenchResult): string {
	const blocks = sections.map(({ title, measured }) => {
		const width = Math.max(MIN_NAME_WIDTH, ...measured.map(({ name }) => name.length));
		return [title, ...measured.map((each) => line(each, width))].join("\n");
	});
	return [...blocks, notes.join("\n")].filter((block) => block !== "").join("\n\n");
}
