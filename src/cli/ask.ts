/** A question to a person at a terminal. */
import { readSync } from "node:fs";
import { systemErrorCode } from "../errors.js";
import { type Output, waitUntilReady } from "./output.js";

const STDIN = 0;
const LINE_FEED = 0x0a;

/** One line of standard input, read a byte at a time so that nothing behind it is taken. */
function readLine(): string {
	const bytes: number[] = [];
	const byte = Buffer.alloc(1);
	for (;;) {
		try {
			if (readSync(STDIN, byte, 0, 1, null) === 0 || byte[0] === LINE_FEED) break;
			bytes.push(byte[0] ?? 0);
		} catch (error) {
			if (systemErrorCode(error) !== "EAGAIN") break;
			waitUntilReady();
		}
	}
	return Buffer.from(bytes).toString("utf8");
}

/** Whether the answer is yes; no answer is no. */
export function agrees(err: Output, question: string): boolean {
	err.write(`${question} [y/N] `);
	return /^\s*y(?:es)?\s*$/i.test(readLine());
}
