/** All that waits, wherever it is: loose files and segments as one, each report once, without what is gone. */

import { gone } from "./gone.js";
import type { SpoolFolders } from "./layout.js";
import { countReports, type Entry, entries, NAME_WINDOW } from "./read.js";
import { foldedEntries } from "./segments.js";

/** A report that waits, and the segment that holds it; null where it has a file of its own. */
export interface WaitingEntry extends Entry {
	segment: string | null;
}

/** Folded reports first, which are the older ones, then the loose ones, each in the order of time. */
export function* waiting(folders: SpoolFolders, window = NAME_WINDOW): Generator<WaitingEntry> {
	const { all, folded } = gone(folders);
	for (const entry of foldedEntries(folders)) if (!folded.has(entry.envelope.report.id)) yield entry;
	for (const entry of entries(folders.new, window)) {
		if (!all.has(entry.envelope.report.id)) yield { ...entry, segment: null };
	}
}

/** How many reports wait. */
export function countWaiting(folders: SpoolFolders): number {
	const { folded } = gone(folders);
	let count = countReports(folders.new).count;
	for (const entry of foldedEntries(folders)) if (!folded.has(entry.envelope.report.id)) count++;
	return count;
}
