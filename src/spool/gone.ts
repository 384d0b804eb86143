/**
 * Tombstones: ids of reports that are no more, although a segment may still hold their bytes, and names of copies that
 * another one stands for. Each writer has files of its own, so that a drop or a withdrawal needs no lease and covers
 * the loose copy and the folded one alike.
 */
import { statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, writeDurably } from "../document/durable.js";
import type { SpoolFolders } from "./layout.js";
import { LineFile, lineFiles, readLines } from "./line-file.js";

interface GoneLine {
	/** Reports, wherever their copies are. */
	ids?: string[];
	/** Single copies, by the names of their files, loose or folded. */
	names?: string[];
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

	close(): void {
		this.file.close();
	}
}

/**
 * Buries copies for which others stand now, all at once: the file is there with all of them or not at all.
 *
 * @param writer a name that no other file of tombstones has
 * @throws the system's error; then they are not gone
 */
export function buryCopies(folders: SpoolFolders, writer: string, names: readonly string[]): void {
	makeFolder(folders.gone);
	const file = `${writer}.jsonl`;
	const line = JSON.stringify({ names: [...names] } satisfies GoneLine);
	writeDurably(join(folders.tmp, `gone-${file}`), join(folders.gone, file), `${line}\n`);
}

/** What is buried. */
export interface Gone {
	/** Ids of reports, wherever their bytes still are. */
	all: Set<string>;
	/** Names of copies that others stand for. */
	replaced: Set<string>;
}

/** All that is gone. Never throws. */
export function gone(folders: SpoolFolders): Gone {
	const found: Gone = { all: new Set(), replaced: new Set() };
	for (const { ids = [], names = [] } of readLines<GoneLine>(folders.gone)) {
		for (const id of ids) found.all.add(id);
		for (const name of names) found.replaced.add(name);
	}
	return found;
}

/** Whether one copy of a report is gone: with all others, or by itself. */
export function isGone({ all, replaced }: Gone, id: string, name: string): boolean {
	return all.has(id) || replaced.has(name);
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
