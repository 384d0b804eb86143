/** Runs that have been kept for long enough go. */
import { YOUNG_STEPS } from "../config.js";
import { cutoffsOf } from "../privacy/retention.js";
import type { Gone, ProjectRetention, RetentionStore } from "../store/retention-types.js";
import { inSteps } from "./steps.js";

export interface ExpireOptions {
	store: RetentionStore;
	/** Milliseconds since the epoch. */
	now: number;
	mode: "erase" | "count";
	signal?: AbortSignal;
	/** Asked before each step, whether to go on. @defaultValue yes */
	mayGoOn?: () => Promise<boolean>;
}

/**
 * Erases, or counts, the runs of a project that have to go, oldest first. Events are stored in the order of their
 * receipt, but for clocks that were changed: so it ends where nothing was old enough for long.
 */
export async function expireProject(retention: ProjectRetention, options: ExpireOptions): Promise<Gone> {
	const { store, now, mode, signal, mayGoOn = async () => true } = options;
	const { project } = retention;
	const cutoffs = cutoffsOf(retention, now);
	const gone: Gone = { runs: 0, events: 0 };
	if (cutoffs === undefined) return gone;
	let place = 0;
	let young = 0;
	await inSteps(async () => {
		if (!(await mayGoOn())) return "done";
		const step = await store.expire(project, place, cutoffs, mode);
		gone.runs += step.runs;
		gone.events += step.events;
		// Noted as it goes: what is ended here is counted all the same.
		if (mode === "erase" && step.events > 0) await store.noteRetention(project, now, step);
		young = step.isYoung ? young + 1 : 0;
		if (step.place === null || young >= YOUNG_STEPS) {
			if (mode === "erase") await store.noteRetention(project, now, { runs: 0, events: 0 });
			return "done";
		}
		place = step.place;
		return "more";
	}, signal);
	return gone;
}
