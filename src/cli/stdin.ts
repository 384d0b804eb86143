/** Standard input, read at once. `process.stdin` would set it not to block, also for whoever shares it. */
import { readSync } from "node:fs";
import { systemErrorCode } from "../errors.js";
import { waitUntilReady } from "./output.js";

const STDIN = 0;
const LINE_FEED = 0x0a;
const PIECE_BYTES = 64 * 1024;

/** @returns how many bytes came; 0 at the end, and where there is no standard input */
function readPiece(buffer: Buffer): number {
	for (;;) {
		try {
			return readSync(STDIN, buffer, 0, buffer.length, null);
		} catch (error) {
			if (systemErrorCode(error) !== "EAGAIN") return 0;
			waitUntilReady();
		}
	}
}

/** All that comes, or null where it is more than `mostBytes`. */
export function readAll(mostBytes: number): string | null {
	const pieces: Buffer[] = [];
	const buffer = Buffer.alloc(PIECE_BYTES);
	let total = 0;
	for (let count = readPiece(buffer); count > 0; count = readPiece(buffer)) {
		total += count;
		if (total > mostBytes) return null;
		pieces.push(Buffer.from(buffer.subarray(0, count)));
	}
	return Buffer.concat(pieces).toString("utf8");
}

/** One line, read a byte at a time so that nothing behind it is taken. */
export function readLine(): string {
	const bytes: number[] = [];
	const byte = Buffer.alloc(1);
	while (readPiece(byte) === 1 && byte[0] !== LINE_FEED) bytes.push(byte[0] ?? 0);
	return Buffer.from(bytes).toString("utf8");
}
