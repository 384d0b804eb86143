/**
 * SHA-256 as FIPS 180-4 defines it, for short texts: an erase key, a host's name, a notice. Loading node:crypto costs
 * a script 2 ms, which is more than everything else that ET does. The names are those of the standard.
 */

/** Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = [
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
];
/** Section 5.3.3: the same of the square roots of the first eight. */
const H0 = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const WORD_HEX_DIGITS = 8;
/** Behind the message: a one bit, zeros, and the message's length in bits in the last eight bytes. */
const ONE_BIT = 0x80;
const LENGTH_BYTES = 8;

/** SHA-256 of a text's UTF-8 bytes, in hexadecimal. */
export function sha256Hex(text: string): string {
	const message = padded(text);
	const hash = Uint32Array.from(H0);
	for (let at = 0; at < message.byteLength; at += BLOCK_BYTES) compress(hash, schedule(message, at));
	return Array.from(hash, (word) => word.toString(16).padStart(WORD_HEX_DIGITS, "0")).join("");
}

/** Section 5.1.1. */
function padded(text: string): DataView {
	const bytes = Buffer.from(text, "utf8");
	const blocks = Math.ceil((bytes.length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
	const message = new Uint8Array(blocks * BLOCK_BYTES);
	message.set(bytes);
	message[bytes.length] = ONE_BIT;
	const view = new DataView(message.buffer);
	view.setUint32(message.length - LENGTH_BYTES, bytes.length / 2 ** 29);
	view.setUint32(message.length - LENGTH_BYTES / 2, bytes.length * 8);
	return view;
}

const rotr = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

/** Section 6.2.2, step 1. */
function schedule(message: DataView, at: number): Uint32Array {
	const w = new Uint32Array(K.length);
	for (let t = 0; t < BLOCK_WORDS; t++) w[t] = message.getUint32(at + t * 4);
	for (let t = BLOCK_WORDS; t < w.length; t++) {
		const x = w[t - 15] as number;
		const y = w[t - 2] as number;
		const sigma0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
		const sigma1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10);
		w[t] = sigma1 + (w[t - 7] as number) + sigma0 + (w[t - 16] as number);
	}
	return w;
}

/** Section 6.2.2, steps 2 to 4: a block's schedule into the hash. */
function compress(hash: Uint32Array, w: Uint32Array): void {
	let [a, b, c, d, e, f, g, h] = hash as unknown as [number, number, number, number, number, number, number, number];
	for (let t = 0; t < w.length; t++) {
		const sum1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
		const ch = (e & f) ^ (~e & g);
		const t1 = h + sum1 + ch + (K[t] as number) + (w[t] as number);
		const sum0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
		const maj = (a & b) ^ (a & c) ^ (b & c);
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + sum0 + maj) | 0;
	}
	const words = [a, b, c, d, e, f, g, h];
	for (let index = 0; index < words.length; index++) hash[index] = (hash[index] as number) + (words[index] as number);
}
