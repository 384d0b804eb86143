/** `GET /metrics`: how the server does, for Prometheus. The only file that knows prom-client. */
import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { BATCHES_PATH, ERASURES_PATH } from "../../report/wire.js";
import type { Store } from "../store/types.js";

export const METRICS_PATH = "/metrics";

/** Seconds: from an answer out of memory to one that waited for a busy disk. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What is judged at a route, with an ingest key or without. */
function judgedAt(route = NO_ROUTE): "report" | "erasure" | undefined {
	if (route.endsWith(BATCHES_PATH)) return "report";
	return route.endsWith(ERASURES_PATH) ? "erasure" : undefined;
}

/** What an address that there is not is called: names of a stranger's choice would be without end. */
const NO_ROUTE = "none";

/**
 * Adds the page and what it counts. Labels are of closed sets: routes of ours, methods, statuses, verdicts and codes;
 * nothing tells of a project, a run or an address.
 */
export function addMetrics(app: FastifyInstance, store: Store): void {
	const registers = [new Registry()];
	const [registry] = registers as [Registry];
	collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
	const requests = new Counter({
		name: "et_http_requests_total",
		help: "Requests that were answered, by route, method and status.",
		labelNames: ["route", "method", "status"],
		registers,
	});
	const durations = new Histogram({
		name: "et_http_request_duration_seconds",
		help: "Time from a request's headers to the end of its answer, in seconds.",
		labelNames: ["route"],
		buckets: DURATIONS,
		registers,
	});
	const verdicts = new Counter({
		name: "et_verdicts_total",
		help: "Verdicts that were given, on reports and on erasures; a code tells why one was rejected.",
		labelNames: ["of", "verdict", "code"],
		registers,
	});
	new Gauge({
		name: "et_store_up",
		help: "Whether the database answers: 1 or 0.",
		registers,
		async collect() {
			this.set(
				await store.check().then(
					() => 1,
					() => 0,
				),
			);
		},
	});

	app.addHook("onResponse", async (request, reply) => {
		const route = request.is404 ? NO_ROUTE : (request.routeOptions.url ?? NO_ROUTE);
		requests.inc({ route, method: request.method, status: reply.statusCode });
		durations.observe({ route }, reply.elapsedTime / 1000);
	});
	app.addHook("preSerialization", async (request, _reply, payload) => {
		const of = judgedAt(request.routeOptions.url);
		if (of !== undefined && hasVerdicts(payload)) {
			for (const { verdict, code = "" } of payload.verdicts) verdicts.inc({ of, verdict, code });
		}
		return payload;
	});
	app.get(METRICS_PATH, async (_request, reply) =>
		reply
			.type(registry.contentType)
			.header("cache-control", "no-store")
			.send(await registry.metrics()),
	);
}

function hasVerdicts(payload: unknown): payload is { verdicts: { verdict: string; code?: string }[] } {
	return typeof payload === "object" && payload !== null && "verdicts" in payload && Array.isArray(payload.verdicts);
}
