/**
 * Secrets that this server makes: long and random, so that of what lets somebody in a plain SHA-256 can be kept. None
 * of them can be made out of what the database has.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;
/** 32 bytes in base64url. */
const SECRET = "[A-Za-z0-9_-]{43}";

/** What stands before a secret that people handle, so that it is known wherever it is met. */
export const TOKEN_PREFIX = "etr_";
export const SETUP_PREFIX = "ets_";

type Prefix = typeof TOKEN_PREFIX | typeof SETUP_PREFIX | "";

const PATTERNS: Readonly<Record<Prefix, RegExp>> = {
	[TOKEN_PREFIX]: new RegExp(`^${TOKEN_PREFIX}${SECRET}$`),
	[SETUP_PREFIX]: new RegExp(`^${SETUP_PREFIX}${SECRET}$`),
	"": new RegExp(`^${SECRET}$`),
};

export function newSecret(prefix: Prefix = ""): string {
	return prefix + randomBytes(SECRET_BYTES).toString("base64url");
}

/** Whether a text could be such a secret; of anything else, no database need be asked. */
export function isSecret(text: string, prefix: Prefix = ""): boolean {
	return PATTERNS[prefix].test(text);
}

/** What is kept of a secret. */
export function digestOf(secret: string): Buffer {
	return createHash("sha256").update(secret).digest();
}

/** What stands in the forms of whoever has this secret in a cookie: known to the pages they get, and to nobody else. */
export function formKeyOf(secret: string): string {
	return createHmac("sha256", secret).update("form").digest("base64url");
}

/** Compares in a time that does not tell how much of the two is alike. */
export function isSame(given: string, wanted: string): boolean {
	return timingSafeEqual(digestOf(given), digestOf(wanted));
}
