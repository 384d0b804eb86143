/** How a report leaves a folder of the spool: removed, set aside as corrupt, or set aside as rejected. */
import { readdirSync, renameSync, statSync, unlink, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import type { CorruptReason, Envelope } from "./envelope.js";
import type { SpoolFolders } from "./layout.js";

/** Removes a file. @returns whether it was there. @throws the system's error, save for "not there" */
export function remove(folder: string, name: string): boolean {
	try {
		unlinkSync(join(folder, name));
		return true;
	} catch (error) {
		if (systemErrorCode(error) === "ENOENT") return false;
		throw error;
	}
}

function moveInto(target: string, from: string): void {
	try {
		renameSync(from, target);
	} catch (error) {
		if (systemErrorCode(error) !== "ENOENT") throw error;
		makeFolder(dirname(target));
		renameSync(from, target);
	}
}

/** A file of corrupt/ with the reason that stands in its name. */
export interface CorruptFile {
	name: string;
	reason: string;
}

/** Sets aside what can't be a report: one rename, with the reason as the last part of the name. */
export function setAsideCorrupt(folders: SpoolFolders, name: string, reason: CorruptReason): void {
	moveInto(join(folders.corrupt, `${name}.${reason}`), join(folders.new, name));
}

/** Sets aside what stands in open/ and is no marker. Never throws: what can't be moved is looked at again. */
export function setAsideBroken(folders: SpoolFolders, name: string): void {
	try {
		moveInto(join(folders.corrupt, `${name}.not_a_marker`), join(folders.open, name));
	} catch {
		// Another uploader took it, or the disk is full or read-only.
	}
}

/** What has been set aside as corrupt. Never throws. */
export function corruptFiles(folders: SpoolFolders): CorruptFile[] {
	try {
		return readdirSync(folders.corrupt).map((file) => {
			const dot = file.lastIndexOf(".");
			return { name: file.slice(0, dot), reason: file.slice(dot + 1) };
		});
	} catch {
		return [];
	}
}

/** What a server said of a report that it refused. */
export interface Rejection {
	/** ISO 8601, UTC. */
	at: string;
	code: string;
	message: string;
}

export interface RejectedEnvelope extends Envelope {
	rejected: Rejection;
}

/**
 * Sets a report aside with the server's reason. A crash between the two steps leaves it in both
 * places: it is then sent and rejected once more, under the same name.
 */
export function setAsideRejected(folders: SpoolFolders, name: string, envelope: Envelope, rejected: Rejection): void {
	makeFolder(folders.rejected);
	const temporary = join(folders.tmp, `${name}.rejected`);
	unlinkStale(temporary);
	const adapter = new DurableJson<RejectedEnvelope>(temporary, join(folders.rejected, name));
	new LowSync<RejectedEnvelope>(adapter, { ...envelope, rejected }).write();
	remove(folders.new, name);
}

function unlinkStale(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// Almost always: there is none.
	}
}

/** After this, a file in tmp/ is no writer's any more. */
export const ORPHAN_AGE_MS = 24 * 60 * 60 * 1000;

/** Removes what writers that died left in tmp/. @returns how many. Never throws */
export function removeOrphans(folders: SpoolFolders, nowMs: number): number {
	let removed = 0;
	try {
		for (const name of readdirSync(folders.tmp)) {
			const path = join(folders.tmp, name);
			if (nowMs - statSync(path).mtimeMs > ORPHAN_AGE_MS && remove(folders.tmp, name)) removed++;
		}
	} catch {
		// Another uploader removes them too, or tmp/ can't be read: the next flush looks again.
	}
	return removed;
}

/** So many removals wait at once: more would keep other work of the process (gzip) out of its pool of threads. */
const REMOVALS_AT_ONCE = 8;

/**
 * Removes many files; the waiting overlaps, which it does not when they go one by one.
 *
 * @returns the system's errors, save for "not there": what they are about stays, and is sent once more
 */
export function removeAll(folder: string, names: readonly string[]): Promise<string[]> {
	const failures: string[] = [];
	let next = 0;
	let ended = 0;
	return new Promise((resolve) => {
		const removeNext = (): void => {
			const name = names[next++];
			if (name === undefined) {
				if (++ended === REMOVALS_AT_ONCE) resolve(failures);
				return;
			}
			unlink(join(folder, name), (error) => {
				if (error !== null && error.code !== "ENOENT") failures.push(error.code ?? error.message);
				removeNext();
			});
		};
		for (let lane = 0; lane < REMOVALS_AT_ONCE; lane++) removeNext();
	});
}
