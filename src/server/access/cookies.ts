/**
 * The cookies of browsers: the session of an administrator, and, for whoever is not logged in, what binds a form to the
 * browser that it was given to. No script sees them, and no form on another site sends them. Under https they go over
 * https alone, and `__Host-` keeps other hosts of the same domain from setting them.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { isSecret } from "./secrets.js";

type Cookie = "et_session" | "et_visit";

/** The secret in a cookie; undefined where there is none that this server could have set. */
export function readCookie(request: FastifyRequest, cookie: Cookie): string | undefined {
	const name = `${nameOf(request, cookie)}=`;
	for (const pair of (request.headers.cookie ?? "").split(";")) {
		const text = pair.trim();
		if (text.startsWith(name)) {
			const value = text.slice(name.length);
			return isSecret(value) ? value : undefined;
		}
	}
	return undefined;
}

/** It lasts as long as the browser: how long a session lasts is the server's to say. */
export function setCookie(reply: FastifyReply, cookie: Cookie, secret: string): void {
	add(reply, cookie, secret, "");
}

export function clearCookie(reply: FastifyReply, cookie: Cookie): void {
	add(reply, cookie, "", "; Max-Age=0");
}

function add(reply: FastifyReply, cookie: Cookie, value: string, more: string): void {
	const secure = isHttps(reply.request) ? "; Secure" : "";
	reply.header(
		"set-cookie",
		`${nameOf(reply.request, cookie)}=${value}; Path=/; HttpOnly; SameSite=Lax${secure}${more}`,
	);
}

function nameOf(request: FastifyRequest, cookie: Cookie): string {
	return isHttps(request) ? `__Host-${cookie}` : cookie;
}

/** Of a proxy's word counts only a trusted one's. */
function isHttps(request: FastifyRequest): boolean {
	return request.protocol === "https";
}
