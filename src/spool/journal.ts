/**
 * What was tried, what was sent, and the keys that erase it: JSON lines, one file a writer, merged
 * when read. Tries are written before the request, so that a report that may have left is known as
 * such whatever happens next.
 */
import type { Verdict } from "../report/wire.js";
import type { SpoolFolders } from "./layout.js";
import { dropLines, LineFile, pruneLines, readLines } from "./line-file.js";

/** A report as the journal names it. */
export interface JournalReport {
	id: string;
	run_id: string;
	project: string;
	event: string;
}

export interface TryLine {
	at: string;
	endpoint: string;
	/** The batch's number within its writer. */
	batch: string;
	tried: JournalReport[];
}

export interface SentLine {
	at: string;
	endpoint: string;
	batch: string;
	/** Verdict by id, for every report that the server answered for. */
	verdicts: Record<string, Verdict>;
}

export type JournalLine = TryLine | SentLine;

/** Whose key erases what, and where. */
export interface KeyLine {
	run_id: string;
	key: string;
	project: string;
	endpoint: string;
}

/** A file of the journal is closed at this size; the oldest go when there are more than so many. */
export const JOURNAL_FILE_BYTES = 4 * 1024 * 1024;
const JOURNAL_FILES = 8;

/** The journal of one writer. Its methods throw the system's error: what can't be journalled may not be sent. */
export class Journal {
	private readonly sent: LineFile;
	private readonly keys: LineFile;
	/** Keys already written by this writer, so that a run of many events has one line. */
	private written = new Set<string>();

	constructor(
		private readonly folders: SpoolFolders,
		writer: string,
	) {
		this.sent = new LineFile(folders.sent, writer, JOURNAL_FILE_BYTES);
		this.keys = new LineFile(folders.keys, writer);
	}

	/** Before a request: what may leave, and the keys that erase it. */
	trying(line: TryLine, keys: readonly KeyLine[]): void {
		if (this.written.size > MOST_REMEMBERED_KEYS) this.written = new Set();
		const fresh = keys.filter(({ key }) => !this.written.has(key));
		this.keys.append(fresh);
		for (const { key } of fresh) this.written.add(key);
		this.sent.append([line]);
	}

	/** After the answer. A power failure may cost the line: then the log says "may have left", which errs on the side of caution. */
	answered(line: SentLine): void {
		this.sent.append([line], false);
	}

	close(): void {
		this.sent.close();
		this.keys.close();
		pruneJournal(this.folders);
	}
}

const MOST_REMEMBERED_KEYS = 10_000;

/** Keeps the log of what was sent bounded: the oldest files go. The keys stay. Never throws. */
export function pruneJournal(folders: SpoolFolders, most = JOURNAL_FILES * JOURNAL_FILE_BYTES): void {
	pruneLines(folders.sent, most);
}

/** All writers' lines, a file after another. Never throws. */
export function journalLines(folders: SpoolFolders): Generator<JournalLine> {
	return readLines<JournalLine>(folders.sent);
}

/** All erase keys that this user holds. Never throws. */
export function keyLines(folders: SpoolFolders): Generator<KeyLine> {
	return readLines<KeyLine>(folders.keys);
}

/** Ids of reports that were in a request: they may be on a server, whatever came back. */
export function triedIds(folders: SpoolFolders): Set<string> {
	const ids = new Set<string>();
	for (const line of journalLines(folders)) {
		if ("tried" in line) for (const { id } of line.tried) ids.add(id);
	}
	return ids;
}

/**
 * Removes keys that erase nothing any more. Under the lease alone: two at once could each bring back what the other
 * took out.
 *
 * @param writer no other file may have it
 */
export function dropKeys(folders: SpoolFolders, writer: string, isSpent: (line: KeyLine) => boolean): number {
	for (const line of keyLines(folders)) if (isSpent(line)) return dropLines<KeyLine>(folders.keys, writer, isSpent);
	return 0;
}
