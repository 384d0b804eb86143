/** One way to say no: JSON to programs, lines to the predecessor's, a page to people, and to none what went wrong inside. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { EtError } from "../../errors.js";
import { loginAddress } from "../access/next.js";
import type { Log, ServerConfig } from "../config.js";
import { unsupportedMediaType } from "../intake/body.js";
import type { RefusalCode } from "../intake/codes.js";
import { isForPredecessor, sendError } from "../intake/predecessor/route.js";
import { refusalPage } from "../pages/layout.js";
import { sendPage } from "../pages/route.js";
import { Refusal } from "./refusal.js";

/** The server's own trouble: an operator should know. */
const OWN_TROUBLE: ReadonlySet<RefusalCode> = new Set(["internal_error", "store_unavailable"]);
/** What is refused before the body is read: who sends it is not listened to any longer. */
const UNREAD: ReadonlySet<RefusalCode> = new Set(["body_too_large", "busy", "too_many_requests"]);

export function refusing(log: Log, config: ServerConfig) {
	return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
		const refusal = toRefusal(error);
		if (OWN_TROUBLE.has(refusal.code)) {
			log(`${request.method} ${request.routeOptions.url ?? "?"} was answered ${refusal.status} ${refusal.code}`, error);
		}
		if (refusal.status === 503) reply.header("retry-after", config.retryAfterSeconds);
		if (UNREAD.has(refusal.code)) reply.header("connection", "close");
		if (isForPredecessor(request.url)) return sendError(reply, refusal);
		if (refusal.code === "login_required") {
			if (isForBrowser(request)) return reply.redirect(loginAddress(pageOf(request)), 303);
			return sendWire(reply.header("www-authenticate", 'Bearer realm="et"'), refusal);
		}
		if (isForPrograms(request.url)) return sendWire(reply, refusal);
		return sendPage(reply, refusal.status, refusalPage(titleOf(refusal), refusal.message));
	};
}

export function sendWire(reply: FastifyReply, refusal: Refusal): FastifyReply {
	return reply.code(refusal.status).send(refusal.toWire());
}

/**
 * The refusal that an error amounts to. An error that nobody expected is answered 503, not 500:
 * the client is told that the reports were not stored, to keep them and to come back later.
 */
export function toRefusal(error: unknown): Refusal {
	if (error instanceof Refusal) return error;
	if (error instanceof EtError && error.code === "ET_STORE_UNAVAILABLE") {
		return new Refusal(
			"store_unavailable",
			"The store cannot be used now. Nothing was stored or erased. Try again later.",
		);
	}
	switch (statusOf(error)) {
		case undefined:
			return new Refusal("internal_error", "Something went wrong here. Nothing was stored or erased. Try again later.");
		case 415:
			return unsupportedMediaType();
		default:
			return new Refusal(
				"bad_request",
				"The request cannot be understood; nothing was done. Correct it and try again.",
			);
	}
}

/** The status that the framework gives to a request at fault; undefined when the request is not. */
function statusOf(error: unknown): number | undefined {
	if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return undefined;
	return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}

function isForPrograms(url: string): boolean {
	return /^\/(v1\/|k\/|healthz|metrics)/.test(url);
}

/** Who sends a token is a program. */
function isForBrowser({ url, headers }: FastifyRequest): boolean {
	return !isForPrograms(url) && !/^Bearer /i.test(headers.authorization ?? "");
}

/** Where to come back to after logging in: a form is not sent again by itself. */
function pageOf({ method, url }: FastifyRequest): string {
	return method === "GET" || method === "HEAD" ? url : "/";
}

function titleOf(refusal: Refusal): string {
	if (refusal.status === 403) return "Not allowed";
	if (refusal.status === 404) return "Not found";
	if (refusal.status === 429) return "Too many requests";
	return refusal.status >= 500 ? "Not available now" : "Not understood";
}
