/**
 * SHA-256 as FIPS 180-4 defines it, for short texts: an erase key, a host's name, a notice. Loading node:crypto costs
 * a script 2 ms, which is more than everything else that ET does. The names are those of the standard.
 */

/** Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Int32Array([
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
	0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
	0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
]);
/** Section 5.3.3: the same of the square roots of the first eight. */
const H0 = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const WORD_HEX_DIGITS = 8;
/** Behind the message: a one bit, zeros, and the message's length in bits in the last eight bytes. */
const ONE_BIT = 0x80;
const LENGTH_BYTES = 8;

/**
 * SHA-256 of a text's UTF-8 bytes, in hexadecimal. A script hashes once or twice, so what counts is the first call,
 * which V8 interprets: hence no helper in the loops, and no iterator.
 */
export function sha256Hex(text: string): string {
	const message = padded(text);
	const hash = new Int32Array(H0);
	const w = new Int32Array(K.length);
	for (let at = 0; at < message.length; at += BLOCK_WORDS) {
		schedule(w, message, at);
		compress(hash, w);
	}
	let hex = "";
	for (let index = 0; index < hash.length; index++) {
		hex += ((hash[index] as number) >>> 0).toString(16).padStart(WORD_HEX_DIGITS, "0");
	}
	return hex;
}

/** Section 5.1.1, as words of 32 bits (section 5.2.1). */
function padded(text: string): Int32Array {
	const bytes = Buffer.from(text, "utf8");
	const { length } = bytes;
	const words = new Int32Array(Math.ceil((length + 1 + LENGTH_BYTES) / BLOCK_BYTES) * BLOCK_WORDS);
	for (let index = 0; index < length; index++) {
		words[index >> 2] = (words[index >> 2] as number) | ((bytes[index] as number) << (24 - (index & 3) * 8));
	}
	words[length >> 2] = (words[length >> 2] as number) | (ONE_BIT << (24 - (length & 3) * 8));
	words[words.length - 2] = length / 2 ** 29;
	words[words.length - 1] = length * 8;
	return words;
}

/** Section 6.2.2, step 1. The rotations (ROTR of section 3.2) stand written out. */
function schedule(w: Int32Array, message: Int32Array, at: number): void {
	for (let t = 0; t < BLOCK_WORDS; t++) w[t] = message[at + t] as number;
	for (let t = BLOCK_WORDS; t < 64; t++) {
		const x = w[t - 15] as number;
		const y = w[t - 2] as number;
		const sigma0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
		const sigma1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
		w[t] = sigma1 + (w[t - 7] as number) + sigma0 + (w[t - 16] as number);
	}
}

/** Section 6.2.2, steps 2 to 4: a block's schedule into the hash. */
function compress(hash: Int32Array, w: Int32Array): void {
	let a = hash[0] as number;
	let b = hash[1] as number;
	let c = hash[2] as number;
	let d = hash[3] as number;
	let e = hash[4] as number;
	let f = hash[5] as number;
	let g = hash[6] as number;
	let h = hash[7] as number;
	for (let t = 0; t < 64; t++) {
		const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
		const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + (K[t] as number) + (w[t] as number)) | 0;
		const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
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
	hash[0] = (hash[0] as number) + a;
	hash[1] = (hash[1] as number) + b;
	hash[2] = (hash[2] as number) + c;
	hash[3] = (hash[3] as number) + d;
	hash[4] = (hash[4] as number) + e;
	hash[5] = (hash[5] as number) + f;
	hash[6] = (hash[6] as number) + g;
	hash[7] = (hash[7] as number) + h;
}
