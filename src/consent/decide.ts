/**
 * The two questions of consent: may this report be kept, may it leave? Pure. The precedence is
 * site policy, environment, denied, the run's own flag, granted.
 */
import { consentText, type Manifest } from "../report/manifest.js";
import { type EnvironmentRefusal, environmentRefusal } from "./environment.js";
import { policyAllows, type SitePolicy } from "./policy.js";
import type { ConsentRecord, Grant } from "./record.js";
import { type Clock, type Reviewed, type ReviewRefusal, reviewRefusal } from "./review.js";
import type { ConsentReading } from "./store.js";

/** The grant of a report that only the run's own flag allows. */
export const FLAG_GRANT = "flag";

/** The grant of a report that another machine's user let be carried here: who imports it consents to its sending. */
export const IMPORT_GRANT = "import";

export type Refusal =
	| "site_policy"
	| EnvironmentRefusal
	| "consent_unreadable"
	| "denied"
	| "withdrawn"
	| "no_decision";

export type KeepDecision =
	| { keep: true; by: Grant | typeof FLAG_GRANT; onlyCovered: false }
	/** The script's manifest is not the agreed one: only what both cover may be kept, under the agreed one. */
	| { keep: true; by: Grant; onlyCovered: true }
	| { keep: false; reason: Refusal };

export interface Circumstances {
	env: NodeJS.ProcessEnv;
	policy: SitePolicy;
	reading: ConsentReading;
}

/** What rules above the user's decision, if anything does. */
function ruledOut(endpoint: string, { env, policy }: Circumstances): Refusal | null {
	return policyAllows(policy, endpoint) ? environmentRefusal(env) : "site_policy";
}

const refused = (reason: Refusal): KeepDecision => ({ keep: false, reason });

/** What the user says, whatever rules above them. */
function decided(manifest: Manifest, flagged: boolean, reading: ConsentReading, isAgreed: boolean): KeepDecision {
	if (reading.state === "unreadable") return refused("consent_unreadable");
	const record = reading.state === "decided" ? reading.record : null;
	if (record?.mode === "denied") return refused("denied");
	const grant = record?.mode === "withdrawn" ? null : (record?.grant ?? null);
	const covers = grant !== null && (isAgreed || grant.text === consentText(manifest));
	if (flagged && !(covers && record?.mode === "granted")) return { keep: true, by: FLAG_GRANT, onlyCovered: false };
	if (grant !== null) return { keep: true, by: grant, onlyCovered: !covers };
	return refused(record?.mode === "withdrawn" ? "withdrawn" : "no_decision");
}

/**
 * May a report under this manifest be kept?
 *
 * @param flagged the script was started with its author's `--phone-home`
 * @param isAgreed the manifest is known to be what the grant in the reading was given for
 */
export function mayKeep(
	manifest: Manifest,
	flagged: boolean,
	circumstances: Circumstances,
	isAgreed = false,
): KeepDecision {
	const decision = decided(manifest, flagged, circumstances.reading, isAgreed);
	const endpoint = decision.keep && decision.onlyCovered ? decision.by.endpoint : manifest.endpoint;
	const ruled = ruledOut(endpoint, circumstances);
	return ruled === null ? decision : refused(ruled);
}

export type SendDecision =
	| { send: "yes" }
	/** It stays where it is: the decision may change, or become readable again. */
	| { send: "not_now"; reason: Refusal | "local" | "notice_changed" }
	/** It waits for its user's word, or for the time that its user wants to look at it. */
	| ({ send: "not_now" } & ReviewRefusal)
	/** It may never leave: the user took back what it was recorded under. */
	| { send: "never"; reason: "denied" | "withdrawn" };

/** What the decision needs to know of a report that waits. */
export interface Waiting extends Reviewed {
	grant: string;
	endpoint: string;
	occurredAt: string;
}

/** May this report leave now? */
export function maySend(waiting: Waiting, circumstances: Circumstances & { clock: Clock }): SendDecision {
	const decision = isConsented(waiting, circumstances);
	const { reading, clock } = circumstances;
	if (decision.send !== "yes" || reading.state !== "decided") return decision;
	const refusal = reviewOf(reading.record, waiting, clock);
	return refusal === null ? decision : { send: "not_now", ...refusal };
}

/** A review is of all that leaves for the project, also of what was recorded under a flag or came from elsewhere. */
function reviewOf({ grant }: ConsentRecord, waiting: Waiting, clock: Clock): ReviewRefusal | null {
	return grant === null ? null : reviewRefusal(grant.review, waiting, clock);
}

function isConsented(waiting: Waiting, circumstances: Circumstances): SendDecision {
	const ruled = ruledOut(waiting.endpoint, circumstances);
	if (ruled !== null) return { send: "not_now", reason: ruled };
	const { reading } = circumstances;
	if (reading.state === "unreadable") return { send: "not_now", reason: "consent_unreadable" };
	const record = reading.state === "decided" ? reading.record : null;
	if (record?.mode === "denied") return { send: "never", reason: "denied" };
	if (waiting.grant === FLAG_GRANT || waiting.grant === IMPORT_GRANT) {
		const takenBack = record?.mode === "withdrawn" && waiting.occurredAt <= record.since;
		return takenBack ? { send: "never", reason: "withdrawn" } : { send: "yes" };
	}
	if (record === null) return { send: "not_now", reason: "no_decision" };
	if (record.grant?.id !== waiting.grant || record.mode === "withdrawn") return { send: "never", reason: "withdrawn" };
	if (record.mode === "local") return { send: "not_now", reason: "local" };
	// What is kept under a notice goes where that notice says, and the current grant is for elsewhere.
	return record.grant.endpoint === waiting.endpoint ? { send: "yes" } : { send: "not_now", reason: "notice_changed" };
}
