/** `GET /v1/runs` and `GET /v1/events`: what is stored, for programs and tables. */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ReadingOf } from "../access/reading.js";
import type { Clock, ServerConfig } from "../config.js";
import { Refusal } from "../http/refusal.js";
import { type Column, EVENT_COLUMNS, RUN_COLUMNS } from "./columns.js";
import { CSV, type Delimited, headOf, linesOf, TSV } from "./delimited.js";
import { OPENAPI_PATH, openApi } from "./openapi.js";
import { eventRecord, runRecord } from "./records.js";
import { type Format, readEventsRequest, readRunsRequest, runsCursor } from "./request.js";
import { eventSteps, runSteps, type Step } from "./source.js";

export const RUNS_EXPORT_PATH = "/v1/runs";
export const EVENTS_EXPORT_PATH = "/v1/events";

export interface ExportsOptions {
	/** What whoever asks may read. */
	readingOf: ReadingOf;
	clock: Clock;
	config: ServerConfig;
}

/** What is given out: its table, and its form in JSON. */
interface Shape<T> {
	name: string;
	columns: readonly Column<T>[];
	record(item: T): object;
}

const RUNS = { name: "runs", columns: RUN_COLUMNS, record: runRecord };
const EVENTS = { name: "events", columns: EVENT_COLUMNS, record: eventRecord };

export function addExports(app: FastifyInstance, { readingOf, clock, config }: ExportsOptions): void {
	const description = openApi(ownVersion(), config);
	app.get(OPENAPI_PATH, async (_request, reply) => reply.send(description));

	app.get<{ Querystring: Record<string, unknown> }>(EVENTS_EXPORT_PATH, async (request, reply) => {
		const wanted = readEventsRequest(request.query);
		const steps = eventSteps(readingOf(request), wanted, clock());
		if (wanted.format !== "json") return sendStream(reply, wanted.format, EVENTS, steps);
		const { items, last } = await all(steps, request.raw.socket);
		const more = items.length === wanted.limit;
		return sendJson(reply, { events: items.map(eventRecord), cursor: String(last?.place ?? wanted.after), more });
	});

	app.get<{ Querystring: Record<string, unknown> }>(RUNS_EXPORT_PATH, async (request, reply) => {
		const wanted = readRunsRequest(request.query);
		const steps = runSteps(readingOf(request), wanted, clock());
		if (wanted.format !== "json") return sendStream(reply, wanted.format, RUNS, steps);
		const { items, last } = await all(steps, request.raw.socket);
		const more = last !== undefined && items.length === wanted.limit;
		return sendJson(reply, {
			runs: items.map(runRecord),
			cursor: more ? runsCursor(last.asOf, last.place) : null,
			more,
		});
	});
}

function ownVersion(): string {
	return JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8")).version;
}

/**
 * A page of JSON has a limit of its own, so that what it is made of fits into memory. Where few are wanted of many, it
 * takes long to find them: for nobody, once who asked has gone.
 */
async function all<T, S extends Step<T>>(
	steps: AsyncIterable<S & Step<T>>,
	asker: { readonly destroyed: boolean },
): Promise<{ items: T[]; last: S | undefined }> {
	const items: T[] = [];
	let last: S | undefined;
	for await (const step of steps) {
		items.push(...step.items);
		last = step;
		if (asker.destroyed) break;
	}
	return { items, last };
}

function sendJson(reply: FastifyReply, value: object): FastifyReply {
	return reply.header("cache-control", "no-store").send(value);
}

const TYPES: Readonly<Record<Exclude<Format, "json">, string>> = {
	ndjson: "application/x-ndjson; charset=utf-8",
	csv: "text/csv; charset=utf-8; header=present",
	tsv: "text/tab-separated-values; charset=utf-8",
	parquet: "application/vnd.apache.parquet",
};

/** What fails on the way breaks the answer off, so that nobody takes a part for all. */
async function sendStream<T>(
	reply: FastifyReply,
	format: Exclude<Format, "json">,
	shape: Shape<T>,
	steps: AsyncGenerator<Step<T>>,
): Promise<FastifyReply> {
	const chunks = await chunksOf(format, shape, steps);
	const { value: first = "", done } = await chunks.next();
	const rest = async function* (): AsyncGenerator<string | Uint8Array> {
		yield first;
		if (!done) yield* chunks;
	};
	return reply
		.header("cache-control", "no-store")
		.header("content-disposition", `attachment; filename="et-${shape.name}.${format}"`)
		.type(TYPES[format])
		.send(Readable.from(rest(), { objectMode: false }));
}

async function chunksOf<T>(
	format: Exclude<Format, "json">,
	shape: Shape<T>,
	steps: AsyncGenerator<Step<T>>,
): Promise<AsyncGenerator<string | Uint8Array>> {
	switch (format) {
		case "ndjson":
			return ndjson(shape, steps);
		case "csv":
			return delimited(CSV, shape, steps);
		case "tsv":
			return delimited(TSV, shape, steps);
		case "parquet":
			return (await parquetWriter()).parquetOf(shape.columns, steps);
	}
}

/** Loaded when it is wanted, since its package is one that a server may be without. */
async function parquetWriter() {
	try {
		return await import("./parquet.js");
	} catch (cause) {
		throw new Refusal(
			"format_unavailable",
			"Parquet needs a package that is not installed on this server: hyparquet-writer. Ask for ndjson or csv.",
			{ cause },
		);
	}
}

async function* ndjson<T>({ record }: Shape<T>, steps: AsyncIterable<Step<T>>): AsyncGenerator<string> {
	for await (const { items } of steps) {
		if (items.length > 0) yield items.map((item) => `${JSON.stringify(record(item))}\n`).join("");
	}
}

async function* delimited<T>(
	form: Delimited,
	{ columns }: Shape<T>,
	steps: AsyncIterable<Step<T>>,
): AsyncGenerator<string> {
	yield headOf(form, columns);
	for await (const { items } of steps) {
		if (items.length > 0) yield linesOf(form, columns, items);
	}
}
