/**
 * Random bytes without node:crypto, whose loading costs a script 2 ms: the kernel's own source
 * where there is one.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** @returns `length` bytes fit for keys */
export function randomBytes(length: number): Uint8Array {
	const bytes = new Uint8Array(length);
	try {
		const descriptor = openSync("/dev/urandom", "r");
		try {
			if (readSync(descriptor, bytes, 0, length, null) === length) return bytes;
		} finally {
			closeSync(descriptor);
		}
	} catch {
		// No such device (Windows), or no descriptor left: ask the runtime.
	}
	return globalThis.crypto.getRandomValues(bytes);
}
