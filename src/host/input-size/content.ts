/** What a file holds, by how it begins. Pure, but for zlib. */
import { BamCounter } from "./bam.js";
import { type Counter, FastaCounter, FastqCounter, LineCounter } from "./counter.js";
import type { Unit } from "./size.js";

/**
 * Compressed in a way that can't be looked into (bzip2, xz, zstd, zip, lz4, compress, CRAM): to count line feeds in it
 * would yield a number, and a wrong one.
 */
const CLOSED = ["BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "PK\x03\x04", '\x04"M\x18', "\x1f\x9d", "CRAM\x02", "CRAM\x03"];
const GZIP = "\x1f\x8b";
const BAM = "BAM\x01";
const MAGIC_BYTES = 6;

export type Packing = "none" | "gzip" | "closed";

const beginning = (bytes: Buffer): string => bytes.toString("latin1", 0, MAGIC_BYTES);

export function packingOf(bytes: Buffer): Packing {
	const text = beginning(bytes);
	if (text.startsWith(GZIP)) return "gzip";
	return CLOSED.some((magic) => text.startsWith(magic)) ? "closed" : "none";
}

/** What counts a unit in content that begins so; null where it is not of the unit's format. */
export function counterFor(unit: Exclude<Unit, "bytes">, bytes: Buffer): Counter | null {
	const text = beginning(bytes);
	// What is packed twice is not unpacked twice.
	if (packingOf(bytes) !== "none") return null;
	if (text.startsWith(BAM)) return unit === "reads" ? new BamCounter() : null;
	if (unit === "lines" || text === "") return new LineCounter();
	if (text.startsWith("@")) return new FastqCounter();
	return text.startsWith(">") ? new FastaCounter() : null;
}

export interface Inflated {
	content: Buffer;
	/** How many bytes it was made from: all that were given, where that was not too much. */
	from: number;
}

/** No more is inflated at once: a few bytes may become many. */
const MOST_INFLATED_BYTES = 4 * 1024 * 1024;
/** So much can't become more than that, at deflate's most of 1 to 1032. */
const SAFE_BYTES = 4000;

function inflate(bytes: Buffer, isCutOff: boolean): Buffer {
	const { constants, gunzipSync } = process.getBuiltinModule("node:zlib");
	const finishFlush = isCutOff ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
	return gunzipSync(bytes, { finishFlush, maxOutputLength: MOST_INFLATED_BYTES });
}

const isTooMuch = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";

/**
 * Inflates the beginning of a gzip'd file, of which it may be the whole; several members are one content.
 *
 * @throws zlib's error where the file is damaged, or cut off
 */
export function inflatedBeginning(bytes: Buffer, isWhole: boolean): Inflated {
	try {
		return { content: inflate(bytes, !isWhole), from: bytes.length };
	} catch (error) {
		if (!isTooMuch(error)) throw error;
		const few = bytes.subarray(0, SAFE_BYTES);
		return { content: inflate(few, true), from: few.length };
	}
}
