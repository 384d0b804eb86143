/** What became of a report, in words, as JSON, and as an exit code. */
import type { EnqueueResult } from "../client/result.js";
import { EXIT_CODES } from "./exit-codes.js";
import { wirePath } from "./report-json.js";

export function exitCodeOf(result: EnqueueResult): number {
	if (result.status === "queued") return EXIT_CODES.ok;
	return result.status === "dropped" ? EXIT_CODES.dropped : EXIT_CODES.notConsented;
}

/** One line for an author. */
export function inWords(result: EnqueueResult): string {
	if (result.status === "not_consented") return `not kept, since the user has not agreed (${result.reason})`;
	if (result.status === "dropped") return `not kept (${result.reason}: ${result.detail})`;
	const stripped = result.stripped.map(wirePath).join(", ");
	return `kept as ${result.id}${stripped === "" ? "" : `; left out: ${stripped}`}`;
}

export function resultJson(result: EnqueueResult): string {
	if (result.status !== "queued") return JSON.stringify(result);
	const { status, id, runId, path, stripped } = result;
	return JSON.stringify({ status, id, run_id: runId, path, stripped: stripped.map(wirePath) });
}
