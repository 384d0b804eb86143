/**
 * Tombstones: ids of reports that are no more, although a segment may still hold their bytes. They
 * are appended to a file of the writer's own, so that a drop or a withdrawal needs no lease and
 * covers the loose copy and the folded one alike.
 */
import { statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { SpoolFolders } from "./layout.js";
import { LineFile, lineFiles, readLines } from "./line-file.js";

interface GoneLine {
	ids: string[];
	/** Its copies in segments alone: a loose file stands for it now. */
	folded?: true;
}

/** Buries reports for one writer. */
export class Graves {
	private readonly file: LineFile;

	/** @param writer `writerName` of this process */
	constructor(folders: SpoolFolders, writer: string) {
		this.file = new LineFile(folders.gone, writer);
	}

	/** @throws the system's error; then they are not gone */
	bury(ids: readonly string[]): void {
		if (ids.length > 0) this.file.append([{ ids } satisfies { ids: readonly string[] }]);
	}

	/** Buries the copies in segments alone. @throws the system's error; then they are not gone */
	buryFolded(ids: readonly string[]): void {
		if (ids.length > 0) this.file.append([{ ids, folded: true }]);
	}

	close(): void {
		this.file.close();
	}
}

/** What is buried, by id. */
export interface Gone {
	/** Wherever their bytes still are. */
	all: Set<string>;
	/** In segments: a loose file stands for it, or nothing does. */
	folded: Set<string>;
}

/** Ids of all reports that are gone. Never throws. */
export function gone(folders: SpoolFolders): Gone {
	const ids: Gone = { all: new Set(), folded: new Set() };
	for (const line of readLines<GoneLine>(folders.gone)) {
		for (const id of line.ids) {
			ids.folded.add(id);
			if (line.folded !== true) ids.all.add(id);
		}
	}
	return ids;
}

/** A tombstone is kept for as long as a fold that began before it could still be under way. */
const GRAVE_AGE_MS = 24 * 60 * 60 * 1000;

/** Removes tombstones that nothing can need: called where no segment is left. Never throws. */
export function clearGraves(folders: SpoolFolders, nowMs: number): void {
	for (const name of lineFiles(folders.gone)) {
		try {
			const path = join(folders.gone, name);
			if (nowMs - statSync(path).mtimeMs > GRAVE_AGE_MS) unlinkSync(path);
		} catch {
			// Another uploader cleared it.
		}
	}
}
