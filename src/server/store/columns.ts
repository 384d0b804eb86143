/** What of a report stands in columns of its own, so that it is found and counted without its JSON. */
import type { EventRecord, StoredReport } from "./types.js";

export function columnsOf(
	report: StoredReport,
): Pick<EventRecord, "command" | "version" | "outcome" | "test" | "wallSeconds"> {
	return {
		command: report.command ?? null,
		version: report.version ?? null,
		outcome: report.outcome ?? null,
		test: report.test ?? false,
		wallSeconds: report.wall_s ?? null,
	};
}
