/** Which of the reports that wait a command is for: named by their ids, or all, or all of a project. */
import { EtError } from "../errors.js";
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

/** The ids that are meant: of what waits, and of nothing that a server has refused. @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS` */
function waitingIds(folders: SpoolFolders, given: readonly string[]): Set<string> {
	const found = findReports(folders, given);
	const refused = found.find((entry) => !("segment" in entry))?.envelope.report.id;
	if (refused === undefined) return new Set(found.map(({ envelope }) => envelope.report.id));
	throw new EtError(
		"ET_REPORT_NOT_FOUND",
		`The report ${refused} waits no more: its server has refused it. Nothing was changed. See: et show, et drop`,
	);
}

/** Every copy of what is meant, at the moment of each call. @throws EtError `ET_USAGE`, or where an id means none or several */
export function selected(command: string, folders: SpoolFolders, selection: Selection): () => Iterable<WaitingEntry> {
	const { all, project, ids } = selection;
	if (all === ids.length > 0) throw usageError(command, "Name reports by their ids, or give --all.");
	if (!all && project !== undefined) throw usageError(command, "--project goes with --all.");
	if (all) return () => only(folders, ({ envelope }) => project === undefined || envelope.report.project === project);
	const found = waitingIds(folders, ids);
	return () => only(folders, ({ envelope }) => found.has(envelope.report.id));
}

function* only(folders: SpoolFolders, isWanted: (entry: WaitingEntry) => boolean): Generator<WaitingEntry> {
	for (const entry of waiting(folders)) if (isWanted(entry)) yield entry;
}
