/** A size, the unit that it is in, and how it was found. */

export const UNITS = ["bytes", "lines", "reads", "records"] as const;
/**
 * - `bytes`: of the file as it lies there
 * - `lines` end with a line feed, or with the file
 * - `reads` and `records`: of FASTQ or FASTA, whichever the file holds; `reads` also a BAM file's, each of its
 *   alignments (secondary and supplementary ones, too), as `samtools idxstats` counts them
 *
 * What is gzip'd is inflated for all but bytes.
 */
export type Unit = (typeof UNITS)[number];

export function isUnit(text: string): text is Unit {
	return UNITS.includes(text as Unit);
}

/**
 * How a size was found: from the file system, by reading all of the file, from a BAM file's index, or from a part of
 * the file. Sums name what is least exact in them.
 */
const METHODS = ["stat", "index", "counted", "estimated"] as const;
export type SizeMethod = (typeof METHODS)[number];

export interface Size {
	/** Null where it is not known. */
	size: number | null;
	/** Null where there is no size. */
	measuredBy: SizeMethod | null;
}

export const UNKNOWN_SIZE: Size = { size: null, measuredBy: null };

const leastExact = (one: SizeMethod, other: SizeMethod): SizeMethod =>
	METHODS.indexOf(one) > METHODS.indexOf(other) ? one : other;

/** Several together: not known where one is not, and an estimate where one is. */
export function sumOf(sizes: readonly Size[]): Size {
	let [total, method]: [number, SizeMethod] = [0, "stat"];
	for (const { size, measuredBy } of sizes) {
		if (size === null || measuredBy === null) return UNKNOWN_SIZE;
		total += size;
		method = leastExact(method, measuredBy);
	}
	return sizes.length === 0 ? UNKNOWN_SIZE : { size: total, measuredBy: method };
}
