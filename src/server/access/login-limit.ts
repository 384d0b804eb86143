/**
 * How often one may try to log in: by the address, and by the name that is tried. Counted in the store, before a password
 * is looked at, so that it holds for all servers on one database and for many attempts at once.
 *
 * What is counted is a bucket: 16 bits of a hash. So there are no more than 2 x 65,536 rows, whatever is tried, and an
 * address cannot be told from the 65,535 and more others of its bucket.
 */
import { createHash } from "node:crypto";
import type { ServerConfig } from "../config.js";
import type { Store } from "../store/types.js";

const BUCKET_DIGITS = 4;

export type Attempt =
	| { isAllowed: true; buckets: readonly string[] }
	/** `isFirst` for the first that was refused in its window. */
	| { isAllowed: false; retryAfterSeconds: number; isFirst: boolean };

/** @param client by what the client is counted; none on the server's console */
export async function attemptLogin(
	store: Store,
	config: ServerConfig,
	{ client, name, now }: { client: string; name: string; now: number },
): Promise<Attempt> {
	const buckets = [bucketOf("address", client), bucketOf("name", name)];
	const most = [config.loginsPerAddress, config.loginsPerName];
	const counts = await store.countLogin(buckets, now, config.loginWindowMs);
	const exceeded = counts.filter(({ count }, index) => count > (most[index] ?? 0));
	if (exceeded.length === 0) return { isAllowed: true, buckets };
	const endsAt = Math.max(...exceeded.map((each) => each.endsAt));
	return {
		isAllowed: false,
		retryAfterSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)),
		isFirst: counts.some(({ count }, index) => count === (most[index] ?? 0) + 1),
	};
}

/** What a name is counted in, to be forgotten when its password is set anew. */
export function bucketOf(kind: "address" | "name" | "unknown", text: string): string {
	return `${kind}:${createHash("sha256").update(text).digest("hex").slice(0, BUCKET_DIGITS)}`;
}
