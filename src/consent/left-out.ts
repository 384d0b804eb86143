/**
 * What is left out of a project's reports: asked when a report is made, and again wherever one leaves or is shown as it
 * would leave, so that what other programs wrote into the spool leaves no fuller. Pure.
 */

import { withoutFields } from "../report/optional-fields.js";
import { serialiseReport } from "../report/serialise.js";
import type { WireReport } from "../report/types.js";
import type { SitePolicy } from "./policy.js";
import type { ConsentReading } from "./store.js";

/** The user's choice and the administrator's, whatever allows the report: also where only the run's own flag does. */
export function leftOut(policy: SitePolicy, reading: ConsentReading): readonly string[] {
	const chosen = reading.state === "decided" ? (reading.record.grant?.without ?? []) : [];
	if (policy.without.length === 0) return chosen;
	return chosen.length === 0 ? policy.without : [...new Set([...policy.without, ...chosen])];
}

/** A report that waits, as it leaves: its text, without these fields. */
export function leavingText(text: string, without: readonly string[]): string {
	if (without.length === 0) return text;
	return serialiseReport(withoutFields(JSON.parse(text) as WireReport, without));
}
