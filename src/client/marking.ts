/** What becomes of a run's reports where the run has a marker. */
import { spoolFolders } from "../spool/layout.js";
import { dropped, type Keeper, keep } from "./enqueue.js";
import { type OpenRun, openRun } from "./open-run.js";

/**
 * Leaves the marker, and then keeps the report of the start: so there is no moment in which a run that is killed would
 * not be heard of.
 */
export function keepMarked(onOpen: (open: OpenRun) => void): Keeper {
	return (composed, context, by) => {
		const open = openRun(context, spoolFolders(context.folders.spool));
		open.mark(composed);
		const result = keep(composed, context, by);
		if (result.status === "queued") onOpen(open);
		else open.remove();
		return result;
	};
}

/** Writes down what is known by now, and keeps no report. */
export function markOnly(open: OpenRun): Keeper {
	return (composed) => {
		open.mark(composed);
		return dropped("internal_error", "a marker is no report");
	};
}
