/**
 * The only file of ET's client side that speaks to the network. One request, one {@link Exchange};
 * it never throws, every wait has a bound, and no answer is read past its bound.
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import ky from "ky";
import pRetry from "p-retry";
import { EtError } from "../src/errors.js";
import type { Answer, Exchange } from "./classify.js";
import type { Policy } from "./policy.js";

const compress = promisify(gzip);
/** Speed before size: the text is repetitive, and level 1 already makes a tenth of it. */
const GZIP_LEVEL = 1;

export interface Transport {
	/**
	 * Posts a batch, or requests to erase or redact.
	 *
	 * @param address the endpoint, and behind it the path of what is posted
	 * @param body JSON
	 * @param signal breaks the request off
	 */
	send(address: string, body: string, signal: AbortSignal): Promise<Exchange>;
	close(): Promise<void>;
}

type Fetch = (request: Request) => Promise<Response>;

const PROXY_VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];

interface Proxied {
	fetch: Fetch;
	close: () => Promise<void>;
}

interface Proxies {
	httpProxy?: string;
	httpsProxy?: string;
	noProxy?: string;
}

/** What the environment says; null where it names no proxy. @throws EtError `ET_USAGE` */
function environmentProxies(env: NodeJS.ProcessEnv): Proxies | null {
	if (!PROXY_VARIABLES.some((name) => (env[name] ?? "") !== "")) return null;
	const variable = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? "";
	return {
		...optional("httpProxy", proxyUrl("HTTP_PROXY", variable("HTTP_PROXY"))),
		...optional("httpsProxy", proxyUrl("HTTPS_PROXY", variable("HTTPS_PROXY"))),
		...optional("noProxy", variable("NO_PROXY")),
	};
}

/** The policy's proxy knows no exceptions: an empty list keeps the agent from asking NO_PROXY itself. */
const policyProxies = (proxy: string): Proxies => ({ httpProxy: proxy, httpsProxy: proxy, noProxy: "" });

/**
 * Node 20's fetch takes no notice of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; undici's agent does.
 * It is loaded only where one is set, and with its own fetch, since an agent works with no other
 * version's.
 */
async function proxied(proxies: Proxies | null, policy: Policy): Promise<Proxied | null> {
	if (proxies === null) return null;
	const { EnvHttpProxyAgent, fetch } = await import("undici");
	const connect = { timeout: policy.connectMs };
	const dispatcher = withoutWarnings(() => new EnvHttpProxyAgent({ ...proxies, connect }));
	return {
		fetch: async (request) => {
			const { url, method, redirect, signal } = request;
			const body = new Uint8Array(await request.arrayBuffer());
			const headers = Object.fromEntries(request.headers);
			return (await fetch(url, { method, headers, body, redirect, signal, dispatcher })) as unknown as Response;
		},
		close: () => dispatcher.destroy(),
	};
}

/** undici calls its agent experimental, on stderr: no news to a user. */
function withoutWarnings<T>(make: () => T): T {
	const { emitWarning } = process;
	process.emitWarning = () => {};
	try {
		return make();
	} finally {
		process.emitWarning = emitWarning;
	}
}

/** As curl reads it: without a scheme it is http. @throws EtError `ET_USAGE` where it is no address of a proxy */
function proxyUrl(name: string, value: string): string {
	if (value === "") return "";
	const url = value.includes("://") ? value : `http://${value}`;
	if (URL.canParse(url) && /^https?:/i.test(url)) return url;
	throw new EtError(
		"ET_USAGE",
		`${name} is not the address of an HTTP proxy. Nothing was sent, and nothing is lost. ` +
			"Set it to an address such as http://proxy.example.org:3128, or unset it.",
	);
}

function optional<K extends string>(key: K, value: string): Partial<Record<K, string>> {
	return value === "" ? {} : ({ [key]: value } as Record<K, string>);
}

/** Reads a body up to a bound. @returns null where there is more */
async function readBounded(response: Response, mostBytes: number): Promise<string | null> {
	if (response.body === null) return "";
	const chunks: Uint8Array[] = [];
	let total = 0;
	for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
		total += chunk.byteLength;
		// Leaving the loop cancels the stream, and with it the connection.
		if (total > mostBytes) return null;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString("utf8");
}

/** The innermost reason of a failed fetch: `ECONNREFUSED` says more than "fetch failed". */
function reasonOf(error: unknown): string {
	let inner = error;
	while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
	if (!(inner instanceof Error)) return String(inner);
	const code = "code" in inner && typeof inner.code === "string" ? inner.code : inner.name;
	return inner.message === "" || inner.message.includes(code) ? inner.message || code : `${code}: ${inner.message}`;
}

/** Codes of a connection that broke before it carried anything: a keep-alive that the server had closed. */
const BROKE_AT_ONCE = /ECONNRESET|EPIPE|UND_ERR_SOCKET|other side closed/;

/**
 * @param siteProxy of the site's policy, above the environment's; null where it names none
 * @throws EtError `ET_USAGE` where a variable names a proxy that can't be one
 */
export async function createTransport(
	env: NodeJS.ProcessEnv,
	policy: Policy,
	userAgent: string,
	siteProxy: string | null,
): Promise<Transport> {
	const proxy = await proxied(siteProxy === null ? environmentProxies(env) : policyProxies(siteProxy), policy);
	const client = ky.create({
		headers: { "user-agent": userAgent, "content-type": "application/json", accept: "application/json" },
		// One layer retries, and it is p-retry; ky never retries a POST, and is told so.
		retry: 0,
		throwHttpErrors: false,
		redirect: "manual",
		timeout: policy.requestMs,
		...(proxy === null ? {} : { fetch: proxy.fetch as typeof fetch }),
	});

	async function once(address: string, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Answer> {
		const response = await client.post(address, {
			body,
			headers: { "content-encoding": "gzip" },
			signal,
		});
		return {
			status: response.status,
			retryAfter: response.headers.get("retry-after"),
			body: await readBounded(response, policy.answerBytes),
		};
	}

	return {
		async send(address, body, signal) {
			const limited = AbortSignal.any([signal, AbortSignal.timeout(policy.requestMs)]);
			try {
				const bytes = await compress(body, { level: GZIP_LEVEL });
				const answer = await pRetry(() => once(address, bytes, limited), {
					retries: policy.quickRetries,
					minTimeout: policy.quickRetryMinMs,
					maxTimeout: policy.quickRetryMaxMs,
					maxRetryTime: policy.quickRetryTotalMs,
					randomize: true,
					signal: limited,
					shouldRetry: ({ error }) => BROKE_AT_ONCE.test(reasonOf(error)),
				});
				return { kind: "answer", answer };
			} catch (error) {
				if (signal.aborted) return { kind: "network", why: "the uploader was stopped" };
				if (limited.aborted) return { kind: "network", why: `no answer within ${policy.requestMs / 1000} s` };
				return { kind: "network", why: reasonOf(error) };
			}
		},
		async close() {
			await proxy?.close();
		},
	};
}
