/** Who may ask what. Each address is named in app.ts with who may; one that is not named is for readers. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Clock, SESSION_NOTED_MS, type ServerConfig, TOKEN_NOTED_MS } from "../config.js";
import { LOOPBACK } from "../http/addresses.js";
import { Refusal } from "../http/refusal.js";
import type { Store } from "../store/types.js";
import { readCookie } from "./cookies.js";
import { digestOf, isSecret, TOKEN_PREFIX } from "./secrets.js";
import { setVisitor, type Visitor } from "./visitor.js";

/**
 * `everybody` is not looked at; `visitors` may be anybody, and are looked at; `readers` read what is stored, of one
 * project or of all; `readers of all` see the whole server; `administrators` are logged in.
 */
export type Who = "everybody" | "visitors" | "readers" | "readers of all" | "administrators";

export interface GateOptions {
	store: Store;
	clock: Clock;
	config: ServerConfig;
	/** By the pattern of an address. */
	who: ReadonlyMap<string, Who>;
}

export function addGate(app: FastifyInstance, { store, clock, config, who }: GateOptions): void {
	const identify = identifier(store, clock, config);
	app.addHook("onRequest", async (request) => {
		const needed = who.get(request.routeOptions.url ?? "") ?? "readers";
		if (needed === "everybody") return;
		const visitor = await identify(request);
		setVisitor(request, visitor);
		if (needed !== "visitors") refuseUnwanted(visitor, needed, request);
	});
}

function refuseUnwanted(
	visitor: Visitor,
	needed: Exclude<Who, "everybody" | "visitors">,
	request: FastifyRequest,
): void {
	switch (visitor.kind) {
		case "administrator":
			return;
		case "local":
			if (needed === "administrators") throw loginRequired("There is no administrator yet.");
			return;
		case "stranger":
			throw bearerOf(request) === undefined
				? loginRequired("What is stored here is for who may read it.")
				: loginRequired("There is no such token, or it was revoked.");
		case "token":
			if (needed === "administrators")
				throw notAllowed("A token reads, and nothing else; this needs an administrator.");
			if (visitor.project === null) return;
			if (needed === "readers of all") throw notAllowed(`This token reads the project ${visitor.project} only.`);
			if (asksForOther(request, visitor.project)) {
				throw notAllowed(`This token reads the project ${visitor.project} only.`);
			}
	}
}

/** Said rather than answered with nothing; what a token's holder reads is bound to its project in any case. */
function asksForOther({ query, params }: FastifyRequest, project: string): boolean {
	const asked = [(query as { project?: unknown }).project, (params as { project?: unknown }).project];
	return asked.some((each) => each !== undefined && each !== project);
}

function loginRequired(why: string): Refusal {
	return new Refusal(
		"login_required",
		`${why} Nothing was given out. Log in, or send a token as Authorization: Bearer.`,
	);
}

function notAllowed(why: string): Refusal {
	return new Refusal("not_allowed", `${why} Nothing was given out or changed.`);
}

function identifier(store: Store, clock: Clock, config: ServerConfig): (request: FastifyRequest) => Promise<Visitor> {
	/** The last administrator is never removed, so that once there is one this stays true. */
	let hasAdministrator = false;

	const bySession = async (secret: string): Promise<Visitor | undefined> => {
		const [digest, now] = [digestOf(secret), clock()];
		const session = await store.findSession(digest);
		if (session === undefined) return undefined;
		const { madeAt, usedAt, administratorId, name } = session;
		if (now - madeAt >= config.sessionMaxMs || now - usedAt >= config.sessionIdleMs) return undefined;
		if (now - usedAt >= SESSION_NOTED_MS) await store.touchSession(digest, now);
		return { kind: "administrator", id: administratorId, name, secret };
	};

	const byToken = async (token: string): Promise<Visitor> => {
		const found = isSecret(token, TOKEN_PREFIX) ? await store.findToken(digestOf(token)) : undefined;
		if (found === undefined) return { kind: "stranger" };
		const now = clock();
		if (found.usedAt === null || now - found.usedAt >= TOKEN_NOTED_MS) await store.touchToken(found.id, now);
		return { kind: "token", project: found.project };
	};

	return async (request) => {
		const token = bearerOf(request);
		if (token !== undefined) return byToken(token);
		const secret = readCookie(request, "et_session");
		const found = secret === undefined ? undefined : await bySession(secret);
		if (found !== undefined) return found;
		hasAdministrator ||= await store.hasAdministrator();
		return !hasAdministrator && isLocal(request) ? { kind: "local" } : { kind: "stranger" };
	};
}

/** Other kinds of authorization are for whoever stands before this server. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
	return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
}

const LOCAL_HOST = /^(localhost|([a-z0-9-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/**
 * From this machine, and asked for by a name of this machine: a page of another site that has its own name point here,
 * and a proxy here that lets others in, are not.
 */
function isLocal(request: FastifyRequest): boolean {
	if (!LOOPBACK.has(request.ip ?? "") || FORWARDED.some((name) => name in request.headers)) return false;
	const host = (request.headers.host ?? "").replace(/:\d*$/, "");
	return LOCAL_HOST.test(host);
}
