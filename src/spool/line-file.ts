/** JSON lines that only ever grow: one file a writer, so that no two share one; all are merged when read. */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FILE_MODE, makeFolder } from "../document/durable.js";

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
			this.write(bytes, durable);
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

	private write(bytes: Buffer, durable: boolean): void {
		const descriptor = this.opened();
		let written = 0;
		while (written < bytes.length) written += writeSync(descriptor, bytes, written);
		if (durable) fsyncSync(descriptor);
		this.size += bytes.length;
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
			try {
				if (line !== "") yield JSON.parse(line) as T;
			} catch {
				// The last line of a writer that was killed.
			}
		}
	}
}
