/** A real server on a port of its own with a SQLite file of its own, and what is sent to it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import {
	BATCHES_PATH,
	ERASURES_PATH,
	type WireAnswer,
	type WireErasureAnswer,
	type WireErasureVerdict,
	type WireError,
} from "../../src/report/wire.js";
import { type RunningServer, type ServerOptions, startServer } from "../../src/server/serve.js";
import { temporaryFolder } from "./temporary.js";

/** Starts a server that takes every project's reports unless it is told otherwise; it is closed, and its file removed, when the test ends. */
export async function testServer(
	t: ExecutionContext,
	options: Partial<ServerOptions> = {},
): Promise<RunningServer & { database: string }> {
	const database = options.database ?? join(temporaryFolder(t), "et.sqlite");
	const config = { openIntake: true, ...options.config };
	const server = await startServer({ port: 0, ...options, config, database });
	t.teardown(() => server.close());
	return { ...server, database };
}

/** A UUIDv7 of a time, otherwise random. */
export function uuid(ms = Date.now()): string {
	const bytes = randomBytes(16);
	bytes.writeUIntBE(ms, 0, 6);
	bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
	bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
	return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function randomRunId(): string {
	return randomBytes(16).toString("hex");
}

/** A report with ids of its own; `changes` may break it. */
export function wireReport(
	changes: Record<string, unknown> = {},
): Record<string, unknown> & { id: string; run_id: string } {
	return {
		id: uuid(),
		run_id: randomRunId(),
		event: "end",
		project: "dunovo",
		command: "align",
		version: "2.1.0",
		occurred_at: "2026-01-31T12:00:00.000Z",
		outcome: "ok",
		wall_s: 12.5,
		...changes,
	};
}

/** A batch of reports; `changes` may break it. */
export function wireBatch(reports: readonly unknown[], changes: Record<string, unknown> = {}): Record<string, unknown> {
	return { wire: 1, sent_at: new Date().toISOString(), lost: [], reports, ...changes };
}

export interface Posted<Answer = WireAnswer> {
	status: number;
	headers: Headers;
	body: Answer & WireError;
}

/** Posts a body of a batch as it is. */
export function postBytes(
	url: string,
	body: string | Uint8Array<ArrayBuffer>,
	headers: Record<string, string> = {},
): Promise<Posted> {
	return postTo(`${url}${BATCHES_PATH}`, body, headers);
}

/** Posts a body of erasures as it is. */
export function postErasureBytes(
	url: string,
	body: string | Uint8Array<ArrayBuffer>,
	headers: Record<string, string> = {},
): Promise<Posted<WireErasureAnswer>> {
	return postTo(`${url}${ERASURES_PATH}`, body, headers);
}

async function postTo<Answer>(
	address: string,
	body: string | Uint8Array<ArrayBuffer>,
	headers: Record<string, string>,
): Promise<Posted<Answer>> {
	const response = await fetch(address, {
		method: "POST",
		headers: { "content-type": "application/json", ...headers },
		body,
	});
	return { status: response.status, headers: response.headers, body: (await response.json()) as Answer & WireError };
}

/** Asks for erasures that are none of the test's mistakes, and gives the verdicts. */
export async function erase(url: string, ...erasures: readonly unknown[]): Promise<WireErasureVerdict[]> {
	const posted = await postErasureBytes(url, JSON.stringify({ wire: 1, erasures }));
	if (posted.status !== 200) throw new Error(`erasures were answered ${posted.status} ${posted.body.error.code}`);
	return posted.body.verdicts;
}

/** A run as its user knows it: its erase key, and the id that follows from it. */
export function newRun(): { key: string; runId: string } {
	const key = eraseKey(randomBytes(16));
	return { key, runId: runIdOf(key) };
}

/** Posts a value as JSON. */
export function post(url: string, value: unknown): Promise<Posted> {
	return postBytes(url, JSON.stringify(value));
}

/** What was said of each report, in order: `accepted`, or `rejected:invalid_report`. */
export function verdicts({ body }: Posted): string[] {
	return body.verdicts.map(({ verdict, code }) => (code === undefined ? verdict : `${verdict}:${code}`));
}
