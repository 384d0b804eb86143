/** What of a report stands in columns of its own, so that it is found and counted without its JSON. */
import type { EventRecord, StoredReport } from "./types.js";

export function columnsOf(
	report: StoredReport,
): Pick<EventRecord, "command" | "version" | "outcome" | "test" | "wallSeconds"> {
	return {
		command: storable(report.command ?? null),
		version: storable(report.version ?? null),
		outcome: report.outcome ?? null,
		test: report.test ?? false,
		wallSeconds: report.wall_s ?? null,
	};
}

/**
 * A value as every engine can hold it. PostgreSQL refuses U+0000 in a text, and SQLite's own functions end a text there;
 * it is replaced like what is not UTF-8. In a report's JSON it is escaped, and stays.
 */
export function storable<T>(value: T): T {
	if (typeof value === "string") return (value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value) as T;
	return Array.isArray(value) ? (value.map(storable) as T) : value;
}
