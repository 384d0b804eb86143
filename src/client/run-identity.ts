/** What all reports of one run share, and whether a run reports at all. */
import { ERASE_KEY_BYTES, eraseKey, runIdOf } from "../report/ids.js";
import type { Manifest } from "../report/manifest.js";
import type { ClientContext } from "./context.js";

const SAMPLED_HEX_DIGITS = 8;

export interface RunIdentity {
	eraseKey: string;
	runId: string;
	/** 1 / sampling rate. */
	weight: number;
}

/** What sampling decides follows from the key, so that all who know it decide alike. */
function identityOf(manifest: Manifest, key: string): RunIdentity | null {
	const runId = runIdOf(key);
	const drawn = Number.parseInt(runId.slice(0, SAMPLED_HEX_DIGITS), 16) / 16 ** SAMPLED_HEX_DIGITS;
	return drawn < manifest.sample ? { eraseKey: key, runId, weight: 1 / manifest.sample } : null;
}

/** A new run's identity, or null where the author's sampling leaves it out. */
export function newRun(manifest: Manifest, context: Pick<ClientContext, "random">): RunIdentity | null {
	return identityOf(manifest, eraseKey(context.random(ERASE_KEY_BYTES)));
}

const KEY_PATTERN = /^[0-9a-f]{32}$/;

/**
 * The identity of a run whose key its script keeps, so that several processes report one run.
 *
 * @returns null where the author's sampling leaves the run out
 * @throws RangeError where the key is none
 */
export function runOfKey(manifest: Manifest, key: string): RunIdentity | null {
	if (!KEY_PATTERN.test(key)) throw new RangeError("a run's key has 32 hexadecimal digits");
	return identityOf(manifest, key);
}
