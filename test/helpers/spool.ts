/** A spool on disk, and reports to put into it. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { buildReport } from "../../src/report/build.js";
import { eraseKey, reportId, runIdOf } from "../../src/report/ids.js";
import type { Manifest } from "../../src/report/manifest.js";
import type { ReportInput, WireReport } from "../../src/report/types.js";
import type { Envelope } from "../../src/spool/envelope.js";
import { fileName, hostHash, type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { makeFolders, put } from "../../src/spool/put.js";
import { testManifest } from "./manifest.js";
import { temporaryFolder } from "./temporary.js";

/** An empty spool, removed when the test ends. */
export function temporarySpool(t: ExecutionContext): SpoolFolders {
	const folders = spoolFolders(join(temporaryFolder(t), "spool"));
	makeFolders(folders);
	return folders;
}

export interface ReportOptions {
	given?: ReportInput;
	manifest?: Manifest;
	/** Milliseconds since the epoch. @defaultValue now */
	atMs?: number;
	/** The erase key of the run that it belongs to. @defaultValue one of its own */
	key?: string;
}

/** A report as the client makes it. */
export function testReport({ given = {}, manifest = testManifest(), atMs, key }: ReportOptions = {}): WireReport {
	const now = new Date(atMs ?? Date.now());
	const id = reportId(now.getTime(), randomBytes(10));
	const runId = runIdOf(key ?? eraseKey(randomBytes(16)));
	return buildReport(given, { manifest, id, runId, now, weight: 1 }).report;
}

export interface EnvelopeOptions extends ReportOptions {
	/** @defaultValue "flag" */
	grant?: string;
	/** What is otherwise than in any report. */
	changes?: Partial<Envelope>;
}

export function testEnvelope(options: EnvelopeOptions = {}): Envelope {
	const manifest = options.manifest ?? testManifest();
	const key = options.key ?? eraseKey(randomBytes(16));
	return {
		et: 1,
		endpoint: manifest.endpoint,
		notice: { version: manifest.notice.version, digest: "0".repeat(64) },
		grant: options.grant ?? "flag",
		hold: null,
		erase_key: key,
		report: testReport({ ...options, manifest, key }),
		...options.changes,
	};
}

function nameFor(envelope: Envelope, atMs: number): string {
	const random = randomBytes(4).toString("hex");
	return fileName({ atMs, host: hostHash("test"), pid: process.pid, runId: envelope.report.run_id, random });
}

/** Puts a report as the client does. @returns its file's name */
export function putReport(folders: SpoolFolders, options: EnvelopeOptions = {}): string {
	const envelope = testEnvelope(options);
	const atMs = options.atMs ?? Date.now();
	const random = randomBytes(4).toString("hex");
	const result = put(folders, envelope, {
		atMs,
		host: hostHash("test"),
		pid: process.pid,
		runId: envelope.report.run_id,
		random,
	});
	if (!result.ok) throw new Error(`the test's report was refused: ${result.reason} (${result.detail})`);
	return result.name;
}

/** Fills new/ with so many reports, without the fsyncs that make it last: quick, and right for a test's spool. */
export function fillSpool(folders: SpoolFolders, count: number, options: EnvelopeOptions = {}): void {
	const firstMs = options.atMs ?? Date.now() - count;
	for (let index = 0; index < count; index++) {
		const envelope = testEnvelope({ ...options, atMs: firstMs + index });
		const path = join(folders.new, nameFor(envelope, firstMs + index));
		writeFileSync(path, `${JSON.stringify(envelope)}\n`, { flag: "wx", mode: 0o600 });
	}
}

/** Puts a file of any content into new/, named as a report would be. @returns its name */
export function plantFile(folders: SpoolFolders, content: string | Uint8Array, atMs = Date.now()): string {
	const random = randomBytes(4).toString("hex");
	const name = fileName({ atMs, host: hostHash("test"), pid: process.pid, runId: "0".repeat(32), random });
	mkdirSync(folders.new, { recursive: true });
	writeFileSync(join(folders.new, name), content);
	return name;
}

/** Names in a folder, sorted; none where there is no such folder. */
export function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder).sort();
	} catch {
		return [];
	}
}
