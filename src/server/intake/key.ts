/** The ingest key that a batch comes with: in its address, or as `Authorization: Bearer`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ServerConfig } from "../config.js";
import { limitOf } from "../http/rate.js";
import { Refusal } from "../http/refusal.js";
import type { Registry } from "../registry/registry.js";
import type { IngestKey } from "../store/types.js";

export interface Keys {
	/** Refuses a key that is not one, and one that comes too often, before the body is read. */
	check(request: FastifyRequest, reply: FastifyReply): Promise<void>;
	/** The key that a checked request came with, if any. */
	keyOf(request: FastifyRequest): IngestKey | undefined;
}

export function addKeys(app: FastifyInstance, registry: Registry, config: ServerConfig): Keys {
	const known = new WeakMap<FastifyRequest, IngestKey>();
	const limit = limitOf(app, {
		most: config.requestsPerKey,
		windowMs: config.rateWindowMs,
		who: "This key's project",
		nameOf: (request) => `key ${known.get(request)?.id}`,
	});
	return {
		async check(request, reply) {
			const text = sentKey(request);
			if (text === undefined) return;
			const key = await registry.findKey(text);
			if (key === undefined) throw unknownKey();
			known.set(request, key);
			await limit(request, reply);
		},
		keyOf: (request) => known.get(request),
	};
}

/** Other kinds of authorization are for whoever stands before this server. */
function sentKey({ params, headers }: FastifyRequest): string | undefined {
	const { key } = params as { key?: string };
	return key ?? /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

function unknownKey(): Refusal {
	return new Refusal(
		"unknown_key",
		"This server knows no such key; it may have been revoked. Nothing was stored. Keep the reports, and update the script.",
	);
}
