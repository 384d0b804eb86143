/** `POST /v1/batches` and `POST /v1/erasures`, also behind an ingest key: from a request to its answer. */
import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BATCHES_PATH, ERASURES_PATH, type WireAnswer, type WireErasureAnswer } from "../../report/wire.js";
import type { Clock, ServerConfig } from "../config.js";
import type { Bodies } from "../http/bodies.js";
import { type Addresses, addressPolicyOf } from "../privacy/addresses.js";
import { KEY_PATH } from "../registry/keys.js";
import type { Registry } from "../registry/registry.js";
import type { IngestKey, Store } from "../store/types.js";
import { admit, isTaken } from "./admit.js";
import { answer, clockSkew, judgeReport, openBatch, readLost } from "./batch.js";
import { bodyEncoding, inflateWithin, parseJson, unsupportedMediaType } from "./body.js";
import { answerErasures, judgeErasure, openErasures } from "./erasures.js";
import { addKeys } from "./key.js";

export interface IntakeOptions {
	store: Store;
	registry: Registry;
	addresses: Addresses;
	clock: Clock;
	config: ServerConfig;
	bodies: Bodies;
}

const BEHIND_KEY = `${KEY_PATH}/:key`;

/** Where batches and erasures are posted. */
export const INTAKE_PATHS = {
	batches: [BATCHES_PATH, `${BEHIND_KEY}${BATCHES_PATH}`],
	erasures: [ERASURES_PATH, `${BEHIND_KEY}${ERASURES_PATH}`],
} as const;

/** Adds the intake to the server. Bodies arrive as bytes: what they are is read here, within bounds. */
export function addIntake(app: FastifyInstance, intake: IntakeOptions): void {
	const { registry, clock, config, bodies } = intake;
	bodies.readIn(app, "application/json", config.maxBodyBytes);
	const keys = addKeys(app, registry, config);

	for (const path of INTAKE_PATHS.batches) {
		app.post(path, { onRequest: keys.check }, async (request): Promise<WireAnswer> => {
			const receivedAtMs = clock();
			const from = { address: request.ip, key: keys.keyOf(request) };
			return takeBatch(intake, await readBody(request, intake), receivedAtMs, from);
		});
	}

	// Whose key was revoked may still erase: it is the run's own key that counts.
	for (const path of INTAKE_PATHS.erasures) {
		app.post(path, async (request): Promise<WireErasureAnswer> => {
			const receivedAtMs = clock();
			return takeErasures(intake, await readBody(request, intake), receivedAtMs);
		});
	}
}

async function readBody(request: FastifyRequest, intake: IntakeOptions): Promise<unknown> {
	const { config } = intake;
	if (!Buffer.isBuffer(request.body)) throw unsupportedMediaType();
	const encoding = bodyEncoding(request.headers["content-encoding"]);
	return parseJson(encoding === "gzip" ? await inflate(request, request.body, intake) : request.body, config);
}

/** What a body inflates to is not known before it is there: until then the most that it may is taken from the budget. */
async function inflate(request: FastifyRequest, body: Buffer, { config, bodies }: IntakeOptions): Promise<Buffer> {
	const share = bodies.shareOf(request);
	share.grow(config.maxInflatedBytes);
	const bytes = await inflateWithin(body, config.maxInflatedBytes);
	share.shrink(config.maxInflatedBytes - bytes.length);
	return bytes;
}

/** Whom a batch comes from. */
export interface Sender {
	/** What the connection, or a trusted proxy, names. */
	address: string;
	key: IngestKey | undefined;
}

/** Judges and stores a batch; answers once everything accepted is on disk. */
export async function takeBatch(
	{ store, registry, addresses, config }: IntakeOptions,
	value: unknown,
	receivedAtMs: number,
	{ address, key }: Sender,
): Promise<WireAnswer> {
	const batch = openBatch(value, config.maxReports);
	const skewMs = clockSkew(batch.sentAtMs, receivedAtMs);
	const judged = batch.reports.map((report) => judgeReport(report, receivedAtMs, skewMs));
	const lost = readLost(batch.lost, receivedAtMs);
	const projects = judged.flatMap((report) => ("record" in report ? [report.record.project] : []));
	const rules = await registry.rulesFor([...projects, ...lost.map(({ project }) => project)]);
	const admission = { rules, key, isOpen: config.openIntake };
	const admitted = judged.map((report) => admit(report, admission));
	const kept = await addresses.keeperAt(receivedAtMs);
	const results = await store.insertBatch({
		addressEpoch: kept.epoch,
		events: admitted.flatMap((judged) => {
			if (!("record" in judged)) return [];
			const { report, record } = judged;
			return [{ ...record, ...kept.of(address, addressPolicyOf(report, rules.get(record.project)?.manifests ?? [])) }];
		}),
		lost: lost.filter(({ project }) => isTaken(project, admission)),
	});
	return answer(admitted, results);
}

/** Judges erasures and has them done; answers once what was asked for is gone. */
async function takeErasures(
	{ store, config }: IntakeOptions,
	value: unknown,
	receivedAtMs: number,
): Promise<WireErasureAnswer> {
	const judged = openErasures(value, config.maxErasures).map((erasure) =>
		judgeErasure(erasure, { at: receivedAtMs, receipt: randomUUID() }),
	);
	const records = judged.flatMap((erasure) => ("record" in erasure ? [erasure.record] : []));
	return answerErasures(judged, await store.erase(records), receivedAtMs);
}
