/**
 * Runs that are gone without an end of their own: the marker that each left becomes the report of its vanishing. A
 * process that might still live is left alone; where nobody can look, the scheduler is asked, and in the end time
 * decides.
 */
import { diedOfMemory } from "../src/host/memory-cgroup.js";
import { type Life, lifeOf, type Place } from "../src/host/process-life.js";
import { askJobs, type JobState, type JobStates } from "../src/host/scheduler.js";
import { forgottenRuns } from "../src/spool/forgotten.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { type MarkedJob, type MarkerEntry, markerNames, readMarker, removeMarker } from "../src/spool/open-runs.js";
import { setAsideBroken } from "../src/spool/remove.js";
import { type Chance, type End, OOM_END, UNKNOWN_END, vanish } from "../src/spool/vanish.js";
import type { Policy } from "./policy.js";

export interface VanishedOptions {
	folders: SpoolFolders;
	/** Where this process is. */
	here: Place;
	chance: Chance;
	policy: Pick<Policy, "overdueMs" | "overdueUnlimitedMs" | "brokenMarkerMs">;
	/** Whether age can be told. */
	clockIsSteady: boolean;
	/** @defaultValue the schedulers themselves */
	askJobs?: (jobs: readonly MarkedJob[]) => Promise<JobStates>;
}

/** A run that may be gone. */
interface Undecided {
	entry: MarkerEntry;
	life: Life;
}

/** Null for a job that goes on, or of which nobody knows. */
function endOfJob(state: JobState): End | null {
	if (state === "running" || state === "unknown") return null;
	return state === "over" ? UNKNOWN_END : { outcome: "killed", kill_reason: state };
}

/** Whether it was last seen so long ago that it can't run any more: its time limit, and a day. */
function isOverdue({ marker, seenAtMs }: MarkerEntry, nowMs: number, policy: VanishedOptions["policy"]): boolean {
	const limitS = marker.envelope.report.limits?.wall_s;
	const mostMs = typeof limitS === "number" ? limitS * 1000 + policy.overdueMs : policy.overdueUnlimitedMs;
	return nowMs - seenAtMs > mostMs;
}

/** How a run ended that is gone; null for one that may still go on. */
function endOf(
	{ entry, life }: Undecided,
	{ here, chance, clockIsSteady, policy }: VanishedOptions,
	state: JobState,
): End | null {
	const said = endOfJob(state);
	if (said !== null && said.kill_reason !== null) return said;
	if (life === "dead") return diedOfMemory(entry.marker, here) ? OOM_END : UNKNOWN_END;
	if (said !== null) return said;
	return clockIsSteady && isOverdue(entry, chance.nowMs, policy) ? UNKNOWN_END : null;
}

/** Markers that are looked at, of runs that are not forgotten. */
function* wantedMarkers({ folders, chance, clockIsSteady, policy }: VanishedOptions): Generator<MarkerEntry> {
	const forgotten = forgottenRuns(folders);
	for (const name of markerNames(folders)) {
		const reading = readMarker(folders, name);
		if (reading.state === "broken" && clockIsSteady && chance.nowMs - reading.sinceMs > policy.brokenMarkerMs) {
			setAsideBroken(folders, name);
		}
		if (reading.state !== "read") continue;
		if (forgotten.has(reading.entry.marker.envelope.report.run_id)) removeMarker(folders, name);
		else yield reading.entry;
	}
}

/** Turns the markers of runs that are gone into reports. @returns how many. Never rejects */
export async function reportVanished(options: VanishedOptions): Promise<number> {
	const { folders, here, chance, askJobs: asking = askJobs } = options;
	const undecided: Undecided[] = [];
	let reported = 0;
	for (const entry of wantedMarkers(options)) {
		const { marker, seenAtMs } = entry;
		const life = lifeOf(marker, marker.processes, seenAtMs, here);
		// One that died in the midst of this had decided.
		if (marker.gone !== null) reported += Number(vanish(folders, entry, marker.gone, chance));
		else if (life !== "alive") undecided.push({ entry, life });
	}
	const jobs = undecided.flatMap(({ entry: { marker } }) => (marker.job === null ? [] : [marker.job]));
	const stateOf = await asking(jobs);
	for (const each of undecided) {
		const { job } = each.entry.marker;
		const end = endOf(each, options, job === null ? "unknown" : stateOf(job));
		if (end !== null) reported += Number(vanish(folders, each.entry, end, chance));
	}
	return reported;
}
