/** The server without its socket: tests put requests into it, or listen on a port of their own. */
import type { RequestListener, Server } from "node:http";
import helmet from "@fastify/helmet";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { BATCHES_PATH, ERASURES_PATH, WIRE_VERSION } from "../report/wire.js";
import type { Clock, Log, ServerConfig } from "./config.js";
import { OPENAPI_PATH } from "./exports/openapi.js";
import { addExports, EVENTS_EXPORT_PATH, RUNS_EXPORT_PATH } from "./exports/route.js";
import { addBodies } from "./http/bodies.js";
import { guardListener, listenerOptions } from "./http/listener.js";
import { addMetrics, METRICS_PATH } from "./http/metrics.js";
import { addRateLimit } from "./http/rate.js";
import { Refusal } from "./http/refusal.js";
import { refusing, sendWire, toRefusal } from "./http/refusing.js";
import { addPredecessor, PREDECESSOR_PATH } from "./intake/predecessor/route.js";
import { addIntake, INTAKE_PATHS } from "./intake/route.js";
import { addPages, RUN_PATH, RUNS_PATH } from "./pages/route.js";
import { ICON_PATH, STYLE_PATH } from "./pages/style.js";
import { Addresses } from "./privacy/addresses.js";
import { Registry } from "./registry/registry.js";
import type { Store } from "./store/types.js";
import type { TlsServers } from "./tls.js";

export interface AppOptions {
	store: Store;
	clock: Clock;
	log: Log;
	config: ServerConfig;
	/** Listens with https; without it, with http. */
	tls?: TlsServers | undefined;
}

const HEALTH_PATH = "/healthz";

/** What each address answers; every other method there is a 405. HEAD goes with GET. */
export const METHODS: ReadonlyArray<[path: string, method: "GET" | "POST"]> = [
	...[...INTAKE_PATHS.batches, ...INTAKE_PATHS.erasures].map((path): [string, "POST"] => [path, "POST"]),
	[PREDECESSOR_PATH, "POST"],
	[HEALTH_PATH, "GET"],
	[METRICS_PATH, "GET"],
	[OPENAPI_PATH, "GET"],
	[RUNS_EXPORT_PATH, "GET"],
	[EVENTS_EXPORT_PATH, "GET"],
	[RUNS_PATH, "GET"],
	[RUN_PATH, "GET"],
	[STYLE_PATH, "GET"],
	[ICON_PATH, "GET"],
];

export async function buildApp({ store, clock, log, config, tls }: AppOptions): Promise<FastifyInstance> {
	const refuse = refusing(log, config);
	const app = fastify<Server>({
		...listenerOptions(config),
		...(tls && { serverFactory: (listener: RequestListener) => tls.create(listener, config) }),
		// These come before any route, and before the headers that make a page safe: they get no page.
		frameworkErrors: (error, _request, reply) => void sendWire(reply, toRefusal(error)),
	});
	guardListener(app.server, config);
	await app.register(helmet, SECURITY_HEADERS);
	app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply));
	addMetrics(app, store);
	await addRateLimit(app, config);
	refuseUnread(app);
	const registry = new Registry(store, config);
	const addresses = new Addresses(store, config);
	const intake = { store, registry, addresses, clock, config, bodies: addBodies(app, config) };
	addIntake(app, intake);
	addPredecessor(app, intake);
	addExports(app, { store, clock, config });
	addPages(app, { store, config });
	addHealth(app, store);
	for (const [path, method] of METHODS) refuseOtherMethods(app, path, method);
	return app;
}

/** Refuses what can be refused before a body is read. */
function refuseUnread(app: FastifyInstance): void {
	app.addHook("onRequest", async ({ raw, is404 }) => {
		if (raw.httpVersion === "1.1" && raw.headers.host === undefined) {
			throw new Refusal("bad_request", "The request names no Host; nothing was done. Correct it and try again.");
		}
		if (is404) throw notFound();
	});
	app.setNotFoundHandler(() => {
		throw notFound();
	});
}

function notFound(): Refusal {
	return new Refusal(
		"not_found",
		`There is nothing here. Batches go to ${BATCHES_PATH}, erasures to ${ERASURES_PATH}.`,
	);
}

/**
 * No page needs a script, a frame or another origin, so none is allowed. Strict-Transport-Security
 * and upgrade-insecure-requests belong to whoever owns the host: a browser takes them for all its
 * ports, and from here they could only lock an operator out.
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
