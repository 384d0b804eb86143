/**
 * How big an input is, in a unit that means something: counted from the file, which is read once more
 * for it. Its name is not kept.
 *
 * The file is opened before the command starts, which may remove or replace it. Only ordinary files
 * are: to read a pipe would take from the command what is meant for it.
 */
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import type { Transform } from "node:stream";

export const UNITS = ["bytes", "lines", "reads", "records"] as const;
/** `lines` end with a line feed, or with the file; `reads` are FASTQ's, `records` FASTA's. Compressed files are inflated for all but bytes. */
export type Unit = (typeof UNITS)[number];

export function isUnit(text: string): text is Unit {
	return UNITS.includes(text as Unit);
}

const LINE_FEED = 0x0a;
const AT_SIGN = 0x40;
const GREATER_THAN = 0x3e;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
const LINES_A_READ = 4;

export interface InputSize {
	/** The size so far as it is known: null while the count is not done, and where the file is not of the unit's format. */
	size(): number | null;
}

const UNKNOWN: InputSize = { size: () => null };

/** Counts in what it is given, a piece after another. */
interface Counter extends InputSize {
	add(bytes: Uint8Array): void;
}

class LineCounter implements Counter {
	protected first: number | undefined;
	private last = LINE_FEED;
	private feeds = 0;

	add(bytes: Uint8Array): void {
		if (bytes.length === 0) return;
		this.first ??= bytes[0];
		this.last = bytes[bytes.length - 1] ?? LINE_FEED;
		for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) this.feeds++;
	}

	size(): number | null {
		return this.last === LINE_FEED ? this.feeds : this.feeds + 1;
	}
}

/** FASTQ with four lines a read, as every sequencer writes it. */
class ReadCounter extends LineCounter {
	override size(): number | null {
		const lines = super.size() ?? 0;
		const isFastq = lines === 0 || (this.first === AT_SIGN && lines % LINES_A_READ === 0);
		return isFastq ? lines / LINES_A_READ : null;
	}
}

/** FASTA: lines that begin with ">". */
class RecordCounter implements Counter {
	private first: number | undefined;
	private last = LINE_FEED;
	private records = 0;

	add(bytes: Uint8Array): void {
		this.first ??= bytes[0];
		for (let at = bytes.indexOf(GREATER_THAN); at !== -1; at = bytes.indexOf(GREATER_THAN, at + 1)) {
			if ((at === 0 ? this.last : bytes[at - 1]) === LINE_FEED) this.records++;
		}
		this.last = bytes[bytes.length - 1] ?? this.last;
	}

	size(): number | null {
		return this.first === undefined || this.first === GREATER_THAN ? this.records : null;
	}
}

const COUNTERS: Readonly<Record<Exclude<Unit, "bytes">, () => Counter>> = {
	lines: () => new LineCounter(),
	reads: () => new ReadCounter(),
	records: () => new RecordCounter(),
};

/** So much is read before the command starts; a bigger file is counted while it runs. */
const FIRST_BYTES = 1024 * 1024;
/** Inflating takes ten times as long as counting. */
const FIRST_COMPRESSED_BYTES = 128 * 1024;
const MOST_INFLATED_BYTES = 4 * 1024 * 1024;

function readFirst(descriptor: number, most: number): Buffer {
	const buffer = Buffer.allocUnsafe(most);
	let filled = 0;
	while (filled < most) {
		const count = readSync(descriptor, buffer, filled, most - filled, filled);
		if (count === 0) break;
		filled += count;
	}
	return buffer.subarray(0, filled);
}

/** A small compressed file's content; null where it is not small. */
function inflated(bytes: Buffer): Buffer | null {
	if (bytes.length > FIRST_COMPRESSED_BYTES) return null;
	try {
		return process.getBuiltinModule("node:zlib").gunzipSync(bytes, { maxOutputLength: MOST_INFLATED_BYTES });
	} catch {
		return null;
	}
}

/** What fits into the first look is counted at once; the rest in its own time. */
function countFile(descriptor: number, unit: Exclude<Unit, "bytes">): InputSize {
	const counter = COUNTERS[unit]();
	const first = readFirst(descriptor, FIRST_BYTES);
	const isCompressed = GZIP_MAGIC.every((byte, index) => first[index] === byte);
	const content = isCompressed ? inflated(first) : first;
	if (content === null) return countOn(descriptor, 0, counter, process.getBuiltinModule("node:zlib").createGunzip());
	counter.add(content);
	if (!isCompressed && first.length === FIRST_BYTES) return countOn(descriptor, first.length, counter);
	closeSync(descriptor);
	return counter;
}

/** Counts from `start` to the file's end while other things happen; closes the file. */
function countOn(descriptor: number, start: number, counter: Counter, inflater?: Transform): InputSize {
	let isDone = false;
	const file = createReadStream("", { fd: descriptor, start, highWaterMark: FIRST_BYTES });
	// A file that can't be read on, or inflated, stays unknown.
	const stop = () => file.destroy();
	file.on("error", stop);
	const content = inflater === undefined ? file : file.pipe(inflater).on("error", stop);
	content.on("data", (bytes: Uint8Array) => counter.add(bytes));
	content.on("end", () => {
		isDone = true;
	});
	return { size: () => (isDone ? counter.size() : null) };
}

/**
 * Begins to find out a file's size, and counts on while the process does other things.
 *
 * Never throws: what is missing, unreadable, not an ordinary file, or not of the unit's format is unknown.
 */
export function measureInput(path: string, unit: Unit): InputSize {
	try {
		const stat = statSync(path);
		if (!stat.isFile()) return UNKNOWN;
		if (unit === "bytes") return { size: () => stat.size };
		return countFile(openSync(path, "r"), unit);
	} catch {
		return UNKNOWN;
	}
}
