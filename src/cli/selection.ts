/** Which of the reports that wait a command is for: named by their ids, or all, or all of a project. */
import type { SpoolFolders } from "../spool/layout.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import { usageError } from "./command.js";
import { findReports } from "./spool-view.js";

export const SELECTION_OPTIONS = {
	all: { help: "every report that waits, of every project or of the one that is named" },
	project: { value: "NAME", help: "with --all: only this project's" },
} as const;

export interface Selection {
	all: boolean;
	project: string | undefined;
	ids: readonly string[];
}

/** Every copy of what is meant, at the moment of each call. @throws EtError `ET_USAGE`, or where an id means none or several */
export function selected(command: string, folders: SpoolFolders, selection: Selection): () => Iterable<WaitingEntry> {
	const { all, project, ids } = selection;
	if (all === ids.length > 0) throw usageError(command, "Name reports by their ids, or give --all.");
	if (!all && project !== undefined) throw usageError(command, "--project goes with --all.");
	if (all) return () => only(folders, ({ envelope }) => project === undefined || envelope.report.project === project);
	const found = new Set(findReports(folders, ids).map(({ envelope }) => envelope.report.id));
	return () => only(folders, ({ envelope }) => found.has(envelope.report.id));
}

function* only(folders: SpoolFolders, isWanted: (entry: WaitingEntry) => boolean): Generator<WaitingEntry> {
	for (const entry of waiting(folders)) if (isWanted(entry)) yield entry;
}
