/** What travels between an uploader and a server: docs/wire-format.md is the same in words. */
import type { WireReport } from "./types.js";

/** The version of the wire format that this program speaks. */
export const WIRE_VERSION = 1;

/** Where a batch is posted, relative to a manifest's endpoint. */
export const BATCHES_PATH = "/v1/batches";

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

/** The body of every refusal of ours: what tells our 400 from a stranger's. */
export interface WireError {
	wire: typeof WIRE_VERSION;
	error: { code: string; message: string };
}
