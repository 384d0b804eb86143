/**
 * Forms: small bodies of a browser, taken only from a page of this server that was given to this browser. What the
 * browser says of where a form comes from is looked at first; then a key that only this browser's pages have.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { MAX_FORM_BYTES } from "../config.js";
import type { Bodies } from "../http/bodies.js";
import { Refusal } from "../http/refusal.js";
import { readCookie, setCookie } from "./cookies.js";
import { formKeyOf, isSame, newSecret } from "./secrets.js";
import { visitorOf } from "./visitor.js";

/** The field that holds the key. */
export const FORM_KEY = "form";

/** Has a scope read forms, and bodies of no other type. */
export function readForms(scope: FastifyInstance, bodies: Bodies): void {
	bodies.readIn(scope, "application/x-www-form-urlencoded", MAX_FORM_BYTES);
	scope.addHook("onRequest", async (request) => {
		if (request.method === "POST") refuseOtherSite(request);
	});
}

/**
 * The key for the forms of a page: the session's, or one of a cookie of its own where nobody is logged in.
 */
export function formKey(request: FastifyRequest, reply: FastifyReply): string {
	const visitor = visitorOf(request);
	if (visitor.kind === "administrator") return formKeyOf(visitor.secret);
	const known = readCookie(request, "et_visit");
	if (known !== undefined) return formKeyOf(known);
	const secret = newSecret();
	setCookie(reply, "et_visit", secret);
	return formKeyOf(secret);
}

/** The fields of a form. @throws Refusal `not_allowed` for one that this server did not give to this browser */
export function readForm(request: FastifyRequest): URLSearchParams {
	const fields = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString("utf8") : "");
	const visitor = visitorOf(request);
	const secret = visitor.kind === "administrator" ? visitor.secret : readCookie(request, "et_visit");
	if (secret === undefined || !isSame(fields.get(FORM_KEY) ?? "", formKeyOf(secret))) {
		throw new Refusal(
			"not_allowed",
			"This form is not one that this browser was just given, or cookies are off. Nothing was changed. Go back, load the page again, and try once more.",
		);
	}
	return fields;
}

/** A browser that says so sends a form of another site; one that says nothing is held to the key alone. */
function refuseOtherSite({ headers, host }: FastifyRequest): void {
	const site = headers["sec-fetch-site"];
	if (site !== undefined ? site === "same-origin" : isOwnOrigin(headers.origin, host)) return;
	throw new Refusal(
		"not_allowed",
		"This form comes from another site, or a proxy does not hand on the Host that the browser asked for. Nothing was changed.",
	);
}

function isOwnOrigin(origin: string | undefined, host: string): boolean {
	if (origin === undefined) return true;
	return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
