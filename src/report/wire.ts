/** What travels between an uploader and a server: docs/wire-format.md is the same in words. */
import type { WireReport } from "./types.js";

/** The version of the wire format that this program speaks. */
export const WIRE_VERSION = 1;

/** Where a batch is posted, relative to a manifest's endpoint. */
export const BATCHES_PATH = "/v1/batches";

/** Where erasures are posted, relative to a manifest's endpoint. */
export const ERASURES_PATH = "/v1/erasures";

/** Most erasures of one request. */
export const MAX_ERASURES = 500;

/** Reports that a user's spool had to drop: `id` makes the count arrive once. */
export interface LostCount {
	id: string;
	project: string;
	reason: string;
	count: number;
}

export interface WireBatch {
	wire: typeof WIRE_VERSION;
	/** The client's clock at the moment of sending, ISO 8601, UTC. */
	sent_at: string;
	lost: LostCount[];
	reports: WireReport[];
}

export const VERDICTS = ["accepted", "duplicate", "erased", "rejected", "later"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What a server says of one report. */
export interface WireVerdict {
	/** The id as it was sent; `null` where the report had none that could be read. */
	id: string | null;
	verdict: Verdict;
	/** A stable code; always there for `rejected` and `later`. */
	code?: string;
	/** For people. */
	message?: string;
}

/** The answer to a batch: a verdict for each report, in the order in which they were sent. */
export interface WireAnswer {
	wire: typeof WIRE_VERSION;
	verdicts: WireVerdict[];
}

/**
 * What the user of a run asks of a server. The key is the run's erase key; without `report` the whole run is erased,
 * with it `fields` of that report become not given.
 */
export type WireErasure = { id: string; key: string } | { id: string; key: string; report: string; fields: string[] };

export interface WireErasures {
	wire: typeof WIRE_VERSION;
	erasures: WireErasure[];
}

export const ERASURE_VERDICTS = ["erased", "redacted", "unknown", "rejected"] as const;
export type ErasureVerdict = (typeof ERASURE_VERDICTS)[number];

/** What a server says of one erasure. */
export interface WireErasureVerdict {
	/** The id as it was sent; `null` where there was none that could be read. */
	id: string | null;
	verdict: ErasureVerdict;
	/** What can be quoted to the server's operator; the same however often the same is asked for. */
	receipt: string | null;
	/** How many reports were erased or redacted. */
	events: number;
	/** When it was done, by the server's clock, ISO 8601, UTC. */
	at: string;
	/** A stable code; always there for `rejected`. */
	code?: string;
	/** For people. */
	message?: string;
}

/** The answer to erasures: a verdict for each, in the order in which they were sent. */
export interface WireErasureAnswer {
	wire: typeof WIRE_VERSION;
	verdicts: WireErasureVerdict[];
}

/** The body of every refusal of ours: what tells our 400 from a stranger's. */
export interface WireError {
	wire: typeof WIRE_VERSION;
	error: { code: string; message: string };
}
