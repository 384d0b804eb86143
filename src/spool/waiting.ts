/** All that waits, wherever it is: loose files and segments as one, each report once, without what is gone. */

import { gone, isGone } from "./gone.js";
import type { SpoolFolders } from "./layout.js";
import { countReports, type Entry, entries, NAME_WINDOW } from "./read.js";
import { foldedEntries, type IsGone } from "./segments.js";

/** A report that waits, and the segment that holds it; null where it has a file of its own. */
export interface WaitingEntry extends Entry {
	segment: string | null;
}

/** Folded reports first, which are the older ones, then the loose ones, each in the order of time. */
export function* waiting(folders: SpoolFolders, window = NAME_WINDOW): Generator<WaitingEntry> {
	const isBuried = burialOf(folders);
	yield* foldedEntries(folders, isBuried);
	for (const entry of entries(folders.new, window)) if (!isBuried(entry)) yield { ...entry, segment: null };
}

/** Answers from the tombstones of this moment. */
function burialOf(folders: SpoolFolders): IsGone {
	const graves = gone(folders);
	return ({ name, envelope }) => isGone(graves, envelope.report.id, name);
}

/** How many reports wait. */
export function countWaiting(folders: SpoolFolders): number {
	let count = countReports(folders.new).count;
	for (const _ of foldedEntries(folders, burialOf(folders))) count++;
	return count;
}
