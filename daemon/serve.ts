/** The daemon: a flush at its start, then by schedule, and earlier where an endpoint that failed is due again. */
import cron from "node-cron";
import type { Policy } from "./policy.js";

export interface ServeOptions {
	policy: Policy;
	now: () => Date;
	/** One round. It may reject: that is logged, and the next round is run all the same. */
	work: () => Promise<{ nextDueMs: number | null }>;
	onError: (error: unknown) => void;
	/** Ends the daemon once the round under way has ended. */
	stop: AbortSignal;
}

/** node-cron warns of missed slots on the console; a laptop that slept has many, and they are no news. */
const SILENT = { info() {}, warn() {}, error() {}, debug() {} };

/** @returns whether a schedule is one that the daemon can keep */
export function isSchedule(text: string): boolean {
	return cron.validate(text);
}

/** Serves until it is stopped. Rounds never overlap: one that is due while another runs is left out. */
export async function serve({ policy, now, work, onError, stop }: ServeOptions): Promise<void> {
	let running: Promise<void> | null = null;
	let early: NodeJS.Timeout | undefined;

	async function roundThenPlan(): Promise<void> {
		clearTimeout(early);
		try {
			const { nextDueMs } = await work();
			if (nextDueMs === null || stop.aborted) return;
			const waitMs = Math.min(Math.max(nextDueMs - now().getTime(), policy.backoffFirstMs), policy.backoffMostMs);
			early = setTimeout(tick, waitMs);
		} catch (error) {
			onError(error);
		}
	}

	function tick(): Promise<void> {
		if (stop.aborted) return Promise.resolve();
		running ??= roundThenPlan().finally(() => {
			running = null;
		});
		return running;
	}

	const task = cron.schedule(policy.schedule, tick, {
		timezone: "UTC",
		noOverlap: true,
		maxRandomDelay: policy.scheduleDelayMs,
		suppressMissedWarning: true,
		logger: SILENT,
	});
	await tick();
	if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
	clearTimeout(early);
	await task.destroy();
	await running;
}
