/**
 * What both engines do in the same SQL. A question is one query of Kysely's, in `attempt`; a change that takes more
 * than one statement is a row of steps (steps.ts), in `transact`. Written so, a method works on both.
 */
import type { Kysely } from "kysely";
import type { AddressPolicy } from "../../report/manifest.js";
import * as access from "./access.js";
import type { Act, Credentials, NewSession, NewToken } from "./access-types.js";
import * as addresses from "./addresses.js";
import type { ProjectErasure } from "./project-erasure-types.js";
import * as erasures from "./project-erasures.js";
import * as queries from "./queries.js";
import * as registry from "./registry.js";
import * as retention from "./retention.js";
import type { Cutoffs, Gone } from "./retention-types.js";
import type { Schema } from "./schema.js";
import type { Steps } from "./steps.js";
import type {
	BatchRecords,
	ErasureRecord,
	ErasureResult,
	EventsQuery,
	InsertResult,
	RegistrationRequest,
	RunsQuery,
	SchemaVersions,
	Store,
} from "./types.js";

export abstract class SharedStore implements Store {
	readonly schema: SchemaVersions;
	protected readonly db: Kysely<Schema>;

	constructor(db: Kysely<Schema>, schema: SchemaVersions) {
		this.db = db;
		this.schema = schema;
	}

	abstract insertBatch(batch: BatchRecords): Promise<InsertResult[]>;
	abstract erase(requests: readonly ErasureRecord[]): Promise<ErasureResult[]>;
	abstract check(): Promise<void>;
	abstract close(): Promise<void>;

	/** Runs a call; what the engine refuses becomes an EtError `ET_STORE_UNAVAILABLE`. */
	protected abstract attempt<T>(call: () => Promise<T>): Promise<T>;

	/** Takes steps to their end in one transaction, or leaves nothing of them; errors are those of `attempt`. */
	protected abstract transact<T>(steps: () => Steps<T>): Promise<T>;

	/** The same for what takes something away: no intake comes between, and its bytes go as those of what is erased. */
	protected abstract remove<T>(steps: () => Steps<T>): Promise<T>;

	/**
	 * One transaction for maintenance, from a program that does nothing else meanwhile: `read` sees one moment of the
	 * database; `alone` keeps other processes from storing or erasing until it ends.
	 */
	abstract maintain<T>(how: "read" | "alone", call: (db: Kysely<Schema>) => Promise<T>): Promise<T>;

	/** Lets the database know which numbers its rows have, after rows came with numbers of their own. */
	abstract renumber(db: Kysely<Schema>): Promise<void>;

	/** The place of the newest event below which, in the order of places, no event comes any more. */
	abstract newestPlace(): Promise<number>;

	/** In a transaction that is not committed yet: no insert takes longer. */
	readonly settlingMs: number = 60_000;

	events(query: EventsQuery) {
		return this.attempt(() => queries.events(this.db, query));
	}

	listRuns(query: RunsQuery) {
		return this.attempt(async () =>
			queries.listRuns(this.db, { ...query, asOf: query.asOf ?? (await this.newestPlace()) }),
		);
	}

	runEvents(project: string, runId: string) {
		return this.attempt(() => queries.runEvents(this.db, project, runId));
	}

	projects(limit: number) {
		return this.attempt(() => queries.projectNames(this.db, limit));
	}

	hasProject(name: string) {
		return this.attempt(async () => (await queries.projectId(this.db, name)) !== undefined);
	}

	hasTests(project?: string) {
		return this.attempt(() => queries.hasTests(this.db, project));
	}

	lostTotals(project: string) {
		return this.attempt(() => queries.lostTotals(this.db, project));
	}

	register(request: RegistrationRequest) {
		return this.transact(() => registry.register(this.db, request));
	}

	unregister(project: string, notice: number | null) {
		return this.transact(() => registry.unregister(this.db, project, notice));
	}

	registrations(only: readonly string[] | null) {
		return this.attempt(() => registry.registrations(this.db, only));
	}

	addKey(project: string, digest: Buffer, at: number) {
		return this.transact(() => registry.addKey(this.db, project, digest, at));
	}

	keys(project: string) {
		return this.attempt(() => registry.keys(this.db, project));
	}

	revokeKey(project: string, id: number, at: number) {
		return this.transact(() => registry.revokeKey(this.db, project, id, at));
	}

	findKey(digest: Buffer) {
		return this.attempt(() => registry.findKey(this.db, digest));
	}

	reportsOf(project: string) {
		return this.attempt(() => erasures.reportsOf(this.db, project));
	}

	projectErasures(only: readonly string[] | null) {
		return this.attempt(() => erasures.projectErasures(this.db, only));
	}

	beginProjectErasure(erasure: { project: string; at: number; receipt: string; block: boolean }) {
		return this.remove(() => erasures.beginProjectErasure(this.db, erasure));
	}

	async eraseOfProject(project: string): Promise<ProjectErasure | undefined> {
		return (await this.remove(() => erasures.eraseOfProject(this.db, project))) ?? undefined;
	}

	retentions(only: readonly string[] | null) {
		return this.attempt(() => retention.retentions(this.db, only));
	}

	async setRetention(project: string, duration: string | null): Promise<void> {
		await this.transact(() => retention.setRetention(this.db, project, duration));
	}

	expire(project: string, after: number, cutoffs: Cutoffs, mode: "erase" | "count") {
		const steps = () => retention.expire(this.db, project, after, cutoffs, mode);
		return mode === "erase" ? this.remove(steps) : this.transact(steps);
	}

	async noteRetention(project: string, at: number, gone: Gone): Promise<void> {
		await this.transact(() => retention.noteRetention(this.db, project, at, gone));
	}

	claimUpkeep(who: string, now: number, until: number) {
		return this.transact(() => retention.claimUpkeep(this.db, who, now, until));
	}

	addressSetting() {
		return this.attempt(() => addresses.addressSetting(this.db));
	}

	setAddresses(policy: AddressPolicy, windowMs: number) {
		return this.remove(() => addresses.setAddresses(this.db, policy, windowMs));
	}

	addressKey(until: number) {
		return this.remove(() => addresses.addressKey(this.db, until));
	}

	async destroyOldKeys(now: number): Promise<void> {
		await this.remove(() => addresses.destroyOldKeys(this.db, now));
	}

	bringDownAddresses(after: number, key: Buffer) {
		return this.remove(() => addresses.bringDownAddresses(this.db, after, key));
	}

	noteBroughtDown(epoch: number) {
		return this.transact(() => addresses.noteBroughtDown(this.db, epoch));
	}

	hasAdministrator() {
		return this.attempt(() => access.hasAdministrator(this.db));
	}

	administrators() {
		return this.attempt(() => access.administrators(this.db));
	}

	findAdministrator(name: string) {
		return this.attempt(() => access.findAdministrator(this.db, name));
	}

	addAdministrator(credentials: Credentials, act: Act) {
		return this.transact(() => access.addAdministrator(this.db, credentials, act));
	}

	setPassword(credentials: Credentials, act: Act) {
		return this.transact(() => access.setPassword(this.db, credentials, act));
	}

	removeAdministrator(name: string, act: Act) {
		return this.transact(() => access.removeAdministrator(this.db, name, act));
	}

	addSetupToken(digest: Buffer, expiresAt: number, now: number) {
		return this.transact(() => access.addSetupToken(this.db, digest, expiresAt, now));
	}

	isSetupToken(digest: Buffer, now: number) {
		return this.attempt(() => access.isSetupToken(this.db, digest, now));
	}

	setUp(digest: Buffer, credentials: Credentials, act: Act) {
		return this.transact(() => access.setUp(this.db, digest, credentials, act));
	}

	addSession(session: NewSession, act: Act) {
		return this.transact(() => access.addSession(this.db, session, act));
	}

	findSession(digest: Buffer) {
		return this.attempt(() => access.findSession(this.db, digest));
	}

	touchSession(digest: Buffer, at: number) {
		return this.attempt(() => access.touchSession(this.db, digest, at));
	}

	removeSession(digest: Buffer, act: Act) {
		return this.transact(() => access.removeSession(this.db, digest, act));
	}

	addToken(token: NewToken, act: Act) {
		return this.transact(() => access.addToken(this.db, token, act));
	}

	tokens() {
		return this.attempt(() => access.tokens(this.db));
	}

	findToken(digest: Buffer) {
		return this.attempt(() => access.findToken(this.db, digest));
	}

	touchToken(id: number, at: number) {
		return this.attempt(() => access.touchToken(this.db, id, at));
	}

	revokeToken(id: number, act: Act) {
		return this.transact(() => access.revokeToken(this.db, id, act));
	}

	countLogin(buckets: readonly string[], now: number, windowMs: number) {
		return this.transact(() => access.countLogin(this.db, buckets, now, windowMs));
	}

	forgetLogins(buckets: readonly string[]) {
		return this.attempt(() => access.forgetLogins(this.db, buckets));
	}

	record(act: Act) {
		return this.transact(() => access.record(this.db, act));
	}

	acts(query: { before?: number | undefined; limit: number }) {
		return this.attempt(() => access.acts(this.db, query));
	}

	counts() {
		return this.attempt(() => queries.counts(this.db));
	}
}
