/**
 * How often one client may ask. It is counted by the address that its connection comes from, or that a trusted proxy
 * names; of IPv6, by its /64, since whoever has one address has all of those. Counts are kept in memory alone,
 * of 5,000 clients at most: the plugin's own bound; those not heard of for the longest are forgotten.
 */
import { isIP } from "node:net";
import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ServerConfig } from "../config.js";
import { LOOPBACK } from "./addresses.js";
import { Refusal } from "./refusal.js";

/** Limits how often each address may ask for anything at all; who runs on this machine is not counted. */
export async function addRateLimit(app: FastifyInstance, config: ServerConfig): Promise<void> {
	await app.register(rateLimit, { global: false });
	const limit = limitOf(app, {
		most: config.requestsPerAddress,
		windowMs: config.rateWindowMs,
		who: "This address",
		nameOf: clientOf,
		isFree: (request) => LOOPBACK.has(request.ip ?? ""),
	});
	app.addHook("onRequest", limit);
}

export interface Limit {
	/** Most requests in a window; 0 for no limit. */
	most: number;
	windowMs: number;
	/** Whose limit it is, for people. */
	who: string;
	/** By what a request is counted. */
	nameOf(request: FastifyRequest): string;
	/** Whether a request is not counted. @defaultValue none */
	isFree?: (request: FastifyRequest) => boolean;
}

/**
 * A limit of its own, once {@link addRateLimit} was called: the function throws a Refusal `too_many_requests` for what
 * goes beyond, and says when to come back.
 */
export function limitOf(app: FastifyInstance, { most, windowMs, who, nameOf, isFree = () => false }: Limit) {
	const count = app.createRateLimit({ max: most, timeWindow: windowMs, keyGenerator: nameOf });
	return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
		if (most === 0 || isFree(request)) return;
		const counted = await count(request);
		if (counted.isAllowed || !counted.isExceeded) return;
		const seconds = Math.max(1, counted.ttlInSeconds);
		reply.header("retry-after", seconds);
		throw new Refusal(
			"too_many_requests",
			`${who} asks more often than ${most} times in ${windowMs / 1000} s. Nothing was done. Try again in ${seconds} s.`,
		);
	};
}

/** By what a client is counted. What a proxy names may be any text. */
export function clientOf({ ip }: Pick<FastifyRequest, "ip">): string {
	const address = (ip ?? "").replace(/%.*$/, "");
	return isIP(address) === 0 ? "unknown" : normalizeIP(address);
}
