/**
 * Where no uploader runs, the spool would grow for ever: one writer in 256 then holds it to its
 * bounds. Age is left to the uploader, which knows whether the clock can be trusted.
 */
import { REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import { boundMarkers } from "../spool/bound-markers.js";
import { boundsFrom, keepBounds } from "../spool/bounds.js";
import type { SpoolFolders } from "../spool/layout.js";
import { readState } from "../spool/state.js";
import type { ClientContext } from "./context.js";

/** An uploader that looked within this time keeps the bounds itself. */
const UPLOADER_ALIVE_MS = 60 * 60 * 1000;

function uploaderIsAlive(folders: SpoolFolders, nowMs: number): boolean {
	const { alive_at } = readState(folders);
	return alive_at !== null && Math.abs(nowMs - Date.parse(alive_at)) < UPLOADER_ALIVE_MS;
}

/** Only where no uploader does it. @throws the system's error; the spool is then looked at again another time */
export function keepHouse(folders: SpoolFolders, context: ClientContext): void {
	const nowMs = context.now().getTime();
	if (uploaderIsAlive(folders, nowMs)) return;
	const newId = () => reportId(nowMs, context.random(REPORT_ID_RANDOM_BYTES));
	const bounds = boundsFrom(context.env);
	boundMarkers(folders, bounds.maxReports, { nowMs, newId });
	keepBounds(folders, { ...bounds, maxAgeMs: Number.POSITIVE_INFINITY }, { nowMs, newId });
}
