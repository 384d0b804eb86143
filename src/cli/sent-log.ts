/** The log of what left, a report a line: where to, when, and what its server said. */
import type { Verdict } from "../report/wire.js";
import { type JournalReport, journalLines } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import { requestEntries } from "../spool/requests.js";

export interface SentReport extends JournalReport {
	/** When it was last in a request, ISO 8601, UTC. */
	at: string;
	/** Where to: a server, or `export` for a file that was carried away. */
	endpoint: string;
	/** What was said of it last; null where no answer spoke of it: it may have left. */
	verdict: Verdict | null;
	answered_at: string | null;
	/** Whether its user has asked for its run to be erased, and whether the server has done it. */
	erasure: "asked" | "erased" | null;
}

/** What stays said of a report, whatever is said of a copy that was sent once more. */
const LASTING: readonly (Verdict | null)[] = ["accepted", "duplicate", "erased"];

const UNANSWERED = { verdict: null, answered_at: null } as const;

/** What became of the erasure of runs. */
function erasures(folders: SpoolFolders): Map<string, "asked" | "erased"> {
	const found = new Map<string, "asked" | "erased">();
	for (const { request } of requestEntries(folders)) {
		if (request.kind !== "erase") continue;
		if (request.verdict === "erased") found.set(request.run_id, "erased");
		else if (request.answered_at === null && !found.has(request.run_id)) found.set(request.run_id, "asked");
	}
	return found;
}

/** All that the log holds, in the order in which it was last tried. It is bounded: what left long ago may have gone from it. */
export function sentReports(folders: SpoolFolders): SentReport[] {
	const reports = new Map<string, SentReport>();
	const asked = erasures(folders);
	for (const line of journalLines(folders)) {
		if ("tried" in line) {
			for (const report of line.tried) {
				const before = reports.get(report.id);
				// What was put off or refused may have left now.
				const { verdict, answered_at } = before && LASTING.includes(before.verdict) ? before : UNANSWERED;
				const erasure = asked.get(report.run_id) ?? null;
				reports.delete(report.id);
				reports.set(report.id, { ...report, at: line.at, endpoint: line.endpoint, verdict, answered_at, erasure });
			}
		} else {
			for (const [id, verdict] of Object.entries(line.verdicts)) {
				const report = reports.get(id);
				if (report === undefined || LASTING.includes(report.verdict)) continue;
				reports.set(id, { ...report, verdict, answered_at: line.at });
			}
		}
	}
	return [...reports.values()].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
}

/** What was said of a report, in a few words. Pure. */
export function answerOf({ verdict, erasure }: SentReport): string {
	const said = verdict ?? "may have left";
	if (erasure === null) return said;
	return erasure === "erased" ? `${said}, then erased` : `${said}, erasing`;
}
