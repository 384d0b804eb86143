/**
 * Passwords of administrators: scrypt (RFC 7914), with its parameters and salt beside the hash, in the form
 * `$scrypt$ln=15,r=8,p=3$SALT$HASH` (base64 without padding). The parameters are those of the OWASP Password Storage
 * Cheat Sheet for 32 MiB; each hash keeps its own, so that they can grow.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { MAX_PASSWORD_LENGTH, MAX_PASSWORDS_WAITING, MIN_PASSWORD_LENGTH } from "../config.js";
import { Refusal } from "../http/refusal.js";

/** Cost (the logarithm of scrypt's N), block size and parallelism. */
export interface Cost {
	ln: number;
	r: number;
	p: number;
}

export const USUAL_COST: Cost = { ln: 15, r: 8, p: 3 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PATTERN = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** Why a password is not taken, in words for whoever chose it; undefined for one that is. */
export function weakness(password: string, name: string): string | undefined {
	const length = [...plain(password)].length;
	if (length < MIN_PASSWORD_LENGTH) {
		return `The password has ${length} characters; it needs ${MIN_PASSWORD_LENGTH} at least. Several words in a row are easy to remember.`;
	}
	if (length > MAX_PASSWORD_LENGTH) return `The password has more than ${MAX_PASSWORD_LENGTH} characters.`;
	if (new Set(plain(password)).size < 4) return "The password has fewer than 4 different characters.";
	if (plain(password).toLowerCase() === name.toLowerCase()) return "The password is the name.";
	return undefined;
}

export async function hashPassword(password: string, cost: Cost = USUAL_COST): Promise<string> {
	const salt = randomBytes(SALT_BYTES);
	const hash = await derive(password, salt, cost);
	return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${text(salt)}$${text(hash)}`;
}

/** What a password is held against where there is no administrator of the name: it takes the same time. */
const NOBODYS = `$scrypt$ln=${USUAL_COST.ln},r=${USUAL_COST.r},p=${USUAL_COST.p}$${"A".repeat(22)}$${"A".repeat(43)}`;

/**
 * Whether a password is the one of a hash; undefined stands for nobody's.
 *
 * @throws Error for what is not a hash of ours
 */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
	const [, ln, r, p, salt = "", hash = ""] = PATTERN.exec(stored ?? NOBODYS) ?? [];
	if (hash === "") throw new Error("The database holds a password's hash that is not one of ET's.");
	const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
	const given = await derive(password, Buffer.from(salt, "base64"), cost);
	return timingSafeEqual(given, Buffer.from(hash, "base64")) && stored !== undefined;
}

/** One after the other: each takes a thread and 32 MiB, and the others are for the disk. */
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** @throws Refusal `busy` where too many wait already */
async function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
	if (waiting >= MAX_PASSWORDS_WAITING) {
		throw new Refusal("busy", "Too many passwords are being looked at. Nothing was done. Try again in a minute.");
	}
	waiting++;
	const options: ScryptOptions = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
	const derived = last.then(
		() =>
			new Promise<Buffer>((resolve, reject) => {
				scrypt(plain(password), salt, HASH_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
			}),
	);
	last = derived.catch(() => undefined).finally(() => waiting--);
	return derived;
}

/** The same text, however a keyboard composes its letters. */
function plain(password: string): string {
	return password.normalize("NFKC");
}

function text(bytes: Buffer): string {
	return bytes.toString("base64").replace(/=+$/, "");
}
