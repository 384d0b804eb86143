/**
 * From a script's figures to a file in the spool: consent, then the report, then one durable write.
 * Nothing here throws to the script, prints, or opens a socket.
 */

import { type Circumstances, FLAG_GRANT, mayKeep } from "../consent/decide.js";
import { leftOut } from "../consent/left-out.js";
import { NO_POLICY, readSitePolicy } from "../consent/policy.js";
import { DETACHED, type Grant } from "../consent/record.js";
import { EtError } from "../errors.js";
import type { Directories } from "../host/directories.js";
import { hasKnownEvent } from "../report/build.js";
import { MAX_REPORT_BYTES } from "../report/limits.js";
import type { ReportInput } from "../report/types.js";
import { spoolFolders } from "../spool/layout.js";
import { put } from "../spool/put.js";
import { afterwards } from "./afterwards.js";
import { type By, type Composed, compose } from "./compose.js";
import { type ClientContext, systemContext } from "./context.js";
import { type Declared, declared } from "./declared.js";
import { loadManifest, type ManifestSource } from "./manifest-file.js";
import { rehearse } from "./rehearse.js";
import type { Dropped, DropReason, EnqueueResult } from "./result.js";
import { newRun, type RunIdentity } from "./run-identity.js";
import { coveredManifest, noteUnanswered } from "./unanswered.js";

rehearse();

export interface EnqueueOptions {
	/** The author's et.json: its path, its file URL, or its content. */
	manifest: ManifestSource;
	/**
	 * The user started the script with its `--phone-home`: consent for this run alone.
	 * @defaultValue false
	 */
	phoneHome?: boolean;
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
export type Placed = ClientContext & { folders: Directories };

const isPlaced = (context: ClientContext): context is Placed => context.folders !== null;

/** An author is told of a bad manifest also where nothing could be kept. */
function withoutHome({ manifest }: EnqueueOptions): Dropped {
	loadManifest(manifest);
	return dropped("no_home", "no home folder, and no ET_SPOOL");
}

function circumstancesOf({ reading }: Declared, { env, folders }: Placed): Circumstances {
	const policy = process.platform === "win32" ? NO_POLICY : readSitePolicy(folders.sitePolicy);
	return { env, policy, reading };
}

/** What becomes of a report that may be kept. */
export type Keeper = (composed: Composed, context: Placed, by: By) => EnqueueResult;

/**
 * Keeps one report of a run.
 *
 * @param found the figures; or what finds them out, which is asked once the report may be kept
 * @param run the run that the report belongs to; by default a run of its own
 * @param keeper by default it is put where the uploader finds it
 */
export function enqueueIn(
	context: ClientContext,
	found: ReportInput | (() => ReportInput),
	options: EnqueueOptions,
	run?: RunIdentity,
	keeper: Keeper = keep,
): EnqueueResult {
	return neverThrowing(() => {
		if (!isPlaced(context)) return withoutHome(options);
		const script = declared(options.manifest, context.folders.consent);
		const circumstances = circumstancesOf(script, context);
		const decision = mayKeep(script.manifest, options.phoneHome === true, circumstances, script.isAgreed);
		if (!decision.keep) return { status: "not_consented", reason: decision.reason };
		const manifest = decision.onlyCovered ? coveredManifest(decision.by, script.manifest) : script.manifest;
		if (manifest === null) return { status: "not_consented", reason: "consent_unreadable" };
		const given = typeof found === "function" ? found() : found;
		if (!hasKnownEvent(given)) return dropped("invalid_report", `there is no event "${given.event}"`);
		const identity = run ?? newRun(manifest, context);
		if (identity === null) return dropped("sampled_out", `one run in ${1 / manifest.sample} reports`);
		const without = leftOut(circumstances.policy, circumstances.reading);
		const composed = compose(given, manifest, identity, decision.by, without, context);
		const result = keeper(composed, context, decision.by);
		if (decision.onlyCovered && result.status === "queued") noteFor(script, decision.by, context);
		return result;
	});
}

function noteFor(script: Declared, grant: Grant, { folders, now }: Placed): void {
	noteUnanswered(spoolFolders(folders.spool), grant, script, now());
}

/** Puts a report where the uploader finds it. */
export function keep(composed: Composed, context: Placed, by: By): EnqueueResult {
	const { envelope, name, text, bytes, stripped } = composed;
	if (bytes > MAX_REPORT_BYTES) return dropped("too_large", `${bytes} bytes, and ${MAX_REPORT_BYTES} are allowed`);
	const folders = spoolFolders(context.folders.spool);
	const delivered = put(folders, envelope, name, text);
	if (!delivered.ok) return dropped(delivered.reason, delivered.detail);
	afterwards(folders, context, by !== FLAG_GRANT && by.flush === DETACHED);
	return { status: "queued", id: envelope.report.id, runId: envelope.report.run_id, path: delivered.path, stripped };
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
