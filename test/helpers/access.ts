/** Administrators of tests, and a browser without a window: it keeps cookies and fills in forms. */
import type { ExecutionContext } from "ava";
import { hashPassword } from "../../src/server/access/passwords.js";
import { digestOf, newSecret, TOKEN_PREFIX } from "../../src/server/access/secrets.js";
import type { RunningServer, ServerOptions } from "../../src/server/serve.js";
import type { Act } from "../../src/server/store/access-types.js";
import type { Store } from "../../src/server/store/types.js";
import { testServer } from "./server.js";

export const ADA = { name: "ada", password: "correct horse battery" };

/** Cheap to compute: what is tested is not how slow it is. */
const CHEAP = { ln: 4, r: 8, p: 1 };

export function act(changes: Partial<Act> = {}): Act {
	return { at: Date.now(), who: null, act: "administrator_added", what: null, source: null, ...changes };
}

export async function addAdministrator(store: Store, { name, password } = ADA): Promise<void> {
	await store.addAdministrator({ name, password: await hashPassword(password, CHEAP) }, act({ what: name }));
}

/** Makes a token; gives what is sent. */
export async function addToken(store: Store, project: string | null): Promise<string> {
	const token = newSecret(TOKEN_PREFIX);
	await store.addToken({ name: "test", project, digest: digestOf(token), madeBy: null, at: Date.now() }, act());
	return token;
}

/** A server with an administrator. */
export async function closedServer(t: ExecutionContext, options: Partial<ServerOptions> = {}) {
	const server = await testServer(t, options);
	await addAdministrator(server.store);
	return server;
}

export interface Answer {
	status: number;
	headers: Headers;
	text: string;
	/** Where it leads, if it does. */
	location: string | null;
}

/** What a browser keeps, and what it sends. */
export class Visit {
	readonly cookies = new Map<string, string>();
	readonly #url: string;
	readonly #headers: Record<string, string>;

	constructor({ url }: Pick<RunningServer, "url">, headers: Record<string, string> = {}) {
		this.#url = url;
		this.#headers = headers;
	}

	get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
		return this.#send(path, { headers });
	}

	/** Sends fields as they are. */
	post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
		return this.#send(path, { method: "POST", body: new URLSearchParams(fields), headers });
	}

	/** Loads a page and sends its first form to `action`, with its hidden fields and some of one's own. */
	async fill(page: string, action: string, fields: Record<string, string>): Promise<Answer> {
		const { text } = await this.get(page);
		return this.post(action, { ...hiddenFields(text, action), ...fields });
	}

	logIn({ name, password } = ADA, page = "/login"): Promise<Answer> {
		return this.fill(page, "/login", { name, password });
	}

	/** A copy of it, as a thief would have. */
	copy(): Visit {
		const copy = new Visit({ url: this.#url }, this.#headers);
		for (const [name, value] of this.cookies) copy.cookies.set(name, value);
		return copy;
	}

	async #send(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Answer> {
		const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
		const headers = { ...this.#headers, ...(cookie !== "" && { cookie }), ...init.headers };
		const response = await fetch(this.#url + path, { ...init, headers, redirect: "manual" });
		for (const set of response.headers.getSetCookie()) {
			const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
			if (value === "") this.cookies.delete(name);
			else this.cookies.set(name, value);
		}
		return {
			status: response.status,
			headers: response.headers,
			text: await response.text(),
			location: response.headers.get("location"),
		};
	}
}

/** Of the form of a page that goes to an address. */
export function hiddenFields(page: string, action: string): Record<string, string> {
	const form = page.split("<form ").find((each) => each.includes(`action="${action}"`)) ?? "";
	const inputs = form.split("</form>")[0]?.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g) ?? [];
	return Object.fromEntries([...inputs].map(([, name, value]) => [name, unescaped(value ?? "")]));
}

function unescaped(text: string): string {
	return text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&");
}
