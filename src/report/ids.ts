/** The identifiers of a report and of a run. Random bytes come in: this room does no I/O. */
import { sha256Hex } from "./sha256.js";

/** Random bytes that {@link reportId} takes. */
export const REPORT_ID_RANDOM_BYTES = 10;
/** Random bytes of an erase key. */
export const ERASE_KEY_BYTES = 16;
const RUN_ID_HEX_DIGITS = 32;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits.
 *
 * @param nowMs milliseconds since the epoch
 * @param random {@link REPORT_ID_RANDOM_BYTES} random bytes
 */
export function reportId(nowMs: number, random: Uint8Array): string {
	const bytes = new Uint8Array(16);
	let milliseconds = Math.max(0, Math.floor(nowMs));
	for (let index = 5; index >= 0; index--) {
		bytes[index] = milliseconds % 256;
		milliseconds = Math.floor(milliseconds / 256);
	}
	bytes.set(random.subarray(0, REPORT_ID_RANDOM_BYTES), 6);
	bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
	bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
	const hex = bytesToHex(bytes);
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An erase key as it is kept: 32 hexadecimal digits. */
export function eraseKey(random: Uint8Array): string {
	return bytesToHex(random.subarray(0, ERASE_KEY_BYTES));
}

/**
 * The run's public name: the first 128 bits of the SHA-256 of its erase key as it is written.
 * In a shell: `printf %s "$key" | sha256sum | cut -c1-32`.
 */
export function runIdOf(key: string): string {
	return sha256Hex(key).slice(0, RUN_ID_HEX_DIGITS);
}

const DIGITS = "0123456789abcdef";

/** Bytes in lower-case hexadecimal. Buffer's own toString costs a script 0.1 ms the first time, this 0.02 ms. */
export function bytesToHex(bytes: Uint8Array): string {
	let hex = "";
	for (let index = 0; index < bytes.length; index++) {
		const byte = bytes[index] as number;
		hex += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
	}
	return hex;
}
