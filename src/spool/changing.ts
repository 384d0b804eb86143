/**
 * One command at a time changes what waits. Two at once would each put an envelope in the place of the same report,
 * and what one took out would leave in the other's. Uploaders and writers need no such turn: they change no envelope.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, utimesSync, writeSync } from "node:fs";
import { join } from "node:path";
import { FILE_MODE, makeFolder } from "../document/durable.js";
import { EtError, systemErrorCode } from "../errors.js";
import { isAlive } from "./alive.js";
import type { SpoolFolders } from "./layout.js";
import { remove } from "./remove.js";

const LOCK = "changing";
const POLL_MS = 20;
/** Who has the turn and has not shown itself for so long has died, wherever it ran. */
const STALE_MS = 10 * 60 * 1000;
/** Of two that took a dead one's turn at once, the one that is overwritten sees it after this. */
const TAKEOVER_MS = 50;

/** Who asks for the turn. */
export interface Holder {
	/** `hostHash` of this machine. */
	host: string;
	pid: number;
	/** Random: no other turn has it. */
	token: string;
	/** @defaultValue 10 s */
	patienceMs?: number;
}

const PATIENCE_MS = 10_000;

function sleep(milliseconds: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** The turn that is taken; null where there is none. */
function read(path: string): { text: string; ageMs: number } | null {
	try {
		return { text: readFileSync(path, "utf8"), ageMs: Math.abs(Date.now() - statSync(path).mtimeMs) };
	} catch (error) {
		if (systemErrorCode(error) === "ENOENT") return null;
		throw error;
	}
}

/** `HOST PID TOKEN`. */
const lineOf = ({ host, pid, token }: Holder): string => `${host} ${pid} ${token}`;

function isDead({ text, ageMs }: { text: string; ageMs: number }, { host }: Holder): boolean {
	if (ageMs > STALE_MS) return true;
	const [itsHost, itsPid] = text.split(" ");
	// Containers share host names, and not process numbers: there a turn can be taken from one that lives.
	return itsHost === host && Number(itsPid) > 0 && !isAlive(Number(itsPid));
}

function create(path: string, text: string): boolean {
	let descriptor: number;
	try {
		descriptor = openSync(path, "wx", FILE_MODE);
	} catch (error) {
		if (systemErrorCode(error) === "EEXIST") return false;
		throw error;
	}
	try {
		writeSync(descriptor, text);
		return true;
	} catch (error) {
		// A full disk: nobody's name stands there, and nobody could tell that its holder is no more.
		unlinkSync(path);
		throw error;
	} finally {
		closeSync(descriptor);
	}
}

const busy = (what: string): EtError => new EtError("ET_SPOOL_BUSY", what);

/** The turn to change what waits, while it lasts. */
export class Turn {
	constructor(
		private readonly path: string,
		private readonly holder: Holder,
	) {}

	/** Shows that its holder lives: before every step. @throws EtError `ET_SPOOL_BUSY` where another took it over */
	keep(): void {
		if (read(this.path)?.text !== lineOf(this.holder)) {
			throw busy(
				"This command stood still for so long that another took its turn. What it had changed by then stays changed, and the rest is as it was. Call it again.",
			);
		}
		const now = new Date();
		utimesSync(this.path, now, now);
	}
}

function take(folders: SpoolFolders, holder: Holder): Turn {
	makeFolder(folders.tmp);
	const path = join(folders.tmp, LOCK);
	const untilMs = Date.now() + (holder.patienceMs ?? PATIENCE_MS);
	for (;;) {
		if (create(path, lineOf(holder))) return new Turn(path, holder);
		const other = read(path);
		if (other !== null && isDead(other, holder)) {
			remove(folders.tmp, LOCK);
			sleep(TAKEOVER_MS);
		} else if (Date.now() > untilMs) {
			const pid = other?.text.split(" ")[1] ?? "unknown";
			throw busy(
				`Another et command (process ${pid}) is changing what waits in ${folders.root}. Nothing was changed by this one. Wait for it to end, and call this one again.`,
			);
		} else sleep(POLL_MS);
	}
}

/**
 * Does work that changes what waits, while nobody else does such work.
 *
 * @throws EtError `ET_SPOOL_BUSY` where another command does not end
 */
export function changing<T>(folders: SpoolFolders, holder: Holder, work: (turn: Turn) => T): T {
	const turn = take(folders, holder);
	try {
		turn.keep();
		return work(turn);
	} finally {
		if (read(join(folders.tmp, LOCK))?.text === lineOf(holder)) remove(folders.tmp, LOCK);
	}
}
