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
	if (config.requestsPerAddress === 0) return;
	const count = app.createRateLimit({
		max: config.requestsPerAddress,
		timeWindow: config.rateWindowMs,
		keyGenerator: clientOf,
		allowList: (request) => LOOPBACK.has(request.ip ?? ""),
	});
	app.addHook("onRequest", async (request, reply) => {
		refuseExceeding(await count(request), reply, "This address");
	});
}

type Counted = Awaited<ReturnType<ReturnType<FastifyInstance["createRateLimit"]>>>;

/**
 * Refuses what goes beyond a limit, and says when to come back.
 *
 * @throws Refusal `too_many_requests`
 */
function refuseExceeding(counted: Counted, reply: FastifyReply, who: string): void {
	if (counted.isAllowed || !counted.isExceeded) return;
	const seconds = Math.max(1, counted.ttlInSeconds);
	reply.header("retry-after", seconds);
	throw new Refusal(
		"too_many_requests",
		`${who} asks more often than ${counted.max} times in ${counted.timeWindow / 1000} s. Nothing was done. Try again in ${seconds} s.`,
	);
}

/** By what a client is counted. What a proxy names may be any text. */
export function clientOf({ ip }: Pick<FastifyRequest, "ip">): string {
	const address = (ip ?? "").replace(/%.*$/, "");
	return isIP(address) === 0 ? "unknown" : normalizeIP(address);
}
