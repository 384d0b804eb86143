/** Servers on loopback that do as a test tells them: well, badly, or not at all. They write down what reaches them. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createSocketServer, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import type { ExecutionContext } from "ava";
import type { WireReport } from "../../src/report/types.js";
import {
	ERASURES_PATH,
	type LostCount,
	type Verdict,
	type WireAnswer,
	type WireBatch,
	type WireErasure,
	type WireErasureAnswer,
	type WireErasures,
	type WireErasureVerdict,
	type WireError,
	type WireVerdict,
} from "../../src/report/wire.js";
import { listenUntilEnd } from "./listening.js";

/** One request, as it came in. */
export interface Received {
	path: string;
	headers: IncomingMessage["headers"];
	/** The body, inflated. */
	text: string;
	reports: WireReport[];
	lost: LostCount[];
	/** Ids of the reports, in their order. */
	ids: string[];
	/** What it asks to erase or redact. */
	erasures: WireErasure[];
}

export interface Exchange {
	received: Received;
	/** How many requests came before this one. */
	index: number;
	response: ServerResponse;
}

/** What a server does with a request. */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

export interface FaultyServer {
	url: string;
	/** Requests whose body arrived whole, in their order. */
	requests: Received[];
	/** Resolves once so many requests have arrived whole. */
	arrived(count: number): Promise<void>;
	/** How many of the requests that arrived hold a report. */
	timesSent(id: string): number;
	/** From now on, this. */
	behave(behaviour: Behaviour): void;
}

export interface TlsFiles {
	key: string;
	cert: string;
}

async function readRequest(request: IncomingMessage): Promise<Received> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const bytes = Buffer.concat(chunks);
	const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
	const { reports = [], lost = [], erasures = [] } = JSON.parse(text) as Partial<WireBatch & WireErasures>;
	const ids = reports.map(({ id }) => id);
	return { path: request.url ?? "", headers: request.headers, text, reports, lost, ids, erasures };
}

class Recorder {
	readonly requests: Received[] = [];
	private waiting: { count: number; resolve: () => void }[] = [];

	add(received: Received): void {
		this.requests.push(received);
		for (const { resolve } of this.waiting.filter(({ count }) => count <= this.requests.length)) resolve();
		this.waiting = this.waiting.filter(({ count }) => count > this.requests.length);
	}

	arrived(count: number): Promise<void> {
		if (this.requests.length >= count) return Promise.resolve();
		return new Promise((resolve) => this.waiting.push({ count, resolve }));
	}
}

/** An HTTP server; with a key and a certificate, an HTTPS one. It is closed, with its connections, when the test ends. */
export async function faultyServer(t: ExecutionContext, first: Behaviour, tls?: TlsFiles): Promise<FaultyServer> {
	const recorder = new Recorder();
	let current = first;
	const onRequest: RequestListener = async (request, response) => {
		try {
			const received = await readRequest(request);
			const index = recorder.requests.length;
			recorder.add(received);
			await current({ received, index, response });
		} catch {
			// The client is gone, or was killed in the middle of its request.
			response.destroy();
		}
	};
	const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
	const { port } = await listenUntilEnd(t, server);
	return {
		url: `${tls === undefined ? "http://127.0.0.1" : "https://localhost"}:${port}`,
		requests: recorder.requests,
		arrived: (count) => recorder.arrived(count),
		timesSent: (id) => recorder.requests.filter(({ ids }) => ids.includes(id)).length,
		behave: (behaviour) => {
			current = behaviour;
		},
	};
}

/** A server of bare sockets, for what no HTTP server does. */
export async function socketServer(
	t: ExecutionContext,
	onSocket: (socket: Socket) => void,
): Promise<{ url: string; connections: () => number }> {
	let count = 0;
	const server = createSocketServer((socket) => {
		count++;
		onSocket(socket);
	});
	const { port } = await listenUntilEnd(t, server);
	return { url: `http://127.0.0.1:${port}`, connections: () => count };
}

/** An address on loopback where nothing listens. */
export async function deadAddress(): Promise<string> {
	const server = createSocketServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return `http://127.0.0.1:${port}`;
}

/** Answers with any status, body and headers. */
export function answering(status: number, body = "", headers: Record<string, string> = {}): Behaviour {
	return ({ response }) => {
		response.writeHead(status, { "content-type": "text/html", ...headers }).end(body);
	};
}

/** Answers as our server refuses a whole batch. */
export function refusing(
	status: number,
	code: string,
	message: string,
	headers: Record<string, string> = {},
): Behaviour {
	const body: WireError = { wire: 1, error: { code, message } };
	return answering(status, JSON.stringify(body), { "content-type": "application/json", ...headers });
}

/** Answers with these verdicts. */
export function sayVerdicts(response: ServerResponse, verdicts: readonly WireVerdict[]): void {
	const answer: WireAnswer = { wire: 1, verdicts: [...verdicts] };
	response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
}

/** Answers with a verdict for each report, or none for those of which `say` says nothing. */
export function judging(say: (report: WireReport, index: number) => Omit<WireVerdict, "id"> | null): Behaviour {
	return ({ received, response }) => {
		const verdicts = received.reports.flatMap((report, index) => {
			const said = say(report, index);
			return said === null ? [] : [{ id: report.id, ...said }];
		});
		sayVerdicts(response, verdicts);
	};
}

/** Gives every report one verdict. */
export const giving = (verdict: Verdict, words: { code?: string; message?: string } = {}): Behaviour =>
	judging(() => ({ verdict, ...words }));

/** A server as it should be. */
export const accepting: Behaviour = giving("accepted");

/** Takes the request and never answers. */
export const hanging: Behaviour = () => {};

/** Answers requests to erase or redact; `say` tells what is said of each beside its id, or null for nothing. */
export function erasing(say: (erasure: WireErasure) => Partial<WireErasureVerdict> | null = () => ({})): Behaviour {
	return ({ received, response }) => {
		const verdicts = received.erasures.flatMap((erasure): WireErasureVerdict[] => {
			const said = say(erasure);
			const usual = {
				verdict: "erased",
				receipt: `receipt of ${erasure.id}`,
				events: 1,
				at: "2026-01-31T12:00:00.000Z",
			} as const;
			return said === null ? [] : [{ id: erasure.id, ...usual, ...said }];
		});
		const answer: WireErasureAnswer = { wire: 1, verdicts };
		response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
	};
}

/** One behaviour for batches, another for requests to erase or redact. */
export function eachBy(batches: Behaviour, erasures: Behaviour): Behaviour {
	return (exchange) => (exchange.received.path === ERASURES_PATH ? erasures : batches)(exchange);
}
