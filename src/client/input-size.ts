/** `inputSize()` and `countInput()` as a script has them at hand: what it takes to measure is loaded when they are called. */
import { countOfFiles, type InputFile, type InputSize, type InputUnit, sizeOfFiles } from "./measured-size.js";

const unknownSize = (unit: InputUnit): InputSize => ({ unit, size: null, measuredBy: null });

/**
 * How big a file is, or several together, found in some 20 ms a file: what is small is counted, of what is big the size
 * is estimated from a part, and `measuredBy` says so. docs/inputs.md tells how big, and how close estimates are.
 *
 * Synchronous. Never throws: what is missing, unreadable, no ordinary file, or not of the unit's format is unknown
 * (`null`), and so is a sum of which a part is.
 *
 * @param unit `bytes`; `lines`; `reads` (FASTQ, FASTA or BAM) or `records` (FASTA or FASTQ), gzip'd or not
 * @example
 * run.prelim({ inputs: { pairs: inputSize(["1.fq.gz", "2.fq.gz"], "reads") } });
 */
export function inputSize(files: InputFile | readonly InputFile[], unit: InputUnit): InputSize {
	try {
		return sizeOfFiles(files, unit);
	} catch {
		return unknownSize(unit);
	}
}

/**
 * The same, counted to the end while the script does other things, however big the files are. Never rejects.
 *
 * @example
 * const pairs = countInput("pairs.fq.gz", "reads");
 * // the work
 * run.end({ inputs: { pairs: await pairs } });
 */
export async function countInput(files: InputFile | readonly InputFile[], unit: InputUnit): Promise<InputSize> {
	try {
		return await countOfFiles(files, unit);
	} catch {
		return unknownSize(unit);
	}
}
