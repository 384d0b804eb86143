/**
 * Keys to send with. A key stands in a manifest that everybody can read, so that it is a handle and no secret: it lets
 * its holder send reports of one project, and nothing else. Who misuses it is stopped by revoking it.
 */
import { createHash, randomBytes } from "node:crypto";

const KEY_BYTES = 20;
/** Tells a key from other words wherever it is met. */
const PREFIX = "etk_";
const PATTERN = new RegExp(`^${PREFIX}[A-Za-z0-9_-]{27}$`);

/** A new key: safe in a URL's path and in a header. */
export function newKey(): string {
	return PREFIX + randomBytes(KEY_BYTES).toString("base64url");
}

export function isKey(text: string): boolean {
	return PATTERN.test(text);
}

/** What is kept of a key. */
export function keyDigest(key: string): Buffer {
	return createHash("sha256").update(key).digest();
}

/** The address that a script's manifest names as its endpoint when it sends with a key. */
export function endpointWithKey(endpoint: string, key: string): string {
	return `${endpoint}${KEY_PATH}/${key}`;
}

/** What stands before a key in an address. */
export const KEY_PATH = "/k";
