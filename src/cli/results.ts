/** What became of a report, in words and as an exit code. */
import type { EnqueueResult } from "../client/result.js";
import { EXIT_CODES } from "./exit-codes.js";

export function exitCodeOf(result: EnqueueResult): number {
	if (result.status === "queued") return EXIT_CODES.ok;
	return result.status === "dropped" ? EXIT_CODES.dropped : EXIT_CODES.notConsented;
}

/** One line for an author. */
export function inWords(result: EnqueueResult): string {
	if (result.status === "not_consented") return `not kept, since the user has not agreed (${result.reason})`;
	if (result.status === "dropped") return `not kept (${result.reason}: ${result.detail})`;
	const left = result.stripped.length === 0 ? "" : `; left out, since not declared so: ${result.stripped.join(", ")}`;
	return `kept as ${result.id}${left}`;
}
