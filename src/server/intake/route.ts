/** `POST /v1/batches`: from a request to its answer. */
import type { FastifyInstance } from "fastify";
import { BATCHES_PATH, type WireAnswer } from "../../report/wire.js";
import type { Clock, ServerConfig } from "../config.js";
import type { Store } from "../store/types.js";
import { answer, clockSkew, judgeReport, openBatch, readLost } from "./batch.js";
import { bodyEncoding, readJson } from "./body.js";
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
		if (!Buffer.isBuffer(request.body)) throw unsupportedMediaType();
		const encoding = bodyEncoding(request.headers["content-encoding"]);
		const value = await readJson(request.body, encoding, config.maxInflatedBytes);
		return takeBatch(store, value, receivedAtMs, config.maxReports);
	});
}

/** Judges and stores a batch; answers once everything accepted is on disk. */
async function takeBatch(store: Store, value: unknown, receivedAtMs: number, maxReports: number): Promise<WireAnswer> {
	const batch = openBatch(value, maxReports);
	const skewMs = clockSkew(batch.sentAtMs, receivedAtMs);
	const judged = batch.reports.map((report) => judgeReport(report, receivedAtMs, skewMs));
	const results = await store.insertBatch({
		events: judged.flatMap((report) => ("record" in report ? [report.record] : [])),
		lost: readLost(batch.lost, receivedAtMs),
	});
	return answer(judged, results);
}

export function unsupportedMediaType(): Refusal {
	return new Refusal(
		"unsupported_media_type",
		"The body's Content-Type is not application/json. Nothing was stored. Send JSON, and say so.",
	);
}
