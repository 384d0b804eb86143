/** The addresses of logging in and out, of the first set-up, and of what administrators do. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { NAME_PATTERN } from "../../report/limits.js";
import { ACTS_PER_PAGE, type Clock, type ServerConfig } from "../config.js";
import type { Bodies } from "../http/bodies.js";
import { Refusal } from "../http/refusal.js";
import { actsPage, passwordPage, REVOKE_PATH, type TokensView, tokensPage } from "../pages/access/admin.js";
import { loginPage, noAdministratorPage, setupPage, setupRefusedPage } from "../pages/access/login.js";
import { ACTS_PATH, LOGOUT_PATH, PASSWORD_PATH, TOKENS_PATH } from "../pages/layout.js";
import { sendPage } from "../pages/route.js";
import type { Addresses } from "../privacy/addresses.js";
import type { Store } from "../store/types.js";
import { formKey, readForm, readForms } from "./forms.js";
import { NAME_RULE, toName } from "./names.js";
import { LOGIN_PATH, safeNext } from "./next.js";
import { hashPassword, weakness } from "./passwords.js";
import { digestOf, newSecret, TOKEN_PREFIX } from "./secrets.js";
import { type LoginResult, Sessions } from "./sessions.js";
import { SETUP_PATH, setupDigest } from "./setup.js";
import { type LoggedIn, visitorOf } from "./visitor.js";

export interface AccessOptions {
	store: Store;
	clock: Clock;
	config: ServerConfig;
	bodies: Bodies;
	addresses: Addresses;
}

interface Room extends AccessOptions {
	sessions: Sessions;
}

type Query = { Querystring: Record<string, unknown> };

export function addAccess(app: FastifyInstance, options: AccessOptions): void {
	const sessions = new Sessions(options);
	const room: Room = { ...options, sessions };
	app.register(async (scope) => {
		readForms(scope, options.bodies);
		addLogin(scope, room);
		addSetup(scope, room);
		addTokens(scope, room);
		addActs(scope, room);
		addPassword(scope, room);
	});
}

function addLogin(app: FastifyInstance, { store, sessions }: Room): void {
	app.get<Query>(LOGIN_PATH, async (request, reply) => {
		const next = safeNext(request.query["next"]);
		if (visitorOf(request).kind === "administrator") return reply.redirect(next, 303);
		if (!(await store.hasAdministrator())) return sendPage(reply, 200, noAdministratorPage());
		return sendPage(reply, 200, loginPage({ key: formKey(request, reply), next }));
	});

	app.post(LOGIN_PATH, async (request, reply) => {
		const form = readForm(request);
		const [name, next] = [toName(form.get("name") ?? "") ?? "", safeNext(form.get("next"))];
		const login = await sessions.logIn(request, reply, name, form.get("password") ?? "");
		if (login.result === "in") return reply.redirect(next, 303);
		const { status, wrong } = refusedLogin(login, reply);
		return sendPage(reply, status, loginPage({ key: formKey(request, reply), next, name, wrong }));
	});

	app.post(LOGOUT_PATH, async (request, reply) => {
		const visitor = visitorOf(request);
		if (visitor.kind !== "administrator") return reply.redirect(LOGIN_PATH, 303);
		readForm(request);
		await sessions.end(request, reply, visitor);
		return reply.redirect(LOGIN_PATH, 303);
	});
}

type Refused = Exclude<LoginResult, { result: "in" }>;

function refusedLogin(login: Refused, reply: FastifyReply): { status: number; wrong: string } {
	if (login.result === "wrong") return { status: 403, wrong: "Name and password do not belong together." };
	const seconds = login.retryAfterSeconds;
	reply.header("retry-after", seconds);
	return { status: 429, wrong: `Too many attempts. Try again in ${Math.ceil(seconds / 60)} min.` };
}

function addSetup(app: FastifyInstance, { store, clock, sessions }: Room): void {
	const isOffered = async (digest: Buffer | undefined): Promise<boolean> =>
		digest !== undefined && (await store.isSetupToken(digest, clock()));

	app.get<Query>(SETUP_PATH, async (request, reply) => {
		const { token } = request.query;
		if (!(await isOffered(setupDigest(token)))) return sendPage(reply, 403, setupRefusedPage());
		return sendPage(reply, 200, setupPage({ key: formKey(request, reply), token: String(token) }));
	});

	app.post(SETUP_PATH, async (request, reply) => {
		const form = readForm(request);
		const token = form.get("token") ?? "";
		const digest = setupDigest(token);
		// Before the password is hashed, which costs more than asking.
		if (digest === undefined || !(await isOffered(digest))) return sendPage(reply, 403, setupRefusedPage());
		const name = toName(form.get("name") ?? "");
		const wrong = name === undefined ? NAME_RULE : newPasswordProblem(form, name);
		if (name === undefined || wrong !== undefined) {
			const view = { key: formKey(request, reply), token, name: name ?? "", wrong: wrong ?? NAME_RULE };
			return sendPage(reply, 422, setupPage(view));
		}
		const credentials = { name, password: await hashPassword(form.get("password") ?? "") };
		const id = await store.setUp(digest, credentials, await sessions.act(request, name, "administrator_added", name));
		if (id === undefined) return sendPage(reply, 403, setupRefusedPage());
		await sessions.begin(request, reply, { id, name });
		return reply.redirect("/", 303);
	});
}

function addTokens(app: FastifyInstance, { store, clock, sessions }: Room): void {
	const send = async (
		request: FastifyRequest,
		reply: FastifyReply,
		status: number,
		view: Partial<TokensView>,
	): Promise<FastifyReply> =>
		sendPage(reply, status, tokensPage({ ...view, key: formKey(request, reply), tokens: await store.tokens() }));

	app.get(TOKENS_PATH, async (request, reply) => send(request, reply, 200, {}));

	app.post(TOKENS_PATH, async (request, reply) => {
		const form = readForm(request);
		const { name: madeBy } = administrator(request);
		const [name, project] = [toName(form.get("name") ?? ""), (form.get("project") ?? "").trim()];
		const wrong = tokenProblem(name, project);
		if (name === undefined || wrong !== undefined) {
			return send(request, reply, 422, { name: name ?? "", project, wrong: wrong ?? NAME_RULE });
		}
		const token = newSecret(TOKEN_PREFIX);
		const kept = { name, project: project === "" ? null : project, digest: digestOf(token), madeBy, at: clock() };
		await store.addToken(kept, await sessions.act(request, madeBy, "token_made", name));
		const address = `${request.protocol}://${request.host}/v1/runs`;
		return send(request, reply, 200, { made: { name, token, address } });
	});

	app.post(REVOKE_PATH, async (request, reply) => {
		const id = readForm(request).get("id") ?? "";
		const { name } = administrator(request);
		if (/^\d{1,15}$/.test(id)) await store.revokeToken(Number(id), await sessions.act(request, name, "token_revoked"));
		return reply.redirect(TOKENS_PATH, 303);
	});
}

function tokenProblem(name: string | undefined, project: string): string | undefined {
	if (name === undefined) return NAME_RULE;
	return project === "" || NAME_PATTERN.test(project) ? undefined : "There can be no project of this name.";
}

function addActs(app: FastifyInstance, { store }: Room): void {
	app.get<Query>(ACTS_PATH, async (request, reply) => {
		const { before } = request.query;
		const isPlace = typeof before === "string" && /^\d{1,15}$/.test(before);
		const acts = await store.acts({ before: isPlace ? Number(before) : undefined, limit: ACTS_PER_PAGE + 1 });
		const page = acts.slice(0, ACTS_PER_PAGE);
		const older = acts.length > page.length ? page.at(-1)?.id : undefined;
		return sendPage(reply, 200, actsPage({ acts: page, older, isNewest: !isPlace }));
	});
}

function addPassword(app: FastifyInstance, { store, sessions }: Room): void {
	app.get(PASSWORD_PATH, async (request, reply) =>
		sendPage(reply, 200, passwordPage({ key: formKey(request, reply), name: administrator(request).name })),
	);

	app.post(PASSWORD_PATH, async (request, reply) => {
		const form = readForm(request);
		const { id, name } = administrator(request);
		const sendAgain = (status: number, wrong: string) =>
			sendPage(reply, status, passwordPage({ key: formKey(request, reply), name, wrong }));
		const wrong = newPasswordProblem(form, name);
		if (wrong !== undefined) return sendAgain(422, wrong);
		const verified = await sessions.verify(request, name, form.get("current") ?? "");
		if (verified.result !== "in") {
			const refused = refusedLogin(verified, reply);
			return sendAgain(refused.status, refused.wrong);
		}
		const credentials = { name, password: await hashPassword(form.get("password") ?? "") };
		await store.setPassword(credentials, await sessions.act(request, name, "password_changed", name));
		await sessions.begin(request, reply, { id, name });
		return reply.redirect("/", 303);
	});
}

function newPasswordProblem(form: URLSearchParams, name: string): string | undefined {
	const password = form.get("password") ?? "";
	return weakness(password, name) ?? (password === form.get("again") ? undefined : "The two passwords differ.");
}

/** The gate lets nobody else come here. */
function administrator(request: FastifyRequest): LoggedIn {
	const visitor = visitorOf(request);
	if (visitor.kind === "administrator") return visitor;
	throw new Refusal("not_allowed", "This needs an administrator. Nothing was changed.");
}
