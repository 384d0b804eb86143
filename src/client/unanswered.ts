/**
 * A script whose manifest is not the one that its user agreed to: what may be kept until the user answers, and a note
 * for them. Few scripts ever come here, so the bundle keeps this in a file of its own.
 */
import { awaitsAnswer, coveredBy } from "../consent/covered.js";
import { type Grant, grantedManifest } from "../consent/record.js";
import type { Manifest } from "../report/manifest.js";
import type { SpoolFolders } from "../spool/layout.js";
import { noteNotice } from "../spool/notices.js";
import type { Declared } from "./declared.js";

/** What both notices cover, under the one that was agreed to; null where what was agreed to can't be read. Never throws */
export function coveredManifest(grant: Grant, declared: Manifest): Manifest | null {
	try {
		return coveredBy(grantedManifest(grant), declared);
	} catch {
		return null;
	}
}

/** Leaves a note of the notice that waits. Never throws: the report is safe, and the next script tries again. */
export function noteUnanswered(folders: SpoolFolders, grant: Grant, { manifest, source }: Declared, now: Date): void {
	try {
		if (awaitsAnswer(grant, manifest)) noteNotice(folders, manifest, source, now);
	} catch {
		// A disk that is full or read-only by now.
	}
}
