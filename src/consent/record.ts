/** What a user decided about one project, as it is kept. */
import { type Manifest, parseManifest } from "../report/manifest.js";

export const MODES = ["granted", "local", "denied", "withdrawn"] as const;
/** `local`: kept for the user's own eyes, never sent. `withdrawn`: was granted, and is no more. */
export type Mode = (typeof MODES)[number];

/** How a grant, or `ET_FLUSH`, asks for a detached flush. */
export const DETACHED = "detached";

/** What was agreed to, and under which name: there where the mode is granted or local. */
export interface Grant {
	/** Random; envelopes carry it, and leave only while it is the current one. */
	id: string;
	endpoint: string;
	notice: { version: number; digest: string };
	/** The manifest as it was agreed to, in the form of `consentText`. */
	text: string;
	/** The author's et.json byte for byte, as it was agreed to; null where it is not known. */
	source: string | null;
	/** Scripts start the uploader themselves, detached, where none runs; null where they do not. */
	flush: typeof DETACHED | null;
	/** What the user leaves out of reports, by names of the wire: `platform`, `inputs.NAME`, `data.KEY`. */
	without: readonly string[];
	review: Review;
}

/** What the user wants to look at before it leaves. */
export interface Review {
	/** Nothing leaves without `et approve`. */
	approve: boolean;
	/** Seconds that a report waits at least before it leaves. */
	delay_s: number;
}

export const NO_REVIEW: Review = { approve: false, delay_s: 0 };

export interface ConsentRecord {
	et: 1;
	project: string;
	mode: Mode;
	/** ISO 8601, UTC. */
	since: string;
	/** How the decision was given (`terminal`, `flag --yes`). */
	how: string;
	grant: Grant | null;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

function parseWithout(value: unknown): readonly string[] | null {
	if (value === undefined) return [];
	return Array.isArray(value) && value.every(isText) ? value : null;
}

function parseReview(value: unknown): Review | null {
	if (value === undefined) return NO_REVIEW;
	const { approve, delay_s } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
	if (typeof approve !== "boolean" || typeof delay_s !== "number" || !(delay_s >= 0)) return null;
	return { approve, delay_s };
}

/** What restricts a grant and can't be read makes it none: it would else allow more than its user said. */
function parseGrant(value: unknown): Grant | null {
	if (typeof value !== "object" || value === null) return null;
	const { id, endpoint, notice, text, source, flush, ...rest } = value as Record<string, unknown>;
	const without = parseWithout(rest["without"]);
	const review = parseReview(rest["review"]);
	if (without === null || review === null) return null;
	const { version, digest } = (typeof notice === "object" && notice !== null ? notice : {}) as Record<string, unknown>;
	if (!isText(id) || !isText(endpoint) || !isText(text) || !isText(digest) || !Number.isSafeInteger(version))
		return null;
	return {
		id,
		endpoint,
		notice: { version: version as number, digest },
		text,
		source: isText(source) ? source : null,
		flush: flush === DETACHED ? DETACHED : null,
		without,
		review,
	};
}

/** A decision out of its file's JSON, or null where it is none: then nothing may be recorded or sent. */
export function parseRecord(value: unknown): ConsentRecord | null {
	if (typeof value !== "object" || value === null) return null;
	const { et, project, mode, since, how, grant } = value as Record<string, unknown>;
	if (et !== 1 || !isText(project) || !MODES.includes(mode as Mode)) return null;
	if (!isText(since) || Number.isNaN(Date.parse(since))) return null;
	const parsed = parseGrant(grant);
	if ((mode === "granted" || mode === "local") && parsed === null) return null;
	return { et, project, mode: mode as Mode, since, how: isText(how) ? how : "unknown", grant: parsed };
}

/** The manifest that a grant was given for. @throws EtError `ET_MANIFEST_INVALID` where it was tampered with */
export function grantedManifest(grant: Grant): Manifest {
	return parseManifest(JSON.parse(grant.text));
}
