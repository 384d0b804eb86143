/**
 * Random bytes without node:crypto, whose loading costs a script 2 ms: the kernel's own source
 * where there is one.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** Drawn at once, since one report needs bytes several times. Each byte is given out once. */
const POOL_BYTES = 256;
let pool: Uint8Array = new Uint8Array(0);
/** A process that starts from a snapshot of another's memory must not give out the other's bytes. */
let drawnBy = 0;

/** Draws what the next reports need. */
export function fillPool(): void {
	pool = drawn(POOL_BYTES);
	drawnBy = process.pid;
}

/** @returns `length` bytes fit for keys, the caller's own */
export function randomBytes(length: number): Uint8Array {
	if (length > POOL_BYTES) return drawn(length);
	if (pool.length < length || drawnBy !== process.pid) fillPool();
	const bytes = pool.slice(0, length);
	pool = pool.subarray(length);
	return bytes;
}

function drawn(length: number): Uint8Array {
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
