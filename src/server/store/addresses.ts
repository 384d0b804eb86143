/** The address policy, its keys, and what is stored of addresses, in steps that SQLite and PostgreSQL share. */
import { createHmac, randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { AddressPolicy, Manifest } from "../../report/manifest.js";
import { ADDRESS_KEY_BYTES, ADDRESS_WINDOW_MS, UPKEEP_STEP } from "../config.js";
import { bothAllow, broughtDown } from "../privacy/kept-address.js";
import { forgetSources } from "./access.js";
import type { AddressSetting, BroughtDown } from "./address-types.js";
import type { AddressPolicyTable, Schema } from "./schema.js";
import { rows, type Steps } from "./steps.js";
import type { StoredReport } from "./types.js";

type Database = Kysely<Schema>;

/** The table has one row, or none before an operator chose. */
const ONLY_ROW = 1;
const UNSET: AddressSetting = { policy: "none", windowMs: ADDRESS_WINDOW_MS, epoch: 0, isPending: false };

export async function addressSetting(db: Database): Promise<AddressSetting> {
	return toSetting(await db.selectFrom("address_policy").selectAll().executeTakeFirst());
}

function* settingSteps(db: Database): Steps<AddressSetting> {
	return toSetting((yield* rows(db.selectFrom("address_policy").selectAll()))[0]);
}

function toSetting(row: AddressPolicyTable | undefined): AddressSetting {
	if (row === undefined) return UNSET;
	return { policy: row.policy, windowMs: row.window_ms, epoch: row.epoch, isPending: row.pending === 1 };
}

export function* setAddresses(db: Database, policy: AddressPolicy, windowMs: number): Steps<AddressSetting> {
	const { epoch } = yield* settingSteps(db);
	yield* rows(db.deleteFrom("address_keys"));
	yield* rows(db.deleteFrom("address_policy"));
	yield* forgetSources(db);
	const row = { id: ONLY_ROW, policy, window_ms: windowMs, epoch: epoch + 1, pending: 1 };
	yield* rows(db.insertInto("address_policy").values(row));
	return toSetting(row);
}

export function* addressKey(db: Database, until: number): Steps<Buffer> {
	const found = db.selectFrom("address_keys").select("key").where("until", "=", until);
	const [known] = yield* rows(found);
	if (known !== undefined) return known.key;
	yield* rows(db.deleteFrom("address_keys").where("until", "<", until));
	const key = randomBytes(ADDRESS_KEY_BYTES);
	// Of several servers at once, one makes it, and all use that.
	const added = db.insertInto("address_keys").values({ until, key });
	yield* rows(added.onConflict((conflict) => conflict.doNothing()));
	return (yield* rows(found))[0]?.key ?? key;
}

export function* destroyOldKeys(db: Database, now: number): Steps<number> {
	const old = db.selectFrom("address_keys").select("until").where("until", "<=", now);
	const { length } = yield* rows(old);
	if (length > 0) yield* rows(db.deleteFrom("address_keys").where("until", "<=", now));
	return length;
}

export function* bringDownAddresses(db: Database, after: number, key: Buffer): Steps<BroughtDown> {
	const { policy, windowMs } = yield* settingSteps(db);
	const page = db
		.selectFrom("events")
		.innerJoin("projects", "projects.id", "events.project_id")
		.select(["seq", "name", "received_at", "report", "address", "source"])
		.where("source", "is not", null)
		.where("seq", ">", after)
		.orderBy("seq")
		.limit(UPKEEP_STEP);
	const events = yield* rows(page);
	const notices = yield* noticesOf(db, [...new Set(events.map(({ name }) => name))]);
	let changed = 0;
	for (const { seq, name, received_at, report, address, source } of events) {
		const { manifest_notice } = JSON.parse(report) as StoredReport;
		// Where the notice isn't known any more, what was kept was within it.
		const keeping = bothAllow(policy, notices.get(nameOf(name, manifest_notice)) ?? "full");
		// As with keys that are used and destroyed: what was told apart by windows stays so.
		const window = createHmac("sha256", key)
			.update(String(Math.floor(received_at / windowMs)))
			.digest();
		const left = broughtDown({ address, source }, keeping, window);
		if (left.address === address && left.source === source) continue;
		yield* rows(db.updateTable("events").set({ address: left.address, source: left.source }).where("seq", "=", seq));
		changed++;
	}
	const last = events.at(-1);
	return { changed, place: last === undefined || events.length < UPKEEP_STEP ? null : last.seq };
}

function* noticesOf(db: Database, projects: readonly string[]): Steps<Map<string, AddressPolicy>> {
	if (projects.length === 0) return new Map();
	const found = db.selectFrom("manifests").select(["project", "notice", "manifest"]).where("project", "in", projects);
	return new Map(
		(yield* rows(found)).map(({ project, notice, manifest }) => [
			nameOf(project, notice),
			(JSON.parse(manifest) as Manifest).notice.addresses,
		]),
	);
}

/** No project's name has a space. */
function nameOf(project: string, notice: number | null | undefined): string {
	return `${project} ${notice}`;
}

/** Whether it still is the policy. */
export function* noteBroughtDown(db: Database, epoch: number): Steps<boolean> {
	yield* rows(db.updateTable("address_policy").set({ pending: 0 }).where("epoch", "=", epoch));
	return (yield* settingSteps(db)).epoch === epoch;
}
