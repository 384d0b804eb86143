/** Node.js's HTTP server, set so that no client can hold it up: sizes, times and connections have bounds. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyServerOptions } from "fastify";
import { type ServerConfig, TIMEOUTS_CHECKED_MS } from "../config.js";
import { addressSet } from "./addresses.js";
import { answerClientError, refuse } from "./client-error.js";
import { limitConnections } from "./connections.js";
import { Refusal } from "./refusal.js";

/** The options of the framework that are about the connection and not about what is asked. */
export function listenerOptions(config: ServerConfig) {
	const proxies = addressSet(config.trustedProxies);
	const headersTimeout = Math.min(config.headersTimeoutMs, config.requestTimeoutMs);
	return {
		http: {
			maxHeaderSize: config.maxHeaderBytes,
			headersTimeout,
			connectionsCheckingInterval: Math.min(TIMEOUTS_CHECKED_MS, headersTimeout / 2),
			// Node.js would answer a request without one in a form of its own: app.ts refuses it.
			requireHostHeader: false,
		},
		requestTimeout: config.requestTimeoutMs,
		connectionTimeout: config.silenceTimeoutMs,
		keepAliveTimeout: config.keepAliveMs,
		// While the server stops, what has arrived is still answered, and its connection closed after that.
		return503OnClosing: false,
		// Nobody is believed about whom a request is from unless the operator says so.
		trustProxy: config.trustedProxies.length > 0 && ((address: string) => proxies.has(address)),
		clientErrorHandler: answerClientError,
	} satisfies FastifyServerOptions & { http: object };
}

/** What the framework leaves to Node.js's server. */
export function guardListener(server: Server, config: ServerConfig): void {
	limitConnections(server, config);
	server.on("connect", (_request: IncomingMessage, socket: Socket) => refuse(socket, notUnderstood()));
	server.on("checkExpectation", (_request: IncomingMessage, response: ServerResponse) => {
		const refusal = notUnderstood();
		const body = JSON.stringify(refusal.toWire());
		response.writeHead(refusal.status, {
			"content-type": "application/json; charset=utf-8",
			"content-length": Buffer.byteLength(body),
			connection: "close",
		});
		response.end(body);
	});
}

function notUnderstood(): Refusal {
	return new Refusal("bad_request", "This server does no such thing; nothing was done. Correct the request.");
}
