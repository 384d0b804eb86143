/** JSON lines that only ever grow: one file a writer, so that no two share one; all are merged when read. */
import {
	closeSync,
	fstatSync,
	fsyncSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	statSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import { FILE_MODE, makeFolder, syncFolder } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";

const SUFFIX = ".jsonl";
const PART_DIGITS = 4;

/** Names the files of one writer: host, process and the moment it began. */
export function writerName(host: string, pid: number, startMs: number): string {
	return `${String(startMs).padStart(13, "0")}-${host}-${pid}`;
}

/** Appends lines to files of its own. */
export class LineFile {
	private descriptor: number | null = null;
	private size = 0;
	private part = 0;

	/** @param maxBytes a file that is larger is closed, and the next one begun */
	constructor(
		private readonly folder: string,
		private readonly writer: string,
		private readonly maxBytes = Number.POSITIVE_INFINITY,
	) {}

	/**
	 * @param durable whether the lines have to be on disk when this returns; without, a power failure may cost them
	 * @throws the system's error; then no line counts as written
	 */
	append(lines: readonly object[], durable = true): void {
		if (lines.length === 0) return;
		const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
		try {
			// A file out of which lines were taken is another one since: these belong there.
			while (!this.write(bytes, durable)) this.close();
		} catch (error) {
			// Half a line may stand there: the next one begins in a file of its own.
			this.close();
			throw error;
		}
		if (this.size >= this.maxBytes) this.close();
	}

	close(): void {
		if (this.descriptor !== null) closeSync(this.descriptor);
		this.descriptor = null;
	}

	/** @returns whether the file still stands in its folder */
	private write(bytes: Buffer, durable: boolean): boolean {
		const descriptor = this.opened();
		let written = 0;
		while (written < bytes.length) written += writeSync(descriptor, bytes, written);
		if (durable) fsyncSync(descriptor);
		this.size += bytes.length;
		return fstatSync(descriptor).nlink > 0;
	}

	private opened(): number {
		if (this.descriptor === null) {
			makeFolder(this.folder);
			const name = `${this.writer}-${String(this.part++).padStart(PART_DIGITS, "0")}${SUFFIX}`;
			this.descriptor = openSync(join(this.folder, name), "a", FILE_MODE);
			this.size = 0;
		}
		return this.descriptor;
	}
}

/** The line files of a folder, oldest first. Never throws. */
export function lineFiles(folder: string): string[] {
	try {
		return readdirSync(folder)
			.filter((name) => name.endsWith(SUFFIX))
			.sort();
	} catch {
		return [];
	}
}

/** Keeps a folder's files to so many bytes: the oldest go. Never throws. */
export function pruneLines(folder: string, most: number): void {
	let total = 0;
	for (const name of lineFiles(folder).reverse()) {
		try {
			const path = join(folder, name);
			total += statSync(path).size;
			if (total > most) unlinkSync(path);
		} catch {
			// Another removed it.
		}
	}
}

/** Null where it is no object: half a line of a writer that was killed, or none of our writers'. */
function parseLine(line: string): object | null {
	if (line === "") return null;
	try {
		const value: unknown = JSON.parse(line);
		return typeof value === "object" ? value : null;
	} catch {
		return null;
	}
}

/** All writers' lines, a file after another; half a line of a writer that was killed is passed over. Never throws. */
export function* readLines<T>(folder: string): Generator<T> {
	for (const name of lineFiles(folder)) {
		let text = "";
		try {
			text = readFileSync(join(folder, name), "utf8");
		} catch {
			continue;
		}
		for (const line of text.split("\n")) {
			const object = parseLine(line);
			if (object !== null) yield object as T;
		}
	}
}

const LINE_FEED = 0x0a;
/** What is left goes into files of this size, so that a folder's bound, which takes whole files, never takes all. */
const LEFT_FILE_BYTES = 4 * 1024 * 1024;

/** All of an open file from an offset on. */
function readFrom(descriptor: number, offset: number): Buffer {
	const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset));
	let filled = 0;
	while (filled < bytes.length) {
		const count = readSync(descriptor, bytes, filled, bytes.length - filled, offset + filled);
		if (count === 0) break;
		filled += count;
	}
	return bytes.subarray(0, filled);
}

function parseLines(bytes: Buffer): object[] {
	return bytes
		.toString("utf8")
		.split("\n")
		.map(parseLine)
		.filter((line) => line !== null);
}

/**
 * Takes lines out of one file: what is left goes into another, and then the file goes. Its writer may be at it still:
 * what it writes before the file goes is carried over after that, and what it writes then goes where it looks next.
 *
 * @returns how many went
 */
function dropFromFile(path: string, left: LineFile, isGone: (line: object) => boolean): number {
	const descriptor = openSync(path, "r");
	try {
		const bytes = readFrom(descriptor, 0);
		const end = bytes.lastIndexOf(LINE_FEED) + 1;
		const lines = parseLines(bytes.subarray(0, end));
		const staying = lines.filter((line) => !isGone(line));
		if (staying.length === lines.length) return 0;
		left.append(staying);
		unlinkSync(path);
		left.append(parseLines(readFrom(descriptor, end)));
		return lines.length - staying.length;
	} finally {
		closeSync(descriptor);
	}
}

/**
 * Takes lines out of all files of a folder.
 *
 * @param writer names the files of what is left; no other may have it
 * @returns how many went
 * @throws the system's error; a line that had to stay is then there still, once or twice
 */
export function dropLines<T extends object>(folder: string, writer: string, isGone: (line: T) => boolean): number {
	const left = new LineFile(folder, writer, LEFT_FILE_BYTES);
	let gone = 0;
	try {
		for (const name of lineFiles(folder)) {
			try {
				gone += dropFromFile(join(folder, name), left, isGone as (line: object) => boolean);
			} catch (error) {
				// Another took lines out of it at the same time.
				if (systemErrorCode(error) !== "ENOENT") throw error;
			}
		}
	} finally {
		left.close();
	}
	if (gone > 0) syncFolder(folder);
	return gone;
}
