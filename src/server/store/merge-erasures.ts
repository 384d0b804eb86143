/**
 * Brings what was erased and redacted in one database into another, which may be older: nothing that a user took back
 * comes back with a backup, and no address that the policy has forbidden since. All can be done again without harm.
 */
import { sql } from "kysely";
import { OPTIONAL_FIELDS } from "../../report/optional-fields.js";
import { MAX_COPIES_REDACTED } from "../config.js";
import { stricter } from "../privacy/kept-address.js";
import { columnsOf } from "./columns.js";
import { addRows, type Database, type Row, rowsOf } from "./copy.js";
import type { StoredReport } from "./types.js";

export interface Merged {
	/** Runs that the target had, and has not any more. */
	runs: number;
	/** Reports of which something was taken out. */
	reports: number;
}

export async function mergeErasures(source: Database, target: Database): Promise<Merged> {
	const merged = { runs: 0, reports: 0 };
	for await (const rows of rowsOf(source, "tombstones", ["run_id"])) merged.runs += await bury(target, rows);
	for await (const rows of rowsOf(source, "redactions", ["run_id", "report_id", "fields_digest"])) {
		for (const row of rows) merged.reports += await redactAlike(source, target, row);
	}
	merged.runs += await mergeProjectErasures(source, target);
	await mergeAddressPolicy(source, target);
	await mergeRevocations(source, target);
	return merged;
}

/** A token that was revoked since opens nothing again. */
async function mergeRevocations(source: Database, target: Database): Promise<void> {
	const tokens = source.selectFrom("api_tokens").select(["digest", "revoked_at"]).where("revoked_at", "is not", null);
	for (const { digest, revoked_at } of await tokens.execute()) {
		const alike = target.updateTable("api_tokens").set({ revoked_at }).where("digest", "=", digest);
		await alike.where("revoked_at", "is", null).execute();
	}
}

/** Deletes what the target has of projects that were erased since; how many runs it had. */
async function mergeProjectErasures(source: Database, target: Database): Promise<number> {
	let runs = 0;
	for (const erasure of await source.selectFrom("project_erasures").selectAll().execute()) {
		const { project, erased_at } = erasure;
		const mine = await target
			.selectFrom("project_erasures")
			.select("erased_at")
			.where("project", "=", project)
			.execute();
		if ((mine[0]?.erased_at ?? 0) > erased_at) continue;
		await target.deleteFrom("project_erasures").where("project", "=", project).execute();
		await addRows(target, "project_erasures", [{ ...erasure }]);
		const [row] = await target.selectFrom("projects").select("id").where("name", "=", project).execute();
		if (row !== undefined) runs += await eraseUntil(target, row.id, erased_at);
	}
	for await (const open of rowsOf(source, "erased_runs", ["project", "run_id"])) {
		await addRows(target, "erased_runs", open);
		for (const { project, run_id } of open) await eraseRunOf(target, project as string, run_id as Buffer);
	}
	return runs;
}

async function eraseUntil(target: Database, projectId: number, until: number): Promise<number> {
	const runsOf = target.selectFrom("events").select(sql<number>`count(DISTINCT run_id)`.as("number"));
	const runs = async () => (await runsOf.where("project_id", "=", projectId).executeTakeFirst())?.number ?? 0;
	const before = await runs();
	await target.deleteFrom("lost").where("project_id", "=", projectId).execute();
	await target
		.deleteFrom("events")
		.where("project_id", "=", projectId)
		.where((eb) => eb.or([eb("received_at", "<=", until), eb("occurred_at", "<=", until)]))
		.execute();
	return before - (await runs());
}

async function eraseRunOf(target: Database, project: string, runId: Buffer): Promise<void> {
	const ids = target.selectFrom("projects").select("id").where("name", "=", project);
	await target.deleteFrom("events").where("run_id", "=", runId).where("project_id", "in", ids).execute();
}

/** The stricter of both policies, to which what is stored has to be brought down once more. */
async function mergeAddressPolicy(source: Database, target: Database): Promise<void> {
	const [theirs, ours] = [
		await source.selectFrom("address_policy").selectAll().executeTakeFirst(),
		await target.selectFrom("address_policy").selectAll().executeTakeFirst(),
	];
	if (theirs === undefined) return;
	const policy = ours === undefined ? theirs.policy : stricter(theirs.policy, ours.policy);
	const epoch = Math.max(theirs.epoch, ours?.epoch ?? 0) + 1;
	await target.deleteFrom("address_policy").execute();
	await target
		.insertInto("address_policy")
		.values({ ...theirs, policy, epoch, pending: 1 })
		.execute();
}

/** Deletes what the target has of erased runs; how many runs it had. */
async function bury(target: Database, tombstones: readonly Row[]): Promise<number> {
	const runIds = tombstones.map(({ run_id }) => run_id as Buffer);
	const there = await target.selectFrom("events").select("run_id").distinct().where("run_id", "in", runIds).execute();
	await target.deleteFrom("events").where("run_id", "in", runIds).execute();
	await target.deleteFrom("redactions").where("run_id", "in", runIds).execute();
	await addRows(target, "tombstones", tombstones);
	return there.length;
}

/** Takes out of the target's copies of a report what the source's copy has not any more. */
async function redactAlike(source: Database, target: Database, redaction: Row): Promise<number> {
	const [runId, id] = [redaction["run_id"] as Buffer, redaction["report_id"] as Buffer];
	const buried = await target.selectFrom("tombstones").select("run_id").where("run_id", "=", runId).execute();
	if (buried.length > 0) return 0;
	const [[model], copies] = await Promise.all([copiesOf(source, runId, id), copiesOf(target, runId, id)]);
	if (model === undefined || copies.length === 0) return 0;
	let changed = 0;
	for (const copy of copies) if (await redactCopy(target, copy, model)) changed++;
	await addRows(target, "redactions", [redaction]);
	return changed;
}

interface Copy {
	seq: number;
	report: string;
	redacted: string | null;
}

function copiesOf(db: Database, runId: Buffer, id: Buffer): Promise<Copy[]> {
	return db
		.selectFrom("events")
		.select(["seq", "report", "redacted"])
		.where("id", "=", id)
		.where("run_id", "=", runId)
		.orderBy("seq")
		.limit(MAX_COPIES_REDACTED)
		.execute();
}

async function redactCopy(target: Database, copy: Copy, model: Copy): Promise<boolean> {
	const redacted = [...new Set([...namesOf(copy), ...namesOf(model)])].sort();
	const report = common(JSON.parse(copy.report), JSON.parse(model.report));
	const text = JSON.stringify(report);
	if (text === copy.report && redacted.length === namesOf(copy).length) return false;
	const { command, version, outcome, wallSeconds } = columnsOf(report);
	await target
		.updateTable("events")
		.set({ command, version, outcome, wall_s: wallSeconds, report: text, redacted: JSON.stringify(redacted) })
		.where("seq", "=", copy.seq)
		.execute();
	return true;
}

function namesOf({ redacted }: Copy): string[] {
	return redacted === null ? [] : JSON.parse(redacted);
}

/** What both copies of a report have: they were one, so what is in one alone was taken out of the other. */
function common(copy: StoredReport, model: StoredReport): StoredReport {
	const report: Record<string, unknown> = { ...copy };
	for (const field of OPTIONAL_FIELDS) {
		if (Object.hasOwn(report, field)) report[field] = ofBoth(report[field], model[field]);
	}
	return report as unknown as StoredReport;
}

/** Records keep the keys, and lists the named entries, that both have; anything else is the model's, or not given. */
function ofBoth(value: unknown, model: unknown): unknown {
	if (value === null || model === null || model === undefined) return model ?? null;
	if (Array.isArray(value) && Array.isArray(model)) {
		const names = new Set(model.map((entry) => entry?.name));
		return value.filter((entry) => names.has(entry?.name));
	}
	if (typeof value === "object" && typeof model === "object") {
		return Object.fromEntries(Object.entries(value).filter(([key]) => Object.hasOwn(model, key)));
	}
	return model;
}
