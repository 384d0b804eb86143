/**
 * What the user's own runs took, for the user's own eyes (`et view`): reports leave the spool when they are delivered,
 * their figures stay here. JSON lines, files of each uploader's own; where there are more than so many bytes, the
 * oldest go. A crash between a delivery and its line may cost the line, or double it: readers merge by run.
 */
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { type RunFigures, runFigures } from "../report/run-figures.js";
import type { WireReport } from "../report/types.js";
import type { SpoolFolders } from "./layout.js";
import { dropLines, LineFile, pruneLines, readLines } from "./line-file.js";

const MEBIBYTE = 1024 * 1024;
const HISTORY_FILE_BYTES = 4 * MEBIBYTE;
/** More is not kept: some 80,000 runs. */
const MOST_HISTORY_BYTES = 32 * MEBIBYTE;

/** The page that `et view` makes, in the spool's folder for it. */
export const VIEW_FILE = "index.html";

/** Keeps the figures of runs for one uploader. */
export class History {
	private readonly file: LineFile;

	constructor(
		private readonly folders: SpoolFolders,
		writer: string,
	) {
		this.file = new LineFile(folders.history, writer, HISTORY_FILE_BYTES);
	}

	/**
	 * Keeps what a batch tells of runs that have ended. A power failure may cost it, and so may a full disk: no report
	 * waits for it. Never throws.
	 *
	 * @param texts reports as they left
	 */
	keep(texts: readonly string[]): void {
		try {
			const lines = texts.map((text) => runFigures(JSON.parse(text) as WireReport)).filter((line) => line !== null);
			this.file.append(lines, false);
		} catch {
			// The report has arrived, and the log says so; its figures are not kept.
		}
	}

	/** @param most @defaultValue MOST_HISTORY_BYTES */
	close(most = MOST_HISTORY_BYTES): void {
		this.file.close();
		pruneLines(this.folders.history, most);
	}
}

/** What was kept, oldest first; a run may come twice. What is no line of a history is passed over. Never throws. */
export function* historyLines(folders: SpoolFolders): Generator<RunFigures> {
	for (const line of readLines<WireReport>(folders.history)) {
		const figures = typeof line.run_id === "string" ? runFigures(line) : null;
		if (figures !== null) yield figures;
	}
}

/** Another who takes out lines at the same time may bring some back: so it is looked again. */
const MOST_LOOKS = 5;

/**
 * Removes lines, and the page that was made from them.
 *
 * @param writer names the files of what is left; no other may have it
 * @returns how many went
 * @throws the system's error
 */
export function forgetHistory(folders: SpoolFolders, writer: string, matches: (line: RunFigures) => boolean): number {
	let gone = 0;
	for (let look = 0; look < MOST_LOOKS; look++) {
		if (![...historyLines(folders)].some(matches)) break;
		gone = Math.max(gone, dropLines<RunFigures>(folders.history, `${writer}-${look}`, matches));
	}
	forgetPage(folders);
	return gone;
}

/** The page shows what was there when it was made: it goes when something has to be forgotten. */
function forgetPage(folders: SpoolFolders): void {
	try {
		unlinkSync(join(folders.view, VIEW_FILE));
	} catch {
		// There is none.
	}
}
