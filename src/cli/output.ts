/**
 * Writes to a descriptor, at once and in order. `process.stdout` would load node:net to do it, and
 * goes on collecting what a reader that has left (`et pending | head`) will never read.
 */
import { writeSync } from "node:fs";
import { systemErrorCode } from "../errors.js";

/** Whoever read the output has left: what is still to be said has no reader. */
export class ReaderLeft extends Error {}

/** A pipe or terminal that is set not to block, and is not ready, is asked again after this time. */
const NOT_READY_MS = 1;

/** Waits until a descriptor that answered EAGAIN may be ready. */
export function waitUntilReady(): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NOT_READY_MS);
}

export class Output {
	constructor(private readonly descriptor: number) {}

	/** @throws ReaderLeft; or the system's error */
	write(text: string): void {
		let bytes: Uint8Array = Buffer.from(text, "utf8");
		while (bytes.length > 0) {
			try {
				bytes = bytes.subarray(writeSync(this.descriptor, bytes));
			} catch (error) {
				const code = systemErrorCode(error);
				if (code === "EPIPE") throw new ReaderLeft();
				if (code !== "EAGAIN") throw error;
				waitUntilReady();
			}
		}
	}

	line(text = ""): void {
		this.write(`${text}\n`);
	}
}
