/** A file's size from a part of it. */
import { readSync } from "node:fs";
import { type Counter, FastaCounter, FastqCounter, type Sample } from "./counter.js";
import { type Size, UNKNOWN_SIZE } from "./size.js";

/** With fewer units in the sample, chance says more than the file. */
const LEAST_UNITS = 20;
/** More digits would look exact. */
const DIGITS = 3;

function estimated(units: number, share: number): Size {
	const size = units / share;
	if (units < LEAST_UNITS || !Number.isFinite(size)) return UNKNOWN_SIZE;
	return { size: Number(size.toPrecision(DIGITS)), measuredBy: "estimated" };
}

/** As if the file went on as it begins. @param contentBytes of the whole file, inflated */
export function estimateFromBeginning(sample: Sample | null, contentBytes: number): Size {
	if (sample === null || sample.to === sample.from || contentBytes < sample.to) return UNKNOWN_SIZE;
	return estimated(sample.units, (sample.to - sample.from) / (contentBytes - sample.from));
}

const WINDOWS = 16;
const WINDOW_BYTES = 64 * 1024;

function occurrences(bytes: Buffer, mark: string): number {
	let count = 0;
	for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) count++;
	return count;
}

/**
 * From windows over the whole of a file that is not compressed: a genome's long sequences stand first. Where reads
 * begin can't be told in the middle of FASTQ, so their lines are counted there, and lines a read at the beginning.
 *
 * @param counter has counted in `beginning`
 * @throws the system's error
 */
export function estimateFromWindows(descriptor: number, fileBytes: number, counter: Counter, beginning: Buffer): Size {
	const sample = counter.sample();
	if (sample === null) return UNKNOWN_SIZE;
	const mark = counter instanceof FastaCounter ? "\n>" : "\n";
	const isFastq = counter instanceof FastqCounter;
	const marksEach = isFastq ? occurrences(beginning.subarray(sample.from, sample.to), mark) / sample.units : 1;
	const window = Buffer.allocUnsafe(WINDOW_BYTES);
	const stride = (fileBytes - WINDOW_BYTES) / (WINDOWS - 1);
	let [marks, bytes] = [0, 0];
	for (let index = 0; index < WINDOWS; index++) {
		const count = readSync(descriptor, window, 0, WINDOW_BYTES, Math.floor(index * stride));
		marks += occurrences(window.subarray(0, count), mark);
		bytes += count;
	}
	return estimated(marks / marksEach, bytes / fileBytes);
}
