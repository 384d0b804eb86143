/**
 * How big an input is, in a unit that means something: counted from the file, which is read once more for that, or
 * estimated from a part of it. Its name is not kept.
 *
 * Only ordinary files are opened: to read a pipe would take from the script what is meant for it. Nothing here throws:
 * what is missing, unreadable, cut off, or not of the unit's format is unknown.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { countByIndex } from "./bam-index.js";
import { counterFor, type Inflated, inflatedBeginning, packingOf } from "./content.js";
import type { Counter } from "./counter.js";
import { estimateFromBeginning, estimateFromWindows } from "./estimate.js";
import { type Size, UNKNOWN_SIZE, type Unit } from "./size.js";

/** Files of up to so many bytes are counted to their end; bigger ones are estimated. */
export interface Budget {
	plainBytes: number;
	/** As they lie on the disk. Inflating takes ten times as long as counting. */
	compressedBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** While a command runs: about a second of CPU time. */
const BESIDE_A_COMMAND: Budget = { plainBytes: 1024 * MEBIBYTE, compressedBytes: 64 * MEBIBYTE };
/** While a script waits: some 20 ms. */
export const AT_ONCE: Budget = { plainBytes: 16 * MEBIBYTE, compressedBytes: 0 };
export const NO_BUDGET: Budget = { plainBytes: Number.POSITIVE_INFINITY, compressedBytes: Number.POSITIVE_INFINITY };

/** So much is read at first, and at a time; what is not bigger is counted at once. */
const PIECE_BYTES = MEBIBYTE;
const FIRST_COMPRESSED_BYTES = 128 * 1024;

type CountedUnit = Exclude<Unit, "bytes">;

/** What a first look told. */
interface Look {
	size: Size;
	/** Counts the file from its beginning; null where the size is final. */
	rest: { counter: Counter; isCompressed: boolean } | null;
}

const final = (size: Size): Look => ({ size, rest: null });

function counted(counter: Counter): Size {
	const size = counter.count();
	return size === null ? UNKNOWN_SIZE : { size, measuredBy: "counted" };
}

function readAt(descriptor: number, buffer: Buffer, position: number): Buffer {
	let filled = 0;
	while (filled < buffer.length) {
		const count = readSync(descriptor, buffer, filled, buffer.length - filled, position + filled);
		if (count === 0) break;
		filled += count;
	}
	return buffer.subarray(0, filled);
}

/** An open file, as a first look finds it. */
class Input {
	constructor(
		private readonly path: string,
		readonly descriptor: number,
		private readonly stat: Stats,
		private readonly unit: CountedUnit,
		private readonly budget: Budget,
	) {}

	look(): Look {
		const first = readAt(this.descriptor, Buffer.allocUnsafe(PIECE_BYTES), 0);
		const packing = packingOf(first);
		if (packing === "closed") return final(UNKNOWN_SIZE);
		return packing === "gzip" ? this.lookIntoGzip(first) : this.lookIntoPlain(first);
	}

	private lookIntoPlain(first: Buffer): Look {
		const counter = counterFor(this.unit, first);
		if (counter === null) return final(UNKNOWN_SIZE);
		counter.add(first);
		if (first.length < PIECE_BYTES) return final(counted(counter));
		if (this.stat.size > this.budget.plainBytes) {
			return final(estimateFromWindows(this.descriptor, this.stat.size, counter, first));
		}
		return this.goOn(first, estimateFromBeginning(counter.sample(), this.stat.size), false);
	}

	private lookIntoGzip(read: Buffer): Look {
		const isWhole = read.length <= FIRST_COMPRESSED_BYTES;
		const first = inflatedBeginning(read.subarray(0, FIRST_COMPRESSED_BYTES), isWhole);
		const counter = counterFor(this.unit, first.content);
		if (counter === null) return final(UNKNOWN_SIZE);
		const byIndex = this.isBam(first) ? countByIndex(this.path, this.stat.mtimeMs) : null;
		if (byIndex !== null) return final({ size: byIndex, measuredBy: "index" });
		counter.add(first.content);
		if (isWhole && first.from === read.length) return final(counted(counter));
		const contentBytes = this.stat.size * (first.content.length / first.from);
		const estimate = estimateFromBeginning(counter.sample(), contentBytes);
		return this.stat.size > this.budget.compressedBytes ? final(estimate) : this.goOn(first.content, estimate, true);
	}

	private isBam({ content }: Inflated): boolean {
		return this.unit === "reads" && content.toString("latin1", 0, 3) === "BAM";
	}

	private goOn(beginning: Buffer, estimate: Size, isCompressed: boolean): Look {
		const counter = counterFor(this.unit, beginning);
		return counter === null ? final(UNKNOWN_SIZE) : { size: estimate, rest: { counter, isCompressed } };
	}
}

/** Opens an ordinary file, and nothing else; waits for nothing. @throws the system's error */
function openInput(path: string, unit: CountedUnit, budget: Budget): Input | null {
	if (!statSync(path).isFile()) return null;
	const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
	const stat = fstatSync(descriptor);
	if (stat.isFile()) return new Input(path, descriptor, stat, unit, budget);
	closeSync(descriptor);
	return null;
}

function fileBytes(path: string): Size {
	const stat = statSync(path);
	return stat.isFile() ? { size: stat.size, measuredBy: "stat" } : UNKNOWN_SIZE;
}

/** What there is to do behind the first look, with the file still open for it. */
interface Opened {
	look: Look;
	descriptor: number;
}

/** @throws the system's error, or zlib's */
function openAndLook(path: string, unit: CountedUnit, budget: Budget): Opened | null {
	const input = openInput(path, unit, budget);
	if (input === null) return null;
	let look: Look | undefined;
	try {
		look = input.look();
	} finally {
		if (look === undefined || look.rest === null) closeSync(input.descriptor);
	}
	return { look, descriptor: input.descriptor };
}

/** Counts what is not compressed while the caller waits; closes the file. */
function countNow(descriptor: number, counter: Counter): Size {
	try {
		const buffer = Buffer.allocUnsafe(PIECE_BYTES);
		for (let at = 0; ; ) {
			const piece = readAt(descriptor, buffer, at);
			if (piece.length === 0) return counted(counter);
			counter.add(piece);
			at += piece.length;
		}
	} finally {
		closeSync(descriptor);
	}
}

/** Counts while other things happen; closes the file. @returns the size, once it is known */
async function countOn(descriptor: number, counter: Counter, isCompressed: boolean): Promise<Size> {
	const file = createReadStream("", { fd: descriptor, start: 0, highWaterMark: PIECE_BYTES });
	const closed = new Promise<void>((resolve) => file.on("close", resolve));
	const size = await new Promise<Size>((resolve) => {
		// What can't be read on, or inflated, is unknown.
		const stop = () => {
			file.destroy();
			resolve(UNKNOWN_SIZE);
		};
		file.on("error", stop);
		const gunzip = isCompressed ? process.getBuiltinModule("node:zlib").createGunzip() : null;
		const content = gunzip === null ? file : file.pipe(gunzip).on("error", stop);
		content.on("data", (bytes: Uint8Array) => counter.add(bytes));
		content.on("end", () => resolve(counted(counter)));
	});
	await closed;
	return size;
}

/** A file's size, found while the caller waits: what is small is counted, the rest is estimated. Never throws. */
export function sizeNow(path: string, unit: Unit): Size {
	try {
		if (unit === "bytes") return fileBytes(path);
		const opened = openAndLook(path, unit, AT_ONCE);
		if (opened === null) return UNKNOWN_SIZE;
		const { size, rest } = opened.look;
		return rest === null ? size : countNow(opened.descriptor, rest.counter);
	} catch {
		return UNKNOWN_SIZE;
	}
}

/** A size that becomes better known. */
export interface Measuring {
	/** As far as it is known: an estimate, perhaps, while the count is not done. */
	size(): Size;
	/** When it is final. */
	done: Promise<Size>;
}

/** Begins to find out a file's size, and counts on while the process does other things. Never throws. */
export function measureInput(path: string, unit: Unit, budget: Budget = BESIDE_A_COMMAND): Measuring {
	let size = UNKNOWN_SIZE;
	let done: Promise<Size> | undefined;
	try {
		const opened = unit === "bytes" ? null : openAndLook(path, unit, budget);
		size = unit === "bytes" ? fileBytes(path) : (opened?.look.size ?? UNKNOWN_SIZE);
		if (opened?.look.rest) {
			const { counter, isCompressed } = opened.look.rest;
			done = countOn(opened.descriptor, counter, isCompressed).then((final) => {
				size = final;
				return final;
			});
		}
	} catch {
		size = UNKNOWN_SIZE;
	}
	return { size: () => size, done: done ?? Promise.resolve(size) };
}
