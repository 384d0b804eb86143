/** The decisions a user can take about a project, each from the one before. Pure. */

import { consentText, type Manifest } from "../report/manifest.js";
import { sha256Hex } from "../report/sha256.js";
import { type ConsentRecord, type Grant, type Mode, NO_REVIEW } from "./record.js";

export interface Change {
	project: string;
	now: Date;
	/** How the decision was given, for the user to read later. */
	how: string;
}

export interface GrantChange extends Omit<Change, "project"> {
	/** The et.json that was agreed to, byte for byte. @defaultValue not known */
	source?: string | null;
	/** @defaultValue as it was */
	flush?: Grant["flush"];
	/** @defaultValue as it was */
	without?: Grant["without"];
	/** @defaultValue as it was */
	review?: Grant["review"];
}

/** The digest by which an envelope names the notice that it was recorded under. */
export function noticeDigest(manifest: Manifest): string {
	return sha256Hex(consentText(manifest));
}

/**
 * Consent, or consent to keep and not to send (`local`).
 *
 * Renewing a grant for a new notice keeps its id, so that what waits under it still leaves; a grant
 * for another endpoint, or one after a withdrawal, is a new one, so that it does not.
 *
 * @param freshId random; the grant's id where it is a new one
 */
export function grant(
	manifest: Manifest,
	mode: Extract<Mode, "granted" | "local">,
	former: ConsentRecord | null,
	freshId: string,
	change: GrantChange,
): ConsentRecord {
	const current = former?.mode === "granted" || former?.mode === "local" ? former.grant : null;
	const renewed = current?.endpoint === manifest.endpoint ? current.id : freshId;
	return {
		et: 1,
		project: manifest.project,
		mode,
		since: change.now.toISOString(),
		how: change.how,
		grant: {
			id: renewed,
			endpoint: manifest.endpoint,
			notice: { version: manifest.notice.version, digest: noticeDigest(manifest) },
			text: consentText(manifest),
			source: change.source ?? null,
			flush: change.flush ?? current?.flush ?? null,
			without: change.without ?? current?.without ?? [],
			review: change.review ?? current?.review ?? NO_REVIEW,
		},
	};
}

/** No: nothing is recorded, not even under the script's own flag. */
export function deny(change: Change): ConsentRecord {
	return decided("denied", change);
}

/** No more: back to nothing being recorded; what was recorded before may never leave. */
export function withdraw(change: Change): ConsentRecord {
	return decided("withdrawn", change);
}

function decided(mode: Mode, { project, now, how }: Change): ConsentRecord {
	return { et: 1, project, mode, since: now.toISOString(), how, grant: null };
}
