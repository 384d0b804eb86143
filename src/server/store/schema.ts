/** The tables, as Kysely knows them. The migrations make them; this file only says what they hold. */
import type { Generated } from "kysely";
import type { AddressPolicy } from "../../report/manifest.js";
import type { Outcome, ReportEvent } from "../../report/types.js";

export interface ProjectsTable {
	id: Generated<number>;
	name: string;
}

export interface EventsTable {
	seq: Generated<number>;
	project_id: number;
	/** 16 bytes. */
	run_id: Buffer;
	/** 16 bytes. */
	id: Buffer;
	event: ReportEvent;
	received_at: number;
	occurred_at: number;
	occurred_at_client: number;
	command: string | null;
	version: string | null;
	outcome: Outcome | null;
	test: number;
	wall_s: number | null;
	report: string;
	/** JSON: the fields of which its user took out something, in the order of the alphabet; null for none. */
	redacted: string | null;
	/** What is kept of the address that it came from; privacy/kept-address.ts says more. */
	address: string | null;
	source: string | null;
}

/** The run ids of erased runs, and nothing else of them. */
export interface TombstonesTable {
	run_id: Buffer;
	erased_at: number;
	/** How many events were erased. */
	events: number;
	receipt: string;
}

/** What was taken out of which report, so that asking again is told apart from asking for more. */
export interface RedactionsTable {
	run_id: Buffer;
	report_id: Buffer;
	/** SHA-256 of the fields: a key's name may itself be what had to go. */
	fields_digest: Buffer;
	redacted_at: number;
	events: number;
	receipt: string;
}

export interface LostTable {
	project_id: number;
	id: string;
	reason: string;
	count: number;
	received_at: number;
}

/** What a database remembers of itself. */
export interface MarksTable {
	name: string;
	value: string;
}

/** The projects whose reports are taken, whether any has come or not. */
export interface RegistrationsTable {
	project: string;
	registered_at: number;
}

export interface ManifestsTable {
	project: string;
	/** The version of its notice. */
	notice: number;
	/** JSON, with every default filled in. */
	manifest: string;
	registered_at: number;
}

export interface IngestKeysTable {
	id: Generated<number>;
	project: string;
	/** SHA-256 of the key: 32 bytes. */
	digest: Buffer;
	made_at: number;
	revoked_at: number | null;
}

export interface AdministratorsTable {
	id: Generated<number>;
	name: string;
	/** A hash, with its parameters and salt. */
	password: string;
	made_at: number;
}

/** What lets the first administrator be set up, once. */
export interface SetupTokensTable {
	/** SHA-256: 32 bytes. */
	digest: Buffer;
	expires_at: number;
}

export interface SessionsTable {
	/** SHA-256 of what the browser has: 32 bytes. */
	digest: Buffer;
	administrator_id: number;
	made_at: number;
	used_at: number;
}

export interface ApiTokensTable {
	id: Generated<number>;
	name: string;
	/** Null reads all. */
	project: string | null;
	/** SHA-256: 32 bytes. */
	digest: Buffer;
	made_by: string | null;
	made_at: number;
	used_at: number | null;
	revoked_at: number | null;
}

/** Attempts to log in, counted in buckets. */
export interface LoginCountsTable {
	bucket: string;
	count: number;
	ends_at: number;
}

/** What administrators did. */
export interface AuditTable {
	id: Generated<number>;
	at: number;
	who: string | null;
	act: string;
	what: string | null;
	source: string | null;
}

/** One row, or none before an operator chose. */
export interface AddressPolicyTable {
	id: number;
	policy: AddressPolicy;
	window_ms: number;
	/** Another one after each change. */
	epoch: number;
	/** Whether what was stored before may hold more: 0 or 1. */
	pending: number;
}

export interface AddressKeysTable {
	/** The end of its window. */
	until: number;
	key: Buffer;
}

/** What notices promised, also those of projects that are not registered any more. */
export interface PromisesTable {
	project: string;
	notice: number;
	/** An ISO 8601 duration. */
	retention: string;
}

export interface RetentionsTable {
	project: string;
	/** The operator's choice; null where the notices alone count. */
	duration: string | null;
	checked_at: number | null;
	/** How many have gone. */
	runs: number;
	events: number;
}

export interface ProjectErasuresTable {
	project: string;
	erased_at: number;
	/** How many have gone. */
	runs: number;
	events: number;
	receipt: string;
	/** 0 or 1. */
	blocked: number;
	done: number;
}

/** Runs of erased projects that had not ended. */
export interface ErasedRunsTable {
	project: string;
	run_id: Buffer;
}

export interface Schema {
	marks: MarksTable;
	projects: ProjectsTable;
	events: EventsTable;
	lost: LostTable;
	tombstones: TombstonesTable;
	redactions: RedactionsTable;
	registrations: RegistrationsTable;
	manifests: ManifestsTable;
	ingest_keys: IngestKeysTable;
	address_policy: AddressPolicyTable;
	address_keys: AddressKeysTable;
	administrators: AdministratorsTable;
	setup_tokens: SetupTokensTable;
	sessions: SessionsTable;
	api_tokens: ApiTokensTable;
	login_counts: LoginCountsTable;
	audit: AuditTable;
	promises: PromisesTable;
	project_erasures: ProjectErasuresTable;
	erased_runs: ErasedRunsTable;
	retentions: RetentionsTable;
}
