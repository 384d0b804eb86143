/** The server without its socket: tests put requests into it, or listen on a port of their own. */
import helmet from "@fastify/helmet";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { EtError } from "../errors.js";
import { BATCHES_PATH, ERASURES_PATH, WIRE_VERSION } from "../report/wire.js";
import type { Clock, Log, ServerConfig } from "./config.js";
import { addPredecessor, isForPredecessor, PREDECESSOR_PATH, sendError } from "./intake/predecessor/route.js";
import { Refusal } from "./intake/refusal.js";
import { addIntake, unsupportedMediaType } from "./intake/route.js";
import { refusalPage } from "./pages/layout.js";
import { addPages, RUN_PATH, RUNS_PATH, sendPage } from "./pages/route.js";
import { ICON_PATH, STYLE_PATH } from "./pages/style.js";
import type { Store } from "./store/types.js";

export interface AppOptions {
	store: Store;
	clock: Clock;
	log: Log;
	config: ServerConfig;
}

const HEALTH_PATH = "/healthz";

/** What each address answers; every other method there is a 405. HEAD goes with GET. */
const METHODS: ReadonlyArray<[path: string, method: "GET" | "POST"]> = [
	[BATCHES_PATH, "POST"],
	[ERASURES_PATH, "POST"],
	[PREDECESSOR_PATH, "POST"],
	[HEALTH_PATH, "GET"],
	[RUNS_PATH, "GET"],
	[RUN_PATH, "GET"],
	[STYLE_PATH, "GET"],
	[ICON_PATH, "GET"],
];

export async function buildApp({ store, clock, log, config }: AppOptions): Promise<FastifyInstance> {
	const refuse = refusing(log, config);
	const app = fastify({
		bodyLimit: config.maxBodyBytes,
		requestTimeout: config.requestTimeoutMs,
		// These come before any route, and before the headers that make a page safe: they get no page.
		frameworkErrors: (error, _request, reply) => void sendWire(reply, toRefusal(error, config)),
	});
	await app.register(helmet, SECURITY_HEADERS);
	app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply));
	app.setNotFoundHandler((request, reply) =>
		refuse(
			new Refusal("not_found", `There is nothing here. Batches go to ${BATCHES_PATH}, erasures to ${ERASURES_PATH}.`),
			request,
			reply,
		),
	);
	addIntake(app, { store, clock, config });
	addPredecessor(app, { store, clock, config });
	addPages(app, { store, config });
	addHealth(app, store);
	for (const [path, method] of METHODS) refuseOtherMethods(app, path, method);
	return app;
}

/**
 * No page needs a script, a frame or another origin, so none is allowed. Strict-Transport-Security
 * and upgrade-insecure-requests belong to whoever ends TLS: from here, over plain http, they could
 * only lock an operator out.
 */
const SECURITY_HEADERS = {
	contentSecurityPolicy: {
		useDefaults: false,
		directives: {
			defaultSrc: ["'none'"],
			styleSrc: ["'self'"],
			imgSrc: ["'self'"],
			formAction: ["'self'"],
			baseUri: ["'none'"],
			frameAncestors: ["'none'"],
		},
	},
	strictTransportSecurity: false,
	xFrameOptions: { action: "deny" },
	referrerPolicy: { policy: "no-referrer" },
} as const;

/** Says whether this server can store what is sent to it now. */
function addHealth(app: FastifyInstance, store: Store): void {
	app.get(HEALTH_PATH, async (_request, reply) => {
		await store.check();
		return reply.header("cache-control", "no-store").send({ status: "ok", wire: WIRE_VERSION });
	});
}

function refuseOtherMethods(app: FastifyInstance, path: string, allowed: "GET" | "POST"): void {
	const taken = allowed === "GET" ? ["GET", "HEAD"] : [allowed];
	app.route({
		method: app.supportedMethods.filter((method) => !taken.includes(method)),
		url: path,
		// Before the body is read: what it is does not matter any more.
		onRequest: async (_request, reply) => {
			reply.header("allow", taken.join(", "));
			throw new Refusal("method_not_allowed", `This address takes ${taken.join(" and ")} only. Nothing was done.`);
		},
		handler: () => undefined,
	});
}

/** One way to say no: JSON to programs, lines to the predecessor's, a page to people, and to none what went wrong inside. */
function refusing(log: Log, config: ServerConfig) {
	return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
		const refusal = toRefusal(error, config);
		if (refusal.code === "internal_error" || refusal.code === "store_unavailable") {
			log(`${request.method} ${request.routeOptions.url ?? "?"} was answered ${refusal.status} ${refusal.code}`, error);
			reply.header("retry-after", config.retryAfterSeconds);
		}
		if (isForPredecessor(request.url)) return sendError(reply, refusal);
		if (isForPrograms(request.url)) return sendWire(reply, refusal);
		return sendPage(reply, refusal.status, refusalPage(titleOf(refusal), refusal.message));
	};
}

function sendWire(reply: FastifyReply, refusal: Refusal): FastifyReply {
	return reply.code(refusal.status).send(refusal.toWire());
}

/**
 * The refusal that an error amounts to. An error that nobody expected is answered 503, not 500:
 * the client is told that the reports were not stored, to keep them and to come back later.
 */
function toRefusal(error: unknown, config: ServerConfig): Refusal {
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
		case 413:
			return new Refusal(
				"body_too_large",
				`The body has more than ${config.maxBodyBytes} bytes. Nothing was stored or erased. Send less at once.`,
			);
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
	return url.startsWith("/v1/") || url.startsWith(HEALTH_PATH);
}

function titleOf(refusal: Refusal): string {
	if (refusal.status === 404) return "Not found";
	return refusal.status >= 500 ? "Not available now" : "Not understood";
}
