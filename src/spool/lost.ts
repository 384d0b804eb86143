/**
 * Counts of what had to go: a document each time, so that no two keepers share one. It names its
 * files before they are removed; whoever finds it after a crash removes them and counts nothing
 * twice. Its id travels with the count, which so arrives once.
 */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import { Graves } from "./gone.js";
import type { SpoolFolders } from "./layout.js";
import { reportNames } from "./read.js";
import { remove } from "./remove.js";

export const LOST_REASONS = [
	"too_old",
	"too_many",
	"too_many_bytes",
	"withdrawn",
	"dropped_by_user",
	"forgotten",
] as const;
/** Why a report went that no server has. */
export type LostReason = (typeof LOST_REASONS)[number];

/** Reasons of which the author hears: the bounds' doing. What a user decides is the user's own affair. */
export const TOLD_REASONS: readonly LostReason[] = ["too_old", "too_many", "too_many_bytes"];

export interface LostDocument {
	et: 1;
	/** Random: the key that makes the count arrive once. */
	id: string;
	at: string;
	project: string;
	endpoint: string;
	/** The grant of the reports; their author hears of them only while it is the current one. */
	grant: string;
	reason: LostReason;
	count: number;
	/** Files of new/ that this count is of, and that may still be there. */
	names: string[];
	/** Ids of the reports, for tombstones: a segment may hold their bytes still. */
	ids: string[];
	/** Whether the server has acknowledged the count. */
	told: boolean;
}

export interface LostEntry {
	name: string;
	lost: LostDocument;
}

function documentAt(folders: SpoolFolders, name: string): DurableJson<LostDocument> {
	return new DurableJson(join(folders.tmp, `lost-${process.pid}-${name}`), join(folders.lost, name));
}

function write(folders: SpoolFolders, name: string, lost: LostDocument): void {
	new LowSync<LostDocument>(documentAt(folders, name), lost).write();
}

/** Removes what is counted, wherever it is, and then says that it is removed. */
function finish(folders: SpoolFolders, { name, lost }: LostEntry): void {
	bury(folders, lost);
	for (const file of lost.names) remove(folders.new, file);
	write(folders, name, { ...lost, names: [], ids: [] });
}

/** Tombstones first: a fold under way may have read the loose file already. */
function bury(folders: SpoolFolders, { id, at, ids }: LostDocument): void {
	const graves = new Graves(folders, `${String(Date.parse(at)).padStart(13, "0")}-${id}`);
	try {
		graves.bury(ids);
	} finally {
		graves.close();
	}
}

/** Writes the count, then removes what it counts. @throws the system's error */
export function lose(folders: SpoolFolders, lost: LostDocument): void {
	makeFolder(folders.lost);
	const name = `${String(Date.parse(lost.at)).padStart(13, "0")}-${lost.id}.json`;
	write(folders, name, lost);
	finish(folders, { name, lost });
}

function isLost(value: LostDocument | null): value is LostDocument {
	return value?.et === 1 && typeof value.count === "number" && Array.isArray(value.names) && Array.isArray(value.ids);
}

/** Every count there is, oldest first; what can't be read is passed over. */
export function lostEntries(folders: SpoolFolders): LostEntry[] {
	const found: LostEntry[] = [];
	for (const name of reportNames(folders.lost)) {
		try {
			const lost = documentAt(folders, name).read();
			if (isLost(lost)) found.push({ name, lost });
		} catch {
			// Not JSON: somebody else's file. It counts nothing.
		}
	}
	return found;
}

/** Finishes what a keeper that died had begun. */
export function finishLosing(folders: SpoolFolders): void {
	for (const entry of lostEntries(folders)) {
		if (entry.lost.names.length + entry.lost.ids.length > 0) finish(folders, entry);
	}
}

/** Remembers that the server has a count. */
export function markTold(folders: SpoolFolders, { name, lost }: LostEntry): void {
	write(folders, name, { ...lost, told: true });
}

/** How many went, by project and reason. */
export function lostByReason(folders: SpoolFolders): Map<string, Map<LostReason, number>> {
	const totals = new Map<string, Map<LostReason, number>>();
	for (const { lost } of lostEntries(folders)) {
		const reasons = totals.get(lost.project) ?? new Map<LostReason, number>();
		reasons.set(lost.reason, (reasons.get(lost.reason) ?? 0) + lost.count);
		totals.set(lost.project, reasons);
	}
	return totals;
}
