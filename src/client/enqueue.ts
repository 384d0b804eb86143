/**
 * From a script's figures to a file in the spool: consent, then the report, then one durable write.
 * Nothing here throws to the script, prints, or opens a socket.
 */

import { noticeDigest } from "../consent/change.js";
import { FLAG_GRANT, mayKeep } from "../consent/decide.js";
import { NO_POLICY, readSitePolicy } from "../consent/policy.js";
import { DETACHED, type Grant } from "../consent/record.js";
import { ConsentStore } from "../consent/store.js";
import { EtError } from "../errors.js";
import type { Directories } from "../host/directories.js";
import { buildReport, hasKnownEvent } from "../report/build.js";
import { bytesToHex, ERASE_KEY_BYTES, eraseKey, REPORT_ID_RANDOM_BYTES, reportId, runIdOf } from "../report/ids.js";
import { MAX_REPORT_BYTES } from "../report/limits.js";
import type { Manifest } from "../report/manifest.js";
import { serialiseReport } from "../report/serialise.js";
import type { ReportInput } from "../report/types.js";
import type { Envelope } from "../spool/envelope.js";
import { hostHash, NAME_RANDOM_BYTES, spoolFolders } from "../spool/layout.js";
import { put } from "../spool/put.js";
import { afterwards } from "./afterwards.js";
import { type ClientContext, systemContext } from "./context.js";
import { type Declared, declared } from "./declared.js";
import { loadManifest, type ManifestSource } from "./manifest-file.js";
import type { Dropped, DropReason, EnqueueResult } from "./result.js";

export interface EnqueueOptions {
	/** The author's et.json: its path, its file URL, or its content. */
	manifest: ManifestSource;
	/**
	 * The user started the script with its `--phone-home`: consent for this run alone.
	 * @defaultValue false
	 */
	phoneHome?: boolean;
}

/** What all reports of one run share. */
export interface RunIdentity {
	eraseKey: string;
	runId: string;
	/** 1 / sampling rate. */
	weight: number;
}

export const dropped = (reason: DropReason, detail: string): Dropped => ({ status: "dropped", reason, detail });

/** Turns whatever went wrong into a result: promise 1 is that a script never fails because of ET. */
export function neverThrowing(work: () => EnqueueResult): EnqueueResult {
	try {
		return work();
	} catch (error) {
		const isManifest = error instanceof EtError && error.code.startsWith("ET_MANIFEST");
		return dropped(isManifest ? "invalid_manifest" : "internal_error", inWords(error));
	}
}

/** What was thrown; a script's own objects may throw things that can't even be turned into text. */
function inWords(error: unknown): string {
	try {
		return String(error);
	} catch {
		return "something was thrown that can't be shown";
	}
}

/** A context with places for a spool and for decisions. */
type Placed = ClientContext & { folders: Directories };

const isPlaced = (context: ClientContext): context is Placed => context.folders !== null;

/** An author is told of a bad manifest also where nothing could be kept. */
function withoutHome({ manifest }: EnqueueOptions): Dropped {
	loadManifest(manifest);
	return dropped("no_home", "no home folder, and no ET_SPOOL");
}

/** A new run's identity, or null where the author's sampling leaves it out. */
export function newRun(manifest: Manifest, context: ClientContext): RunIdentity | null {
	if (manifest.sample < 1 && !isSampled(manifest.sample, context)) return null;
	const key = eraseKey(context.random(ERASE_KEY_BYTES));
	return { eraseKey: key, runId: runIdOf(key), weight: 1 / manifest.sample };
}

const KEY_PATTERN = /^[0-9a-f]{32}$/;
const SAMPLED_HEX_DIGITS = 8;

/**
 * The identity of a run whose key its script keeps, so that several processes report one run. What
 * sampling decides follows from the key, so that they all decide alike.
 *
 * @returns null where the author's sampling leaves the run out
 * @throws RangeError where the key is none
 */
export function runOfKey(manifest: Manifest, key: string): RunIdentity | null {
	if (!KEY_PATTERN.test(key)) throw new RangeError("a run's key has 32 hexadecimal digits");
	const runId = runIdOf(key);
	const drawn = Number.parseInt(runId.slice(0, SAMPLED_HEX_DIGITS), 16) / 16 ** SAMPLED_HEX_DIGITS;
	return drawn < manifest.sample ? { eraseKey: key, runId, weight: 1 / manifest.sample } : null;
}

const SAMPLE_BYTES = 4;

function isSampled(share: number, context: ClientContext): boolean {
	const drawn = context.random(SAMPLE_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
	return drawn / 256 ** SAMPLE_BYTES < share;
}

function consentFor({ manifest, reading, isAgreed }: Declared, options: EnqueueOptions, { env, folders }: Placed) {
	const policy = process.platform === "win32" ? NO_POLICY : readSitePolicy(folders.sitePolicy);
	return mayKeep(manifest, options.phoneHome === true, { env, policy, reading }, isAgreed);
}

function wrap(report: Envelope["report"], manifest: Manifest, by: Grant | typeof FLAG_GRANT, key: string): Envelope {
	const { version } = manifest.notice;
	const notice = by === FLAG_GRANT ? { version, digest: noticeDigest(manifest) } : by.notice;
	const grant = by === FLAG_GRANT ? FLAG_GRANT : by.id;
	return { et: 1, endpoint: manifest.endpoint, notice, grant, hold: null, erase_key: key, report };
}

/**
 * Keeps one report of a run.
 *
 * @param run the run that the report belongs to; by default a run of its own
 */
export function enqueueIn(
	context: ClientContext,
	given: ReportInput,
	options: EnqueueOptions,
	run?: RunIdentity,
): EnqueueResult {
	return neverThrowing(() => {
		if (!isPlaced(context)) return withoutHome(options);
		const script = declared(options.manifest, new ConsentStore(context.folders.consent));
		const { manifest } = script;
		const decision = consentFor(script, options, context);
		if (!decision.keep) return { status: "not_consented", reason: decision.reason };
		if (!hasKnownEvent(given)) return dropped("invalid_report", `there is no event "${given.event}"`);
		const identity = run ?? newRun(manifest, context);
		if (identity === null) return dropped("sampled_out", `one run in ${1 / manifest.sample} reports`);
		return keep(context, context.folders.spool, given, manifest, identity, decision.by);
	});
}

function keep(
	context: ClientContext,
	spool: string,
	given: ReportInput,
	manifest: Manifest,
	run: RunIdentity,
	by: Grant | typeof FLAG_GRANT,
): EnqueueResult {
	const now = context.now();
	const random = context.random(REPORT_ID_RANDOM_BYTES + NAME_RANDOM_BYTES);
	const id = reportId(now.getTime(), random);
	const { report, stripped } = buildReport(given, { manifest, id, runId: run.runId, now, weight: run.weight });
	const bytes = Buffer.byteLength(serialiseReport(report));
	if (bytes > MAX_REPORT_BYTES) return dropped("too_large", `${bytes} bytes, and ${MAX_REPORT_BYTES} are allowed`);
	const folders = spoolFolders(spool);
	const delivered = put(folders, wrap(report, manifest, by, run.eraseKey), {
		atMs: now.getTime(),
		host: hostHash(context.hostName()),
		pid: context.pid,
		runId: run.runId,
		random: bytesToHex(random.subarray(REPORT_ID_RANDOM_BYTES)),
	});
	if (!delivered.ok) return dropped(delivered.reason, delivered.detail);
	afterwards(folders, context, by !== FLAG_GRANT && by.flush === DETACHED);
	return { status: "queued", id, runId: run.runId, path: delivered.path, stripped };
}

/**
 * Keeps one report in the user's local spool, from where the user's own daemon sends it later.
 *
 * Synchronous, so that it works in an exit handler; never throws, never prints, opens no socket.
 * When the result says `queued`, the report survives a power failure. Without the user's consent
 * nothing is written anywhere.
 *
 * @example
 * enqueue({ command: "align", wallS: 12.5, inputs: { reads: 4e6 } }, { manifest: "et.json" });
 */
export function enqueue(report: ReportInput, options: EnqueueOptions): EnqueueResult {
	return neverThrowing(() => enqueueIn(systemContext(), report, options));
}
