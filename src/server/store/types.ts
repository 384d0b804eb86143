/** What the server asks of a database. One contract for every engine behind it. */
import type { Manifest } from "../../report/manifest.js";
import type {
	Measure,
	Outcome,
	ReportEvent,
	WireException,
	WireFrame,
	WireInput,
	WireLimits,
	WireReport,
} from "../../report/types.js";
import type { KeptAddress } from "../privacy/kept-address.js";
import type { AccessStore } from "./access-types.js";
import type { AddressStore } from "./address-types.js";
import type { ProjectErasureStore } from "./project-erasure-types.js";
import type { RetentionStore } from "./retention-types.js";

type Identity = "id" | "run_id" | "event" | "project" | "occurred_at";

/** What may be absent, or null for that. */
type NotSure<T> = { [K in keyof T]?: T[K] | null };

type StoredFrame = Pick<WireFrame, "file"> & NotSure<WireFrame>;

interface StoredParts {
	measured_by: NotSure<Record<Measure, string>>;
	limits: NotSure<WireLimits>;
	inputs: (Pick<WireInput, "name" | "unit"> & NotSure<Pick<WireInput, "size" | "measured_by">>)[];
	exception: Pick<WireException, "type"> & { frames?: StoredFrame[] | null };
}

/** A report as the schema lets it in: only what identifies it, or a part of it, is sure to be there. */
export type StoredReport = Pick<WireReport, Identity> &
	NotSure<Omit<WireReport, Identity | keyof StoredParts>> &
	NotSure<StoredParts>;

/** An event to be stored. Times are milliseconds since the epoch. */
export interface EventRecord extends KeptAddress {
	project: string;
	/** 128 bits in hexadecimal. */
	runId: string;
	/** A UUID. */
	id: string;
	event: ReportEvent;
	/** The server's clock. */
	receivedAt: number;
	/** The client's clock, corrected by its skew. */
	occurredAt: number;
	/** The client's clock, as it was sent. */
	occurredAtClient: number;
	command: string | null;
	version: string | null;
	outcome: Outcome | null;
	test: boolean;
	wallSeconds: number | null;
	/** The report's JSON, as validated and scrubbed. */
	report: string;
}

/** A count of reports that a user's spool had to drop; its id makes it arrive once. */
export interface LostRecord {
	id: string;
	project: string;
	reason: string;
	count: number;
	receivedAt: number;
}

export interface BatchRecords {
	/**
	 * The epoch of the address policy under which the events' addresses were prepared: if it is not the database's at the
	 * moment of storing, they are left out. @defaultValue they are
	 */
	addressEpoch?: number | undefined;
	events: readonly EventRecord[];
	lost: readonly LostRecord[];
}

export type InsertResult = "accepted" | "duplicate" | "erased";

/** What the user of a run asks for: the whole run gone, or fields of one of its reports. */
export interface ErasureRecord {
	/** 128 bits in hexadecimal. */
	runId: string;
	/** Null erases the run. */
	redaction: RedactionRecord | null;
	/** Milliseconds since the epoch, in the server's clock. */
	at: number;
	/** The receipt that is given when there is none yet. */
	receipt: string;
}

export interface RedactionRecord {
	/** A UUID. */
	reportId: string;
	/** Each once, in the order of the alphabet. */
	fields: readonly string[];
}

/** What was done, now or when it was first asked for: a receipt is never given twice. */
export interface Erased {
	verdict: "erased" | "redacted";
	receipt: string;
	/** How many events it was about. */
	events: number;
	/** Milliseconds since the epoch. */
	at: number;
}

export type ErasureResult = Erased | { verdict: "unknown" };

/** An event as it is read back. Times are milliseconds since the epoch. */
export interface StoredEvent extends KeptAddress {
	/** The place in the order in which events were stored. */
	seq: number;
	receivedAt: number;
	occurredAt: number;
	occurredAtClient: number;
	report: StoredReport;
	/** The fields of which its user took out something: the standard ones, for an input `inputs`, for a key `data`. */
	redacted: readonly string[];
}

/**
 * One page of the runs, newest first by their newest event. A page belongs to a moment (`asOf`):
 * walking from page to page shows every run of that moment once, whatever is stored meanwhile.
 */
export type TestsWanted = "without" | "only";

export interface RunsQuery {
	project?: string | undefined;
	/** Runs of which no event says that it is a test, or those others; left out, all. */
	tests?: TestsWanted | undefined;
	/** The newest event that counts; left out, the newest there is. */
	asOf?: number | undefined;
	/** Only runs older, or only runs newer, than the one at this place. */
	from?: { before: number } | { after: number } | undefined;
	limit: number;
}

/** Events in the order in which they were stored, behind a place. Times are milliseconds since the epoch. */
export interface EventsQuery {
	project?: string | undefined;
	command?: string | undefined;
	version?: string | undefined;
	event?: ReportEvent | undefined;
	outcome?: Outcome | undefined;
	tests?: TestsWanted | undefined;
	/** When they occurred, by the server's clock: not before, and before. */
	since?: number | undefined;
	until?: number | undefined;
	/** When they were received at the latest. */
	receivedUntil?: number | undefined;
	after: number;
	limit: number;
}

/** A run's place in the order, and its events (at most {@link MAX_EVENTS_SHOWN}), in the order of storing. */
export interface StoredRun {
	/** The place of the newest event that counts. */
	seq: number;
	events: StoredEvent[];
}

export interface RunsSlice {
	asOf: number;
	runs: StoredRun[];
	hasOlder: boolean;
	hasNewer: boolean;
}

export interface LostTotal {
	reason: string;
	count: number;
}

/** A project whose reports are to be taken; with a manifest, of them is kept what that declares. */
export interface RegistrationRequest {
	project: string;
	manifest: Manifest | null;
	/** Milliseconds since the epoch. */
	at: number;
}

/** `known`: this version of the notice was registered before, and stays as it was. */
export type Registered = { result: "registered" } | { result: "known"; manifest: Manifest };

export interface Registration {
	project: string;
	/** Milliseconds since the epoch. */
	registeredAt: number;
	/** By the version of their notice. */
	manifests: { manifest: Manifest; registeredAt: number }[];
	/** How many keys it has that are not revoked. */
	keys: number;
}

export interface IngestKey {
	id: number;
	project: string;
}

export interface KeyRecord {
	id: number;
	/** Milliseconds since the epoch. */
	madeAt: number;
	revokedAt: number | null;
}

/** What the operator says of projects: whose reports are taken, what they may hold, and with which keys they come. */
export interface RegistryStore {
	register(request: RegistrationRequest): Promise<Registered>;
	/**
	 * Forgets one version of a project's notice, or, without one, the project with its manifests and keys; its reports
	 * stay. Whether there was such a one.
	 */
	unregister(project: string, notice: number | null): Promise<boolean>;
	/** Those of these projects that are registered; of all with null. */
	registrations(only: readonly string[] | null): Promise<Registration[]>;
	/** Keeps a key by its SHA-256; gives its number, or undefined where the project is not registered. */
	addKey(project: string, digest: Buffer, at: number): Promise<number | undefined>;
	keys(project: string): Promise<KeyRecord[]>;
	/** Whether the project has such a key; one that was revoked stays so. */
	revokeKey(project: string, id: number, at: number): Promise<boolean>;
	/** Undefined for one that there is not, or not any more. */
	findKey(digest: Buffer): Promise<IngestKey | undefined>;
}

/** How much is stored. Counts everything: not for a hot path. */
export interface StoreCounts {
	events: number;
	runs: number;
	projects: number;
	/** Reports that spools had to drop. */
	lost: number;
	/** Runs that were erased, those never seen included. */
	erased: number;
}

/** The version of the schema that was found when a store was opened (0 for none), and that it has now. */
export interface SchemaVersions {
	from: number;
	to: number;
}

/**
 * Every method rejects with an EtError `ET_STORE_UNAVAILABLE` when the database cannot do it now
 * (locked, full, gone): nothing of the call was then stored, and it may be tried again. Where the connection to
 * PostgreSQL broke as the call was committed, it may have been stored all the same; tried again, it does no harm.
 */
export interface Store extends RegistryStore, AddressStore, RetentionStore, ProjectErasureStore, AccessStore {
	readonly schema: SchemaVersions;
	/**
	 * Stores a batch whole or not at all, and resolves once it is on disk. One result an event, in
	 * order; an event is a duplicate when its project has one of the same id, and is not stored when
	 * its run was erased, whoever else writes at the same time.
	 */
	insertBatch(batch: BatchRecords): Promise<InsertResult[]>;
	/**
	 * Erases runs, for good, and fields of reports: all that is asked for or nothing, one result a
	 * request, in order. Erased means that its bytes are gone from SQLite's own files, too, as soon as nobody reads
	 * them any more; PostgreSQL leaves that to its VACUUM (docs/server.md).
	 */
	erase(requests: readonly ErasureRecord[]): Promise<ErasureResult[]>;
	listRuns(query: RunsQuery): Promise<RunsSlice>;
	/**
	 * How long after it was received an event may still appear at a place before others', in milliseconds: who reads on
	 * from a place leaves alone what is younger. 0 where places are given in the order of their commits.
	 */
	readonly settlingMs: number;
	events(query: EventsQuery): Promise<StoredEvent[]>;
	/** The run's events in the order of storing, none where there is no such run. */
	runEvents(project: string, runId: string): Promise<StoredEvent[]>;
	/** The names of the first `limit` projects, in alphabetical order. */
	projects(limit: number): Promise<string[]>;
	hasProject(name: string): Promise<boolean>;
	/** Whether there are test runs; left out, of any project. */
	hasTests(project?: string): Promise<boolean>;
	/** What the spools of a project's users had to drop, by reason. */
	lostTotals(project: string): Promise<LostTotal[]>;
	counts(): Promise<StoreCounts>;
	/** Resolves when the database answers. */
	check(): Promise<void>;
	close(): Promise<void>;
}
