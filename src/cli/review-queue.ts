/**
 * The reports that are looked at one after another. Of each only its id and its places are kept, so that memory stays
 * small however many wait; the report itself is read anew each time, since others may change it meanwhile.
 */
import { gone, isGone } from "../spool/gone.js";
import type { SpoolFolders } from "../spool/layout.js";
import { readEntry } from "../spool/read.js";
import { segmentEntries } from "../spool/segments.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import { type Listing, list } from "./pending-list.js";

interface Place {
	name: string;
	segment: string | null;
}

export interface Item {
	id: string;
	/** Where its copies are: more than one only where a command died. */
	places: Place[];
}

/** All that is meant, in the order of time, as it is now. */
export function queueOf(listing: Listing): Item[] {
	const items = new Map<string, Item>();
	list(listing, ({ name, segment, envelope }) => {
		const { id } = envelope.report;
		const item = items.get(id) ?? { id, places: [] };
		item.places.push({ name, segment });
		items.set(id, item);
	});
	return [...items.values()];
}

function entryAt(folders: SpoolFolders, { name, segment }: Place): WaitingEntry | null {
	if (segment !== null) {
		for (const entry of segmentEntries(folders, segment)) if (entry.name === name) return entry;
		return null;
	}
	const reading = readEntry(folders.new, name);
	return reading.state === "read" ? { ...reading.entry, segment } : null;
}

/** The copies of a report, there where they were; where they have moved, wherever they are now. */
export function copiesOf(folders: SpoolFolders, item: Item): WaitingEntry[] {
	const graves = gone(folders);
	const alive = item.places.flatMap((place) => {
		const entry = isGone(graves, item.id, place.name) ? null : entryAt(folders, place);
		return entry?.envelope.report.id === item.id ? [entry] : [];
	});
	if (alive.length > 0 && alive.length === item.places.length) return alive;
	const found: WaitingEntry[] = [];
	for (const entry of waiting(folders)) if (entry.envelope.report.id === item.id) found.push(entry);
	item.places = found.map(({ name, segment }) => ({ name, segment }));
	return found;
}
