/** `POST /v1/batches` and `POST /v1/erasures`: from a request to its answer. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BATCHES_PATH, ERASURES_PATH, type WireAnswer, type WireErasureAnswer } from "../../report/wire.js";
import type { Clock, ServerConfig } from "../config.js";
import type { Store } from "../store/types.js";
import { answer, clockSkew, judgeReport, openBatch, readLost } from "./batch.js";
import { bodyEncoding, readJson } from "./body.js";
import { answerErasures, judgeErasure, openErasures } from "./erasures.js";
import { Refusal } from "./refusal.js";

export interface IntakeOptions {
	store: Store;
	clock: Clock;
	config: ServerConfig;
}

/** Adds the intake to the server. Bodies arrive as bytes: what they are is read here, within bounds. */
export function addIntake(app: FastifyInstance, { store, clock, config }: IntakeOptions): void {
	app.removeAllContentTypeParsers();
	app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

	app.post(BATCHES_PATH, async (request): Promise<WireAnswer> => {
		const receivedAtMs = clock();
		return takeBatch(store, await readBody(request, config), receivedAtMs, config.maxReports);
	});

	app.post(ERASURES_PATH, async (request): Promise<WireErasureAnswer> => {
		const receivedAtMs = clock();
		return takeErasures(store, await readBody(request, config), receivedAtMs, config.maxErasures);
	});
}

async function readBody(request: FastifyRequest, config: ServerConfig): Promise<unknown> {
	if (!Buffer.isBuffer(request.body)) throw unsupportedMediaType();
	return readJson(request.body, bodyEncoding(request.headers["content-encoding"]), config.maxInflatedBytes);
}

/** Judges and stores a batch; answers once everything accepted is on disk. */
export async function takeBatch(
	store: Store,
	value: unknown,
	receivedAtMs: number,
	maxReports: number,
): Promise<WireAnswer> {
	const batch = openBatch(value, maxReports);
	const skewMs = clockSkew(batch.sentAtMs, receivedAtMs);
	const judged = batch.reports.map((report) => judgeReport(report, receivedAtMs, skewMs));
	const results = await store.insertBatch({
		events: judged.flatMap((report) => ("record" in report ? [report.record] : [])),
		lost: readLost(batch.lost, receivedAtMs),
	});
	return answer(judged, results);
}

/** Judges erasures and has them done; answers once what was asked for is gone. */
async function takeErasures(
	store: Store,
	value: unknown,
	receivedAtMs: number,
	maxErasures: number,
): Promise<WireErasureAnswer> {
	const judged = openErasures(value, maxErasures).map((erasure) =>
		judgeErasure(erasure, { at: receivedAtMs, receipt: randomUUID() }),
	);
	const records = judged.flatMap((erasure) => ("record" in erasure ? [erasure.record] : []));
	return answerErasures(judged, await store.erase(records), receivedAtMs);
}

export function unsupportedMediaType(): Refusal {
	return new Refusal(
		"unsupported_media_type",
		"The body's Content-Type is not application/json. Nothing was stored or erased. Send JSON, and say so.",
	);
}
