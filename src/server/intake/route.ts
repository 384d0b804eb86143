/** `POST /v1/batches` and `POST /v1/erasures`: from a request to its answer. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BATCHES_PATH, ERASURES_PATH, type WireAnswer, type WireErasureAnswer } from "../../report/wire.js";
import type { Clock, ServerConfig } from "../config.js";
import type { Bodies } from "../http/bodies.js";
import type { Store } from "../store/types.js";
import { answer, clockSkew, judgeReport, openBatch, readLost } from "./batch.js";
import { bodyEncoding, readJson, unsupportedMediaType } from "./body.js";
import { answerErasures, judgeErasure, openErasures } from "./erasures.js";

export interface IntakeOptions {
	store: Store;
	clock: Clock;
	config: ServerConfig;
	bodies: Bodies;
}

/** Adds the intake to the server. Bodies arrive as bytes: what they are is read here, within bounds. */
export function addIntake(app: FastifyInstance, { store, clock, config, bodies }: IntakeOptions): void {
	bodies.readIn(app, "application/json", config.maxBodyBytes);
	const readBody = async (request: FastifyRequest): Promise<unknown> => {
		if (!Buffer.isBuffer(request.body)) throw unsupportedMediaType();
		const encoding = bodyEncoding(request.headers["content-encoding"]);
		// What it will inflate to is not known before it is there.
		if (encoding === "gzip") bodies.shareOf(request).grow(config.maxInflatedBytes);
		return readJson(request.body, encoding, config);
	};

	app.post(BATCHES_PATH, async (request): Promise<WireAnswer> => {
		const receivedAtMs = clock();
		return takeBatch(store, await readBody(request), receivedAtMs, config.maxReports);
	});

	app.post(ERASURES_PATH, async (request): Promise<WireErasureAnswer> => {
		const receivedAtMs = clock();
		return takeErasures(store, await readBody(request), receivedAtMs, config.maxErasures);
	});
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
