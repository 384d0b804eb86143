/** Administrators, sessions, tokens and the log of acts, in the SQL that SQLite and PostgreSQL share. */
import { type Kysely, sql } from "kysely";
import type {
	Act,
	ActName,
	Administrator,
	ApiToken,
	Credentials,
	LoginCount,
	NewSession,
	NewToken,
	StoredAct,
	StoredSession,
	TokenRecord,
} from "./access-types.js";
import { CONSOLE } from "./access-types.js";
import type { Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";

type Database = Kysely<Schema>;

export async function hasAdministrator(db: Database): Promise<boolean> {
	return (await db.selectFrom("administrators").select("id").limit(1).executeTakeFirst()) !== undefined;
}

export async function administrators(db: Database): Promise<Administrator[]> {
	const found = await db.selectFrom("administrators").select(["id", "name", "made_at"]).orderBy("name").execute();
	return found.map(({ id, name, made_at }) => ({ id, name, madeAt: made_at }));
}

export async function findAdministrator(
	db: Database,
	name: string,
): Promise<(Administrator & Credentials) | undefined> {
	const row = await db.selectFrom("administrators").selectAll().where("name", "=", name).executeTakeFirst();
	return row && { id: row.id, name: row.name, password: row.password, madeAt: row.made_at };
}

export function* addAdministrator(db: Database, credentials: Credentials, act: Act): Steps<boolean> {
	return (yield* insertAdministrator(db, credentials, act)) !== undefined;
}

function* insertAdministrator(db: Database, { name, password }: Credentials, act: Act): Steps<number | undefined> {
	const added = db
		.insertInto("administrators")
		.values({ name, password, made_at: act.at })
		.onConflict((conflict) => conflict.doNothing())
		.returning("id");
	const [row] = yield* rows(added);
	if (row !== undefined) yield* record(db, act);
	return row?.id;
}

export function* setPassword(db: Database, { name, password }: Credentials, act: Act): Steps<boolean> {
	const changed = db.updateTable("administrators").set({ password }).where("name", "=", name).returning("id");
	const [row] = yield* rows(changed);
	if (row === undefined) return false;
	yield* rows(db.deleteFrom("sessions").where("administrator_id", "=", row.id));
	yield* record(db, act);
	return true;
}

export function* removeAdministrator(db: Database, name: string, act: Act): Steps<"removed" | "unknown" | "last"> {
	const all = yield* rows(db.selectFrom("administrators").select(["id", "name"]));
	const found = all.find((each) => each.name === name);
	if (found === undefined) return "unknown";
	if (all.length === 1) return "last";
	yield* rows(db.deleteFrom("administrators").where("id", "=", found.id));
	yield* rows(db.deleteFrom("sessions").where("administrator_id", "=", found.id));
	yield* record(db, act);
	return "removed";
}

export function* addSetupToken(db: Database, digest: Buffer, expiresAt: number, now: number): Steps<void> {
	yield* rows(db.deleteFrom("setup_tokens").where("expires_at", "<=", now));
	yield* rows(db.insertInto("setup_tokens").values({ digest, expires_at: expiresAt }));
}

export async function isSetupToken(db: Database, digest: Buffer, now: number): Promise<boolean> {
	const found = db.selectFrom("setup_tokens").select("digest").where("digest", "=", digest);
	if ((await found.where("expires_at", ">", now).executeTakeFirst()) === undefined) return false;
	return !(await hasAdministrator(db));
}

/** Every one-time token is deleted, which two can do at the same moment, but only one finds its own among them. */
export function* setUp(db: Database, digest: Buffer, credentials: Credentials, act: Act): Steps<number | undefined> {
	const known = db.selectFrom("setup_tokens").select("digest").where("digest", "=", digest);
	if ((yield* rows(known.where("expires_at", ">", act.at))).length === 0) return undefined;
	const used = yield* rows(db.deleteFrom("setup_tokens").returning("digest"));
	if (!used.some((token) => token.digest.equals(digest))) return undefined;
	if ((yield* rows(db.selectFrom("administrators").select("id").limit(1))).length > 0) return undefined;
	return yield* insertAdministrator(db, credentials, act);
}

export function* addSession(
	db: Database,
	{ digest, administratorId, at, replaces, over }: NewSession,
	act: Act,
): Steps<void> {
	yield* rows(
		db
			.deleteFrom("sessions")
			.where((eb) => eb.or([eb("made_at", "<", over.madeBefore), eb("used_at", "<", over.usedBefore)])),
	);
	if (replaces !== null) yield* rows(db.deleteFrom("sessions").where("digest", "=", replaces));
	const session = { digest, administrator_id: administratorId, made_at: at, used_at: at };
	yield* rows(db.insertInto("sessions").values(session));
	yield* record(db, act);
}

export async function findSession(db: Database, digest: Buffer): Promise<StoredSession | undefined> {
	const row = await db
		.selectFrom("sessions")
		.innerJoin("administrators", "administrators.id", "sessions.administrator_id")
		.select(["sessions.administrator_id", "administrators.name", "sessions.made_at", "sessions.used_at"])
		.where("sessions.digest", "=", digest)
		.executeTakeFirst();
	return row && { administratorId: row.administrator_id, name: row.name, madeAt: row.made_at, usedAt: row.used_at };
}

export async function touchSession(db: Database, digest: Buffer, at: number): Promise<void> {
	await db.updateTable("sessions").set({ used_at: at }).where("digest", "=", digest).execute();
}

export function* removeSession(db: Database, digest: Buffer, act: Act): Steps<void> {
	const removed = db.deleteFrom("sessions").where("digest", "=", digest).returning("digest");
	if ((yield* rows(removed)).length > 0) yield* record(db, act);
}

export function* addToken(db: Database, { name, project, digest, madeBy, at }: NewToken, act: Act): Steps<number> {
	const row = { name, project, digest, made_by: madeBy, made_at: at, used_at: null, revoked_at: null };
	const [added] = yield* rows(db.insertInto("api_tokens").values(row).returning("id"));
	yield* record(db, act);
	return added?.id ?? 0;
}

export async function tokens(db: Database): Promise<TokenRecord[]> {
	const found = await db.selectFrom("api_tokens").selectAll().orderBy("id", "desc").execute();
	return found.map((row) => ({
		id: row.id,
		name: row.name,
		project: row.project,
		madeBy: row.made_by,
		madeAt: row.made_at,
		usedAt: row.used_at,
		revokedAt: row.revoked_at,
	}));
}

export async function findToken(db: Database, digest: Buffer): Promise<ApiToken | undefined> {
	const row = await db
		.selectFrom("api_tokens")
		.select(["id", "name", "project", "used_at"])
		.where("digest", "=", digest)
		.where("revoked_at", "is", null)
		.executeTakeFirst();
	return row && { id: row.id, name: row.name, project: row.project, usedAt: row.used_at };
}

export async function touchToken(db: Database, id: number, at: number): Promise<void> {
	await db.updateTable("api_tokens").set({ used_at: at }).where("id", "=", id).execute();
}

export function* revokeToken(db: Database, id: number, act: Act): Steps<boolean> {
	const revoked = db.updateTable("api_tokens").set({ revoked_at: act.at }).where("id", "=", id);
	const [row] = yield* rows(revoked.where("revoked_at", "is", null).returning("name"));
	if (row === undefined) return false;
	yield* record(db, { ...act, what: row.name });
	return true;
}

/** In the order of the buckets' names, so that two who count at once never wait for each other. */
export function* countLogin(
	db: Database,
	buckets: readonly string[],
	now: number,
	windowMs: number,
): Steps<LoginCount[]> {
	const counts = new Map<string, LoginCount>();
	for (const bucket of [...new Set(buckets)].sort()) {
		const isOver = sql<boolean>`login_counts.ends_at <= ${now}`;
		const counted = db
			.insertInto("login_counts")
			.values({ bucket, count: 1, ends_at: now + windowMs })
			.onConflict((conflict) =>
				conflict.column("bucket").doUpdateSet({
					count: sql<number>`CASE WHEN ${isOver} THEN 1 ELSE login_counts.count + 1 END`,
					ends_at: sql<number>`CASE WHEN ${isOver} THEN excluded.ends_at ELSE login_counts.ends_at END`,
				}),
			)
			.returning(["count", "ends_at"]);
		const [row] = yield* rows(counted);
		if (row !== undefined) counts.set(bucket, { count: row.count, endsAt: row.ends_at });
	}
	return buckets.flatMap((bucket) => counts.get(bucket) ?? []);
}

export async function forgetLogins(db: Database, buckets: readonly string[]): Promise<void> {
	if (buckets.length > 0) await db.deleteFrom("login_counts").where("bucket", "in", buckets).execute();
}

export function* record(db: Database, act: Act): Steps<void> {
	yield* rows(db.insertInto("audit").values(act));
}

/** Whoever was logged in, or about to set up, when a backup was made is not let in by it. */
export async function endSessions(db: Database): Promise<void> {
	for (const name of ["sessions", "setup_tokens", "login_counts"] as const) await db.deleteFrom(name).execute();
}

/** What was kept of addresses goes with the policy that let it be kept. */
export function* forgetSources(db: Database): Steps<void> {
	yield* rows(
		db.updateTable("audit").set({ source: null }).where("source", "is not", null).where("source", "!=", CONSOLE),
	);
}

export async function acts(
	db: Database,
	{ before, limit }: { before?: number | undefined; limit: number },
): Promise<StoredAct[]> {
	let found = db.selectFrom("audit").selectAll().orderBy("id", "desc").limit(limit);
	if (before !== undefined) found = found.where("id", "<", before);
	return (await found.execute()).map((row) => ({ ...row, act: row.act as ActName }));
}
