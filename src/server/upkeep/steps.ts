/** Work on what is stored, in steps that are short for whoever waits meanwhile. */
import { setTimeout as after } from "node:timers/promises";

/**
 * Takes steps until one says that it was the last, or until it is told to stop. Between two it leaves the database to
 * others for as long as the step took.
 */
export async function inSteps(step: () => Promise<"more" | "done">, signal?: AbortSignal): Promise<void> {
	while (signal?.aborted !== true) {
		const beganMs = performance.now();
		if ((await step()) === "done") return;
		await after(performance.now() - beganMs);
	}
}
