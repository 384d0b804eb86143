/**
 * The one serialiser. What `et show` prints and what the uploader sends come from here, so that
 * what leaves is exactly what was shown.
 */

import type { WireReport } from "./types.js";
import { type LostCount, WIRE_VERSION, type WireErasure, type WireErasures } from "./wire.js";

/** A report as it travels. */
export function serialiseReport(report: WireReport): string {
	return JSON.stringify(report);
}

/** A batch's body around reports that {@link serialiseReport} made: their bytes stay as they are. */
export function serialiseBatch(sentAt: Date, lost: readonly LostCount[], reports: readonly string[]): string {
	const head = `{"wire":${WIRE_VERSION},"sent_at":"${sentAt.toISOString()}"`;
	return `${head},"lost":${JSON.stringify(lost)},"reports":[${reports.join(",")}]}`;
}

/** The body of requests to erase or redact. */
export function serialiseErasures(erasures: readonly WireErasure[]): string {
	return JSON.stringify({ wire: WIRE_VERSION, erasures: [...erasures] } satisfies WireErasures);
}
