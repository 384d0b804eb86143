/** What becomes of a report: a closed set, so that a caller can handle every case. */
import type { Refusal } from "../consent/decide.js";
import type { PutRefusal } from "../spool/put.js";

/** Why a report with consent was not kept. docs/errors.md explains each. */
export type DropReason =
	| "invalid_manifest"
	| "invalid_report"
	| "too_large"
	| "sampled_out"
	| "run_ended"
	| "no_home"
	| "internal_error"
	| PutRefusal;

export interface Queued {
	status: "queued";
	/** The report's id, as `et show` takes it. */
	id: string;
	runId: string;
	/** The file that it waits in. */
	path: string;
	/** What was given and left out, since it is not declared, or not of the declared type. */
	stripped: readonly string[];
}

export interface NotConsented {
	status: "not_consented";
	reason: Refusal;
}

export interface Dropped {
	status: "dropped";
	reason: DropReason;
	/** More about the reason, such as the system's error code. */
	detail: string;
}

export type EnqueueResult = Queued | NotConsented | Dropped;
