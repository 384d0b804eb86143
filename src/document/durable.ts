/**
 * A JSON document on disk that is there whole or not at all, also after a power failure: an adapter
 * of ours for lowdb's core, which by itself neither fsyncs nor refuses to overwrite.
 */
import {
	closeSync,
	constants,
	fsyncSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	unlinkSync,
	writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { SyncAdapter } from "lowdb";
import { systemErrorCode } from "../errors.js";

/** For the user alone. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/**
 * Makes a folder, and those above it, for the user alone. Node.js's own `recursive` is not used: where the system
 * answers "not there" to a folder that it won't make (/proc, an automounter), it never returns.
 *
 * @returns the uppermost folder that was made, or null where all were there
 * @throws the system's error
 */
export function makeFolder(folder: string): string | null {
	try {
		return makeOne(folder) ? folder : null;
	} catch (error) {
		const parent = dirname(folder);
		if (systemErrorCode(error) !== "ENOENT" || parent === folder) throw error;
		const first = makeFolder(parent);
		return makeOne(folder) ? (first ?? folder) : first;
	}
}

/** @returns false where something of that name is there */
function makeOne(folder: string): boolean {
	try {
		mkdirSync(folder, FOLDER_MODE);
		return true;
	} catch (error) {
		if (systemErrorCode(error) !== "EEXIST") throw error;
		return false;
	}
}

/** What file systems say that keep their folders durable by other means (some of FUSE's, CIFS). */
const NO_FOLDER_SYNC: readonly unknown[] = ["EINVAL", "ENOTSUP", "ENOSYS"];

/** Makes a rename in `folder` durable. Windows has no such call, and needs none. */
export function syncFolder(folder: string): void {
	if (process.platform === "win32") return;
	const descriptor = openSync(folder, constants.O_RDONLY);
	try {
		fsyncSync(descriptor);
	} catch (error) {
		if (!NO_FOLDER_SYNC.includes(systemErrorCode(error))) throw error;
	} finally {
		closeSync(descriptor);
	}
}

function writeNew(path: string, text: string): void {
	const bytes = Buffer.from(text, "utf8");
	const descriptor = openSync(path, "wx", FILE_MODE);
	try {
		let written = 0;
		while (written < bytes.length) written += writeSync(descriptor, bytes, written);
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

function unlinkIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// It was never made, or can't be removed: an orphan in tmp/ goes after a day.
	}
}

/**
 * Writes `text` to `temporary` (which must not exist), fsyncs it, renames it to `target`, and
 * fsyncs the folder: maildir's delivery. When this returns, the file survives a power failure.
 *
 * @throws the system's error; then nothing stands at `target` that did not stand there before
 */
export function writeDurably(temporary: string, target: string, text: string): void {
	try {
		writeNew(temporary, text);
		renameSync(temporary, target);
	} catch (error) {
		if (systemErrorCode(error) !== "EEXIST") unlinkIfThere(temporary);
		throw error;
	}
	syncFolder(dirname(target));
}

/** A lowdb adapter over {@link writeDurably}: one document, one file. */
export class DurableJson<T> implements SyncAdapter<T> {
	constructor(
		private readonly temporary: string,
		private readonly target: string,
		private readonly serialise: (data: T) => string = JSON.stringify,
	) {}

	/** The document, or null where there is none. @throws SyntaxError where it is not JSON */
	read(): T | null {
		try {
			return JSON.parse(readFileSync(this.target, "utf8")) as T;
		} catch (error) {
			if (systemErrorCode(error) === "ENOENT") return null;
			throw error;
		}
	}

	/** @throws the system's error; the former document then stands as it was */
	write(data: T): void {
		writeDurably(this.temporary, this.target, `${this.serialise(data)}\n`);
	}
}
