/**
 * How many alignments a BAM file holds, by its index, as `samtools idxstats` tells it: the counts stand in a bin of
 * their own for each reference, behind them those without a place (SAMv1, section 5.2; CSIv1).
 *
 * The index is read whole, and nothing of the BAM file: 9 MB for a human genome, and no program is needed.
 */
import { readFileSync, statSync } from "node:fs";

/** `samtools sort --write-index` closes the index before the file, and may have much to flush. */
const MOST_OLDER_MS = 10_000;
const MOST_INDEX_BYTES = 64 * 1024 * 1024;
const BAI = "BAI\x01";
const CSI = "CSI\x01";
/** A BAI's bins have this depth, a CSI's the one that it names. */
const BAI_DEPTH = 5;
const CHUNK_BYTES = 16;
const INTERVAL_BYTES = 8;
const LOFFSET_BYTES = 8;

/** Reads integers, least byte first. @throws RangeError behind the end */
class Reader {
	private at = 0;
	private readonly view: DataView;

	constructor(private readonly bytes: Buffer) {
		this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	}

	get isAtEnd(): boolean {
		return this.at >= this.view.byteLength;
	}

	text(length: number): string {
		this.at += length;
		return this.bytes.toString("latin1", this.at - length, this.at);
	}

	skip(length: number): void {
		this.at += length;
	}

	int(): number {
		this.at += 4;
		return this.view.getInt32(this.at - 4, true);
	}

	long(): number {
		this.at += 8;
		return Number(this.view.getBigUint64(this.at - 8, true));
	}
}

/** One reference's alignments; null where its bins hold no counts. */
function ofReference(reader: Reader, countsBin: number, isCsi: boolean): number | null {
	const bins = reader.int();
	let counted = bins === 0 ? 0 : null;
	for (let bin = 0; bin < bins; bin++) {
		const isCounts = reader.int() === countsBin;
		if (isCsi) reader.skip(LOFFSET_BYTES);
		const chunks = reader.int();
		if (isCounts) {
			reader.skip(CHUNK_BYTES);
			counted = reader.long() + reader.long();
		} else reader.skip(chunks * CHUNK_BYTES);
	}
	if (!isCsi) reader.skip(reader.int() * INTERVAL_BYTES);
	return counted;
}

function depthOf(reader: Reader): number {
	reader.int();
	const depth = reader.int();
	reader.skip(reader.int());
	return depth;
}

/** @returns null where this is no such index, or one that holds no counts. @throws RangeError where it is cut off */
export function countInIndex(bytes: Buffer): number | null {
	const reader = new Reader(bytes);
	const magic = reader.text(BAI.length);
	if (magic !== BAI && magic !== CSI) return null;
	const isCsi = magic === CSI;
	const depth = isCsi ? depthOf(reader) : BAI_DEPTH;
	const countsBin = (8 ** (depth + 1) - 1) / 7 + 1;
	let total = 0;
	for (let references = reader.int(); references > 0; references--) {
		const count = ofReference(reader, countsBin, isCsi);
		if (count === null) return null;
		total += count;
	}
	return reader.isAtEnd ? total : total + reader.long();
}

function readIndex(path: string, notBeforeMs: number): Buffer | null {
	const stat = statSync(path, { throwIfNoEntry: false });
	if (stat === undefined || !stat.isFile() || stat.size > MOST_INDEX_BYTES) return null;
	if (stat.mtimeMs < notBeforeMs) return null;
	const bytes = readFileSync(path);
	if (bytes[0] !== 0x1f) return bytes;
	return process.getBuiltinModule("node:zlib").gunzipSync(bytes, { maxOutputLength: MOST_INDEX_BYTES });
}

/**
 * By the index beside a BAM file, under the names that samtools looks for. One that is older than the file by more than
 * seconds may tell of another, and is left alone. Never throws.
 *
 * @param modifiedMs when the BAM file was last changed
 */
export function countByIndex(path: string, modifiedMs: number): number | null {
	for (const name of [`${path}.csi`, `${path}.bai`, path.replace(/\.bam$/, ".bai"), path.replace(/\.bam$/, ".csi")]) {
		if (name === path) continue;
		try {
			const bytes = readIndex(name, modifiedMs - MOST_OLDER_MS);
			const count = bytes === null ? null : countInIndex(bytes);
			if (count !== null) return count;
		} catch {
			// What can't be read, or is cut off, tells nothing.
		}
	}
	return null;
}
