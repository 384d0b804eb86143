/**
 * Forgets runs: first here, then at the servers. What is left for the uploader are requests, one a run and endpoint,
 * which wait until they are answered.
 */
import { forgetRuns } from "../spool/forgotten.js";
import type { SpoolFolders } from "../spool/layout.js";
import { removeRequest, requestEntries } from "../spool/requests.js";
import { type RemovedTraces, removeTraces, type Scope } from "../spool/traces.js";
import type { CliContext } from "./context.js";
import { discard } from "./discard.js";
import { ownWriter } from "./identity.js";
import { type KnownRun, knownRuns } from "./known-runs.js";
import { askServer } from "./server-request.js";

/** What becomes of a run. */
export type Fate =
	/** Its server is asked now. */
	| "asked"
	/** It was asked before, and has not answered yet. */
	| "asked_before"
	/** It has erased it. */
	| "erased_before"
	/** No server has it. */
	| "never_left"
	/** It may have left, and nothing here entitles to its erasure. */
	| "no_key";

export interface ForgottenRun {
	run_id: string;
	project: string;
	fate: Fate;
}

export interface Forgotten {
	runs: ForgottenRun[];
	removed: { waiting: number; rejected: number } & RemovedTraces;
}

/** Whether a server may have a run, and has not erased it. */
export const isOnServer = ({ mayHaveLeft, requests }: KnownRun): boolean =>
	mayHaveLeft && !requests.some(({ verdict }) => verdict === "erased");

function fateWithoutKey(run: KnownRun): Fate {
	if (run.requests.some(({ verdict }) => verdict === "erased")) return "erased_before";
	return run.mayHaveLeft ? "no_key" : "never_left";
}

/** Asks each endpoint that may have the run, unless it was asked and has not refused. */
function ask(context: CliContext, folders: SpoolFolders, run: KnownRun): Fate {
	const fates = new Set<Fate>();
	for (const [endpoint, key] of run.keys) {
		const before = run.requests.filter((each) => each.endpoint === endpoint && each.verdict !== "rejected");
		if (before.some(({ verdict }) => verdict === "erased")) fates.add("erased_before");
		else if (before.some(({ answered_at }) => answered_at === null)) fates.add("asked_before");
		else {
			const { project, runId } = run;
			const whole = { report_id: null, fields: [] };
			askServer(context, folders, { kind: "erase", endpoint, project, run_id: runId, key, ...whole });
			fates.add("asked");
		}
	}
	const order: readonly Fate[] = ["asked", "asked_before", "erased_before"];
	return order.find((fate) => fates.has(fate)) ?? fateWithoutKey(run);
}

/** What is erased whole need not be redacted. Only where its erasure is asked for: else the redaction is all there is. */
function dropRedactions(folders: SpoolFolders, runs: readonly ForgottenRun[]): void {
	const erasing = new Set(runs.filter(({ fate }) => fate.startsWith("asked")).map(({ run_id }) => run_id));
	for (const entry of requestEntries(folders)) {
		const { kind, run_id, answered_at } = entry.request;
		if (kind === "redact" && answered_at === null && erasing.has(run_id)) removeRequest(folders, entry);
	}
}

/** A run as it is known by now: an uploader may have written down since that it tries to send of it. */
function knownNow(before: KnownRun, now: ReadonlyMap<string, KnownRun>): KnownRun {
	const run = now.get(before.runId) ?? before;
	if (!run.mayHaveLeft) return run;
	return { ...run, keys: new Map([...before.spareKeys, ...run.spareKeys, ...run.keys]) };
}

/**
 * Forgets runs, and what else the scope covers. That they are forgotten is written down first: of two that work at
 * once, this and an uploader, whoever comes second sees the other (docs/races.md).
 *
 * @throws the system's error; what is left then is forgotten when the same is asked again
 */
export function forget(context: CliContext, folders: SpoolFolders, runs: readonly KnownRun[], scope: Scope): Forgotten {
	const { all, project, runs: ids } = scope;
	const writer = ownWriter(context);
	forgetRuns(folders, writer, context.client.now(), [...ids]);
	const gone = discard(
		context,
		folders,
		({ envelope: { report } }) => all || report.project === project || ids.has(report.run_id),
		"forgotten",
	);
	const traces = removeTraces(folders, scope, writer);
	const now = knownRuns(folders);
	const asked = runs.map((before): ForgottenRun => {
		const run = knownNow(before, now);
		return { run_id: run.runId, project: run.project, fate: ask(context, folders, run) };
	});
	dropRedactions(folders, asked);
	return {
		runs: asked,
		removed: { waiting: gone.waiting.length, rejected: gone.rejected.length, ...traces },
	};
}

/** What is known of a project, or all, and the scope that covers it. */
export function everyRun(folders: SpoolFolders, project: string | null): { runs: KnownRun[]; scope: Scope } {
	const runs = [...knownRuns(folders).values()].filter((run) => project === null || run.project === project);
	const ids = new Set(runs.map(({ runId }) => runId));
	return { runs, scope: { runs: ids, project, all: project === null } };
}
