/** How the first administrator comes to be: by a token that is printed on the server's console, and works once. */
import type { Clock, ServerConfig } from "../config.js";
import type { Store } from "../store/types.js";
import { digestOf, isSecret, newSecret, SETUP_PREFIX } from "./secrets.js";

export const SETUP_PATH = "/setup";

/** The path to the page of the set-up, with a new token; null where there is an administrator. */
export async function offerSetup(store: Store, clock: Clock, config: ServerConfig): Promise<string | null> {
	if (await store.hasAdministrator()) return null;
	const [token, now] = [newSecret(SETUP_PREFIX), clock()];
	await store.addSetupToken(digestOf(token), now + config.setupTokenMs, now);
	return `${SETUP_PATH}?token=${token}`;
}

/** What the database has of a token; undefined for what cannot be one. */
export function setupDigest(token: unknown): Buffer | undefined {
	return typeof token === "string" && isSecret(token, SETUP_PREFIX) ? digestOf(token) : undefined;
}
