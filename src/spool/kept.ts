/**
 * The exact bytes of reports that have left, for a user who wants to keep them: the folder is there where they do. JSON
 * lines, files of each uploader's own; where there are more than so many bytes, the oldest go.
 */
import { existsSync } from "node:fs";
import type { SpoolFolders } from "./layout.js";
import { dropLines, LineFile, pruneLines, readLines } from "./line-file.js";

export interface KeptLine {
	id: string;
	run_id: string;
	project: string;
	/** When its server had answered for it. */
	at: string;
	endpoint: string;
	/** The report as it left. */
	text: string;
}

const MEBIBYTE = 1024 * 1024;
const KEPT_FILE_BYTES = 4 * MEBIBYTE;
/** More is not kept. */
export const MOST_KEPT_BYTES = 64 * MEBIBYTE;

/** Whether the user wants copies. */
export function keepsCopies(folders: SpoolFolders): boolean {
	return existsSync(folders.kept);
}

/** Keeps copies for one uploader, where they are wanted. */
export class Copies {
	private readonly file: LineFile;

	constructor(
		private readonly folders: SpoolFolders,
		writer: string,
	) {
		this.file = new LineFile(folders.kept, writer, KEPT_FILE_BYTES);
	}

	/** A power failure may cost them, and so may a full disk: no report waits for its copy. Never throws. */
	keep(lines: readonly KeptLine[]): void {
		try {
			if (keepsCopies(this.folders)) this.file.append(lines, false);
		} catch {
			// The report has arrived, and the log says so; its bytes are not kept.
		}
	}

	/** @param most @defaultValue MOST_KEPT_BYTES */
	close(most = MOST_KEPT_BYTES): void {
		this.file.close();
		pruneLines(this.folders.kept, most);
	}
}

/** All copies, oldest first; one that two uploaders kept comes twice. Never throws. */
export function keptLines(folders: SpoolFolders): Generator<KeptLine> {
	return readLines<KeptLine>(folders.kept);
}

/** Another who takes out copies at the same time may bring some back: so it is looked again. */
const MOST_LOOKS = 5;

/** Removes copies. @param writer names the files of what is left. @returns how many went. @throws the system's error */
export function dropCopies(folders: SpoolFolders, writer: string, isGone: (line: KeptLine) => boolean): number {
	let gone = 0;
	for (let look = 0; look < MOST_LOOKS; look++) {
		if (![...keptLines(folders)].some(isGone)) break;
		gone = Math.max(gone, dropLines<KeptLine>(folders.kept, `${writer}-${look}`, isGone));
	}
	return gone;
}
