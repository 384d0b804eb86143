/** From a name and a password to a session, and from a session to its end. Each leaves its act in the log. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock, ServerConfig } from "../config.js";
import { clientOf } from "../http/rate.js";
import type { Addresses } from "../privacy/addresses.js";
import type { Act, ActName } from "../store/access-types.js";
import type { Store } from "../store/types.js";
import { clearCookie, readCookie, setCookie } from "./cookies.js";
import { attemptLogin, bucketOf } from "./login-limit.js";
import { isPassword } from "./passwords.js";
import { digestOf, newSecret } from "./secrets.js";
import type { LoggedIn } from "./visitor.js";

export interface SessionsOptions {
	store: Store;
	clock: Clock;
	config: ServerConfig;
	/** What may be kept of where a request comes from. */
	addresses: Addresses;
}

export type LoginResult =
	| { result: "in"; id: number; name: string }
	| { result: "wrong" }
	| { result: "blocked"; retryAfterSeconds: number };

export class Sessions {
	readonly #options: SessionsOptions;

	constructor(options: SessionsOptions) {
		this.#options = options;
	}

	/** An act of whoever is known to have asked. */
	async act(request: FastifyRequest, who: string | null, act: ActName, what: string | null = null): Promise<Act> {
		const at = this.#options.clock();
		const keeper = await this.#options.addresses.keeperAt(at);
		const { address, source } = keeper.of(request.ip, "full");
		return { at, who, act, what, source: address ?? source };
	}

	async logIn(request: FastifyRequest, reply: FastifyReply, name: string, password: string): Promise<LoginResult> {
		const verified = await this.verify(request, name, password);
		if (verified.result !== "in") return verified;
		await this.begin(request, reply, verified);
		return verified;
	}

	/** Whether name and password belong together; how often that may be asked has bounds. */
	async verify(request: FastifyRequest, name: string, password: string): Promise<LoginResult> {
		const { store, config, clock } = this.#options;
		const attempt = await attemptLogin(store, config, { client: clientOf(request), name, now: clock() });
		if (!attempt.isAllowed) {
			if (attempt.isFirst) await this.#recordFailure(request, name, "login_blocked");
			return { result: "blocked", retryAfterSeconds: attempt.retryAfterSeconds };
		}
		const found = await store.findAdministrator(name);
		if (!(await isPassword(password, found?.password)) || found === undefined) {
			await this.#recordFailure(request, name, "login_failed");
			return { result: "wrong" };
		}
		await store.forgetLogins(attempt.buckets);
		return { result: "in", id: found.id, name: found.name };
	}

	/** Begins a session under a new id, whatever the browser had before. */
	async begin(request: FastifyRequest, reply: FastifyReply, { id, name }: { id: number; name: string }): Promise<void> {
		const { store, clock, config } = this.#options;
		const [secret, before, now] = [newSecret(), readCookie(request, "et_session"), clock()];
		await store.addSession(
			{
				digest: digestOf(secret),
				administratorId: id,
				at: now,
				replaces: before === undefined ? null : digestOf(before),
				over: { madeBefore: now - config.sessionMaxMs, usedBefore: now - config.sessionIdleMs },
			},
			await this.act(request, name, "logged_in"),
		);
		setCookie(reply, "et_session", secret);
		clearCookie(reply, "et_visit");
	}

	async end(request: FastifyRequest, reply: FastifyReply, { name, secret }: LoggedIn): Promise<void> {
		await this.#options.store.removeSession(digestOf(secret), await this.act(request, name, "logged_out"));
		clearCookie(reply, "et_session");
	}

	/**
	 * Names that are not an administrator's are not written down (somebody may have typed a password there), and leave one
	 * line in a window, so that nobody fills the log.
	 */
	async #recordFailure(request: FastifyRequest, name: string, act: ActName): Promise<void> {
		const { store, clock, config } = this.#options;
		const isKnown = (await store.findAdministrator(name)) !== undefined;
		if (!isKnown) {
			const [counted] = await store.countLogin([bucketOf("unknown", act)], clock(), config.loginWindowMs);
			if (counted !== undefined && counted.count > 1) return;
		}
		await store.record(await this.act(request, null, act, isKnown ? name : null));
	}
}
