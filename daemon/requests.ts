/**
 * What users ask of servers about reports that have left: erase a run, take fields out of a report. It goes after the
 * endpoint's batches, since a server must have what it is to redact, and by the same rules: what is not answered stays.
 */
import type { AskRefusal } from "../src/consent/may-ask.js";
import { systemErrorCode } from "../src/errors.js";
import { serialiseErasures } from "../src/report/serialise.js";
import { ERASURES_PATH, type WireErasure, type WireErasureVerdict } from "../src/report/wire.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { keepRequest, requestEntries, type ServerRequest } from "../src/spool/requests.js";
import { halves } from "./batch.js";
import { classifyErasures, type Outcome } from "./classify.js";
import type { Gate } from "./gate.js";
import type { Memory } from "./memory.js";
import type { Policy } from "./policy.js";
import type { Transport } from "./transport.js";

export interface RequestsOptions {
	folders: SpoolFolders;
	policy: Policy;
	now: () => Date;
	transport: Transport;
	memory: Memory;
	gate: Gate;
	/** Tries endpoints that are backing off, too. */
	evenIfNotDue: boolean;
	/** No new request after this. */
	stop: AbortSignal;
	/** Breaks a request off. */
	abort: AbortSignal;
}

/** Where requests of an endpoint are sent. A server that has no such address can still take batches, so it is held alone. */
const addressOf = (endpoint: string): string => `${endpoint}${ERASURES_PATH}`;

/** What travels of a request. */
function erasure({ id, key, kind, report_id, fields }: ServerRequest): WireErasure {
	return kind === "redact" && report_id !== null ? { id, key, report: report_id, fields } : { id, key };
}

/** A request with its answer. The key has done its work here; what it may still be of use for, keys/ has it. */
function answered(request: ServerRequest, verdict: WireErasureVerdict, at: Date): ServerRequest {
	const { code = "", message = "" } = verdict;
	return {
		...request,
		key: "",
		answered_at: at.toISOString(),
		verdict: verdict.verdict,
		receipt: verdict.receipt,
		message: message || code || null,
	};
}

function byEndpoint(folders: SpoolFolders): Map<string, ServerRequest[]> {
	const groups = new Map<string, ServerRequest[]>();
	for (const { request } of requestEntries(folders)) {
		if (request.answered_at !== null) continue;
		groups.set(request.endpoint, [...(groups.get(request.endpoint) ?? []), request]);
	}
	return groups;
}

export class Requests {
	/** That their servers have carried out, or know nothing of. */
	done = 0;
	/** That their servers will never carry out. */
	refused = 0;
	/** How many no server was asked, by what keeps them. */
	readonly kept = new Map<AskRefusal, number>();
	readonly failed: { endpoint: string; why: string }[] = [];
	/** Addresses that are backing off. */
	readonly notDue = new Set<string>();

	constructor(private readonly options: RequestsOptions) {}

	/** Sends all that waits. @param unserved endpoints that could not be served in this flush. Never rejects */
	async send(unserved: ReadonlySet<string>): Promise<void> {
		this.options.gate.refresh();
		const groups = [...byEndpoint(this.options.folders)].filter(([endpoint]) => !unserved.has(endpoint));
		await Promise.all(groups.map(([endpoint, requests]) => this.sendTo(endpoint, requests)));
	}

	private async sendTo(endpoint: string, requests: readonly ServerRequest[]): Promise<void> {
		const refusal = this.options.gate.whyNotAsk(endpoint);
		if (refusal !== null) this.kept.set(refusal, (this.kept.get(refusal) ?? 0) + requests.length);
		if (refusal !== null || !this.isDue(endpoint)) return;
		try {
			const { requestsAtOnce } = this.options.policy;
			for (let from = 0; from < requests.length; from += requestsAtOnce) {
				if (!(await this.ask(endpoint, requests.slice(from, from + requestsAtOnce)))) return;
			}
		} catch (error) {
			this.failed.push({ endpoint: addressOf(endpoint), why: systemErrorCode(error) ?? String(error) });
		}
	}

	private isDue(endpoint: string): boolean {
		if (this.options.evenIfNotDue) return true;
		const waiting = [endpoint, addressOf(endpoint)].filter((address) => !this.options.memory.isDue(address));
		for (const address of waiting) this.notDue.add(address);
		return waiting.length === 0;
	}

	/** @returns whether the endpoint may be asked more */
	private async ask(endpoint: string, requests: readonly ServerRequest[]): Promise<boolean> {
		if (this.options.stop.aborted) return false;
		const outcome = await this.request(endpoint, requests);
		switch (outcome.kind) {
			case "verdicts":
				return this.settle(endpoint, requests, outcome.verdicts);
			case "too_large":
				return this.split(endpoint, requests);
			case "malformed":
				return this.fail(addressOf(endpoint), `it does not understand: ${outcome.message || outcome.code}`, null, true);
			case "try_later":
				return this.fail(endpoint, outcome.why, outcome.retryAfterMs, false);
			case "stranger":
				return this.fail(addressOf(endpoint), outcome.why, null, true);
		}
	}

	private async request(endpoint: string, requests: readonly ServerRequest[]): Promise<Outcome<WireErasureVerdict>> {
		const { transport, abort, now, policy } = this.options;
		const exchange = await transport.send(addressOf(endpoint), serialiseErasures(requests.map(erasure)), abort);
		return classifyErasures(exchange, new Set(requests.map(({ id }) => id)), now().getTime(), policy);
	}

	/** Writes each answer into its request. @throws the system's error: what is not written down is asked again */
	private settle(
		endpoint: string,
		requests: readonly ServerRequest[],
		verdicts: ReadonlyMap<string, WireErasureVerdict>,
	): boolean {
		const { folders, memory, now } = this.options;
		for (const request of requests) {
			const verdict = verdicts.get(request.id);
			if (verdict === undefined) continue;
			keepRequest(folders, answered(request, verdict, now()));
			if (verdict.verdict === "rejected") this.refused++;
			else this.done++;
		}
		if (verdicts.size === 0) return this.fail(endpoint, "it answered none of the requests to erase", null, false);
		memory.succeeded(endpoint, 0, 0);
		memory.forget(addressOf(endpoint));
		return true;
	}

	private async split(endpoint: string, requests: readonly ServerRequest[]): Promise<boolean> {
		if (requests.length < 2) return this.fail(addressOf(endpoint), "one request is too large for it", null, true);
		const [first, second] = halves(requests);
		return (await this.ask(endpoint, first)) && this.ask(endpoint, second);
	}

	private fail(address: string, why: string, retryAfterMs: number | null, held: boolean): false {
		if (this.options.abort.aborted) return false;
		this.options.memory.failed(address, why, retryAfterMs, held);
		this.failed.push({ endpoint: address, why });
		return false;
	}
}
