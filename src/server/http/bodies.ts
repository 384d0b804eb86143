/** Bodies as bytes, for every address that takes one: each in the budget of all until it is answered. */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ServerConfig } from "../config.js";
import { Budget, type Share } from "./budget.js";
import { receive } from "./receive.js";

export interface Bodies {
	/** Has a scope read bodies of one type, or of every type with `*`, and no others. */
	readIn(scope: FastifyInstance, type: string, maxBytes: number): void;
	/** What a request holds of the budget; it is given back when the request is over, however it ends. */
	shareOf(request: FastifyRequest): Share;
}

export function addBodies(app: FastifyInstance, config: ServerConfig): Bodies {
	const budget = new Budget(config.maxBytesAtOnce);
	const shares = new WeakMap<FastifyRequest, Share>();
	app.addHook("onRequest", async (request, reply) => {
		const share = budget.share();
		shares.set(request, share);
		reply.raw.once("close", () => share.release());
	});
	const shareOf = (request: FastifyRequest): Share => shares.get(request) ?? budget.share();
	return {
		shareOf,
		readIn(scope, type, maxBytes) {
			scope.removeAllContentTypeParsers();
			scope.addContentTypeParser(type, (request: FastifyRequest, payload: IncomingMessage) =>
				receive(payload, shareOf(request), maxBytes),
			);
		},
	};
}
