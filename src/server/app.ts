/** The server without its socket: tests put requests into it, or listen on a port of their own. */
import type { RequestListener, Server } from "node:http";
import helmet from "@fastify/helmet";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { BATCHES_PATH, ERASURES_PATH, WIRE_VERSION } from "../report/wire.js";
import { addGate, type Who } from "./access/gate.js";
import { LOGIN_PATH } from "./access/next.js";
import { readingOf } from "./access/reading.js";
import { addAccess } from "./access/route.js";
import { SETUP_PATH } from "./access/setup.js";
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
import { addRequestLog, type LogTarget, loggerOptions, logOf } from "./log.js";
import { REVOKE_PATH } from "./pages/access/admin.js";
import { ACTS_PATH, LOGOUT_PATH, PASSWORD_PATH, TOKENS_PATH } from "./pages/layout.js";
import { addPages, RUN_PATH, RUNS_PATH } from "./pages/route.js";
import { ICON_PATH, STYLE_PATH } from "./pages/style.js";
import { Addresses } from "./privacy/addresses.js";
import { addPrivacy, PRIVACY_EXPORT_PATH, PRIVACY_PATH } from "./privacy/route.js";
import { Registry } from "./registry/registry.js";
import type { Store } from "./store/types.js";
import type { TlsServers } from "./tls.js";

export interface AppOptions {
	store: Store;
	clock: Clock;
	/** Hears of the server's own trouble, besides the log. @defaultValue nobody */
	log?: Log | undefined;
	/** Where the log goes. @defaultValue there is none */
	logTarget?: LogTarget | undefined;
	config: ServerConfig;
	/** Listens with https; without it, with http. */
	tls?: TlsServers | undefined;
}

const HEALTH_PATH = "/healthz";

type Method = "GET" | "POST";

/** What each address answers, and whom. Every other method there is a 405; HEAD goes with GET. */
export const ADDRESSES: ReadonlyArray<[path: string, methods: readonly Method[], who: Who]> = [
	...[...INTAKE_PATHS.batches, ...INTAKE_PATHS.erasures].map((path): [string, Method[], Who] => [
		path,
		["POST"],
		"everybody",
	]),
	[PREDECESSOR_PATH, ["POST"], "everybody"],
	[HEALTH_PATH, ["GET"], "everybody"],
	[STYLE_PATH, ["GET"], "everybody"],
	[ICON_PATH, ["GET"], "everybody"],
	[LOGIN_PATH, ["GET", "POST"], "visitors"],
	[LOGOUT_PATH, ["POST"], "visitors"],
	[SETUP_PATH, ["GET", "POST"], "visitors"],
	[METRICS_PATH, ["GET"], "readers of all"],
	[OPENAPI_PATH, ["GET"], "readers"],
	[RUNS_EXPORT_PATH, ["GET"], "readers"],
	[EVENTS_EXPORT_PATH, ["GET"], "readers"],
	[RUNS_PATH, ["GET"], "readers"],
	[RUN_PATH, ["GET"], "readers"],
	[PRIVACY_PATH, ["GET"], "visitors"],
	[PRIVACY_EXPORT_PATH, ["GET"], "visitors"],
	[TOKENS_PATH, ["GET", "POST"], "administrators"],
	[REVOKE_PATH, ["POST"], "administrators"],
	[ACTS_PATH, ["GET"], "administrators"],
	[PASSWORD_PATH, ["GET", "POST"], "administrators"],
];

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
	const { store, clock, config, tls } = options;
	const app = fastify<Server>({
		...listenerOptions(config),
		...loggerOptions(options.logTarget),
		...(tls && { serverFactory: (listener: RequestListener) => tls.create(listener, config) }),
		// These come before any route, and before the headers that make a page safe: they get no page.
		frameworkErrors: (error, _request, reply) => void sendWire(reply, toRefusal(error)),
	});
	const refuse = refusing(options.log ?? logOf(app), config);
	guardListener(app.server, config);
	addRequestLog(app, options.logTarget);
	await app.register(helmet, SECURITY_HEADERS);
	app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply));
	addMetrics(app, store);
	await addRateLimit(app, config);
	refuseUnread(app);
	addGate(app, { store, clock, config, who: new Map(ADDRESSES.map(([path, , who]) => [path, who])) });
	const registry = new Registry(store, config);
	const addresses = new Addresses(store, config);
	const bodies = addBodies(app, config);
	const intake = { store, registry, addresses, clock, config, bodies };
	addIntake(app, intake);
	addPredecessor(app, intake);
	const reading = { readingOf: readingOf(store), clock, config };
	addExports(app, reading);
	addPages(app, reading);
	addPrivacy(app, { store, clock });
	addAccess(app, { store, clock, config, bodies, addresses });
	addHealth(app, store);
	for (const [path, methods] of ADDRESSES) refuseOtherMethods(app, path, methods);
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
	// With "no-referrer" a browser would not say where a form comes from (forms.ts).
	referrerPolicy: { policy: "same-origin" },
} as const;

/** Says whether this server can store what is sent to it now. */
function addHealth(app: FastifyInstance, store: Store): void {
	app.get(HEALTH_PATH, async (_request, reply) => {
		await store.check();
		return reply.header("cache-control", "no-store").send({ status: "ok", wire: WIRE_VERSION });
	});
}

function refuseOtherMethods(app: FastifyInstance, path: string, allowed: readonly Method[]): void {
	const taken = allowed.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
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
