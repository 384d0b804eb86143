/** Requests to erase or redact, as `et` leaves them. */
import { randomBytes, randomUUID } from "node:crypto";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { keepRequest, requestEntries, type ServerRequest } from "../../src/spool/requests.js";

/** A request of its own to erase a run; `changes` may make another of it. */
function eraseRequest(endpoint: string, changes: Partial<ServerRequest> = {}): ServerRequest {
	const key = changes.key ?? eraseKey(randomBytes(16));
	return {
		et: 1,
		id: randomUUID(),
		asked_at: new Date().toISOString(),
		kind: "erase",
		endpoint,
		project: "dunovo",
		run_id: runIdOf(key),
		key,
		report_id: null,
		fields: [],
		answered_at: null,
		verdict: null,
		receipt: null,
		message: null,
		...changes,
	};
}

/** Leaves such a request in a spool. */
export function askToErase(
	folders: SpoolFolders,
	endpoint: string,
	changes: Partial<ServerRequest> = {},
): ServerRequest {
	const request = eraseRequest(endpoint, changes);
	keepRequest(folders, request);
	return request;
}

/** A spool's requests, oldest first. */
export function requestsIn(folders: SpoolFolders): ServerRequest[] {
	return requestEntries(folders).map(({ request }) => request);
}
