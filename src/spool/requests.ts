/**
 * What a user asks of a server about reports that have left: erase a run, take fields out of a report. A document a
 * request; the uploader sends it and writes the answer into it. No bound of the spool touches them.
 */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import type { SpoolFolders } from "./layout.js";
import { namesOf } from "./read.js";
import { remove } from "./remove.js";

export const REQUEST_KINDS = ["erase", "redact"] as const;
export const REQUEST_VERDICTS = ["erased", "redacted", "unknown", "rejected"] as const;
/** `unknown`: the server has no such report. `rejected`: it refuses, and says why. */
export type RequestVerdict = (typeof REQUEST_VERDICTS)[number];

export interface ServerRequest {
	et: 1;
	/** A UUID: what makes re-sending harmless. */
	id: string;
	/** ISO 8601, UTC. */
	asked_at: string;
	kind: (typeof REQUEST_KINDS)[number];
	endpoint: string;
	project: string;
	run_id: string;
	/** The run's erase key: it is what entitles to the request. */
	key: string;
	/** The report to redact; null where the whole run goes. */
	report_id: string | null;
	/** Names of the wire (`platform`, `data.KEY`); none where the whole run goes. */
	fields: string[];
	/** When the server answered; null while it waits. */
	answered_at: string | null;
	verdict: RequestVerdict | null;
	/** What the server gives for the user to quote. */
	receipt: string | null;
	/** The server's words where it refused. */
	message: string | null;
}

export interface RequestEntry {
	name: string;
	request: ServerRequest;
}

function documentAt(folders: SpoolFolders, name: string): DurableJson<ServerRequest> {
	return new DurableJson(join(folders.tmp, `request-${process.pid}-${name}`), join(folders.requests, name));
}

const nameOf = ({ id, asked_at }: ServerRequest): string =>
	`${String(Date.parse(asked_at)).padStart(13, "0")}-${id}.json`;

/** Leaves a request for the uploader, or writes down what became of it. @throws the system's error */
export function keepRequest(folders: SpoolFolders, request: ServerRequest): void {
	makeFolder(folders.tmp);
	makeFolder(folders.requests);
	const name = nameOf(request);
	new LowSync<ServerRequest>(documentAt(folders, name), request).write();
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === "string";

function isRequest(value: unknown): value is ServerRequest {
	if (typeof value !== "object" || value === null) return false;
	const request = value as Record<keyof ServerRequest, unknown>;
	const texts = [request.id, request.asked_at, request.endpoint, request.project, request.run_id, request.key];
	return (
		request.et === 1 &&
		texts.every((text) => typeof text === "string") &&
		REQUEST_KINDS.includes(request.kind as ServerRequest["kind"]) &&
		[request.report_id, request.answered_at, request.verdict, request.receipt, request.message].every(isTextOrNull) &&
		Array.isArray(request.fields) &&
		request.fields.every((field) => typeof field === "string")
	);
}

/** Every request, oldest first; what can't be read is passed over. */
export function requestEntries(folders: SpoolFolders): RequestEntry[] {
	const found: RequestEntry[] = [];
	for (const name of [...namesOf(folders.requests)].sort()) {
		try {
			const request = documentAt(folders, name).read();
			if (isRequest(request)) found.push({ name, request });
		} catch {
			// Not JSON: somebody else's file.
		}
	}
	return found;
}

/** Takes a request back, or away once its user has seen the answer. */
export function removeRequest(folders: SpoolFolders, { name }: RequestEntry): void {
	remove(folders.requests, name);
}
