/** What has left of a project, as the uploader wrote it down. */
import { journalLines } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import { requestEntries } from "../spool/requests.js";

export interface Left {
	/** Reports that a server has said it has, and has not erased since. */
	delivered: number;
	/** Reports that were in a request and that no server has said it has: it may have them. */
	unanswered: number;
	/** Of these, the ids of those whose last request has no answer for them. */
	in_flight: string[];
}

/** Runs that a server has erased. */
function erasedRuns(folders: SpoolFolders): Set<string> {
	const erased = requestEntries(folders).filter(({ request }) => request.verdict === "erased");
	return new Set(erased.map(({ request }) => request.run_id));
}

/** Counts over the log that is kept, which is bounded: what left long ago may be no longer in it. */
export function leftOf(folders: SpoolFolders, project: string): Left {
	const erased = erasedRuns(folders);
	const tried = new Set<string>();
	const delivered = new Set<string>();
	const inFlight = new Set<string>();
	for (const line of journalLines(folders)) {
		if ("tried" in line) {
			for (const { id, run_id, project: of } of line.tried) {
				if (of !== project || erased.has(run_id)) continue;
				tried.add(id);
				inFlight.add(id);
			}
		} else {
			for (const [id, verdict] of Object.entries(line.verdicts)) {
				inFlight.delete(id);
				if (tried.has(id) && (verdict === "accepted" || verdict === "duplicate")) delivered.add(id);
			}
		}
	}
	const unknown = [...inFlight].filter((id) => !delivered.has(id));
	return { delivered: delivered.size, unanswered: tried.size - delivered.size, in_flight: unknown };
}
