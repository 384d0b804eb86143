/** Registered projects, their manifests and their keys, in the SQL that SQLite and PostgreSQL share. */
import type { Kysely } from "kysely";
import type { Manifest } from "../../report/manifest.js";
import type { Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";
import type { IngestKey, KeyRecord, Registered, Registration, RegistrationRequest } from "./types.js";

type Database = Kysely<Schema>;

export function* register(db: Database, { project, manifest, at }: RegistrationRequest): Steps<Registered> {
	yield* rows(
		db
			.insertInto("registrations")
			.values({ project, registered_at: at })
			.onConflict((conflict) => conflict.doNothing()),
	);
	// Who registers it wants its reports again.
	yield* rows(db.updateTable("project_erasures").set({ blocked: 0 }).where("project", "=", project));
	if (manifest === null) return { result: "registered" };
	const notice = manifest.notice.version;
	const added = db
		.insertInto("manifests")
		.values({ project, notice, manifest: JSON.stringify(manifest), registered_at: at })
		.onConflict((conflict) => conflict.doNothing())
		.returning("manifest");
	if ((yield* rows(added)).length > 0) {
		const { retention } = manifest.notice;
		const promise = db.insertInto("promises").values({ project, notice, retention });
		yield* rows(promise.onConflict((conflict) => conflict.columns(["project", "notice"]).doUpdateSet({ retention })));
		return { result: "registered" };
	}
	const known = db.selectFrom("manifests").select("manifest").where("project", "=", project);
	const [row] = yield* rows<{ manifest: string }>(known.where("notice", "=", notice));
	return { result: "known", manifest: row === undefined ? manifest : JSON.parse(row.manifest) };
}

/** Forgets one version of a project's notice, or the project with all its manifests and keys. */
export function* unregister(db: Database, project: string, notice: number | null): Steps<boolean> {
	const known =
		notice === null
			? db.selectFrom("registrations").select("project").where("project", "=", project)
			: db.selectFrom("manifests").select("project").where("project", "=", project).where("notice", "=", notice);
	if ((yield* rows(known)).length === 0) return false;
	const manifests = db.deleteFrom("manifests").where("project", "=", project);
	yield* rows(notice === null ? manifests : manifests.where("notice", "=", notice));
	// A text that nobody agreed to promised nothing; those of a project that is gone still hold for its reports.
	if (notice !== null) {
		yield* rows(db.deleteFrom("promises").where("project", "=", project).where("notice", "=", notice));
		return true;
	}
	yield* rows(db.deleteFrom("ingest_keys").where("project", "=", project));
	yield* rows(db.deleteFrom("registrations").where("project", "=", project));
	return true;
}

/** @param only these projects; null for all */
export async function registrations(db: Database, only: readonly string[] | null): Promise<Registration[]> {
	if (only?.length === 0) return [];
	let registered = db.selectFrom("registrations").selectAll().orderBy("project");
	let manifests = db.selectFrom("manifests").selectAll().orderBy("project").orderBy("notice");
	let keys = db.selectFrom("ingest_keys").select(["project"]).where("revoked_at", "is", null);
	if (only !== null) {
		registered = registered.where("project", "in", only);
		manifests = manifests.where("project", "in", only);
		keys = keys.where("project", "in", only);
	}
	const found = await registered.execute();
	if (found.length === 0) return [];
	const [ofManifests, ofKeys] = [await manifests.execute(), await keys.execute()];
	return found.map(({ project, registered_at }) => ({
		project,
		registeredAt: registered_at,
		manifests: ofManifests
			.filter((row) => row.project === project)
			.map((row) => ({ manifest: JSON.parse(row.manifest) as Manifest, registeredAt: row.registered_at })),
		keys: ofKeys.filter((row) => row.project === project).length,
	}));
}

/** Undefined where the project is not registered. */
export function* addKey(db: Database, project: string, digest: Buffer, at: number): Steps<number | undefined> {
	const registered = db.selectFrom("registrations").select("project").where("project", "=", project);
	if ((yield* rows(registered)).length === 0) return undefined;
	const added = db.insertInto("ingest_keys").values({ project, digest, made_at: at, revoked_at: null }).returning("id");
	return (yield* rows(added))[0]?.id;
}

export async function keys(db: Database, project: string): Promise<KeyRecord[]> {
	const found = db.selectFrom("ingest_keys").select(["id", "made_at", "revoked_at"]).where("project", "=", project);
	return (await found.orderBy("id").execute()).map((row) => ({
		id: row.id,
		madeAt: row.made_at,
		revokedAt: row.revoked_at,
	}));
}

/** Whether there is such a key. One that was revoked before stays as it was. */
export function* revokeKey(db: Database, project: string, id: number, at: number): Steps<boolean> {
	const known = db.selectFrom("ingest_keys").select("id").where("project", "=", project).where("id", "=", id);
	if ((yield* rows(known)).length === 0) return false;
	const revoked = db.updateTable("ingest_keys").set({ revoked_at: at });
	yield* rows(revoked.where("id", "=", id).where("revoked_at", "is", null));
	return true;
}

export async function findKey(db: Database, digest: Buffer): Promise<IngestKey | undefined> {
	return db
		.selectFrom("ingest_keys")
		.select(["id", "project"])
		.where("digest", "=", digest)
		.where("revoked_at", "is", null)
		.executeTakeFirst();
}
