/**
 * Runs that their user wants forgotten: their ids alone, so that what a script which still runs leaves of one later is
 * dropped, too. A file a writer, written before anything of the run is removed.
 */
import { statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { SpoolFolders } from "./layout.js";
import { LineFile, lineFiles, readLines } from "./line-file.js";

interface ForgottenLine {
	at: string;
	runs?: string[];
}

/** @param writer `writerName` of this process. @throws the system's error; then they are not forgotten */
export function forgetRuns(folders: SpoolFolders, writer: string, at: Date, runs: readonly string[]): void {
	if (runs.length === 0) return;
	const file = new LineFile(folders.forgotten, writer);
	try {
		file.append([{ at: at.toISOString(), runs: [...runs] } satisfies ForgottenLine]);
	} finally {
		file.close();
	}
}

/** Ids of all runs that are forgotten. Never throws. */
export function forgottenRuns(folders: SpoolFolders): Set<string> {
	const runs = new Set<string>();
	for (const { runs: ids = [] } of readLines<ForgottenLine>(folders.forgotten)) for (const id of ids) runs.add(id);
	return runs;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** No run lasts longer than this. */
const LONGEST_RUN_MS = 365 * DAY_MS;

/** Removes ids of runs that have ended long ago. Called where the clock is known to run steadily. Never throws. */
export function clearForgotten(folders: SpoolFolders, nowMs: number): void {
	for (const name of lineFiles(folders.forgotten)) {
		try {
			const path = join(folders.forgotten, name);
			if (nowMs - statSync(path).mtimeMs > LONGEST_RUN_MS) unlinkSync(path);
		} catch {
			// Another uploader cleared it.
		}
	}
}
