/**
 * The writer: one report into the spool, by maildir's delivery. No lock; any number of processes
 * and hosts. Nothing is looked at that need not be: the cost is that of the durable write itself.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder, syncFolder } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import { serialiseReport } from "../report/serialise.js";
import type { Envelope } from "./envelope.js";
import { fileName, type NameParts, type SpoolFolders, within } from "./layout.js";

export const PUT_REFUSALS = [
	"spool_unsafe",
	"disk_full",
	"not_writable",
	"too_many_open_files",
	"spool_unavailable",
] as const;
/** Why a report could not be put. */
export type PutRefusal = (typeof PUT_REFUSALS)[number];

export type PutResult = { ok: true; name: string; path: string } | { ok: false; reason: PutRefusal; detail: string };

const REFUSAL_OF: Readonly<Record<string, PutRefusal>> = {
	ENOSPC: "disk_full",
	EDQUOT: "disk_full",
	EFBIG: "disk_full",
	EACCES: "not_writable",
	EPERM: "not_writable",
	EROFS: "not_writable",
	EMFILE: "too_many_open_files",
	ENFILE: "too_many_open_files",
};

/** Group and others: write. */
const OTHERS_WRITE = 0o022;

/** Why a spool must not be used, or null: it has to be a folder of this user's that no other can write. */
export function unsafeSpool(root: string): string | null {
	const stat = statSync(root);
	if (!stat.isDirectory()) return "it is not a folder";
	if (process.platform === "win32") return null;
	if (stat.uid !== process.geteuid?.()) return "it belongs to another user";
	return (stat.mode & OTHERS_WRITE) === 0 ? null : "others can write it";
}

/** Makes what is missing of the spool, for this user alone. @throws the system's error */
export function makeFolders(folders: SpoolFolders): void {
	const first = makeFolder(folders.root);
	for (const folder of [folders.tmp, folders.new]) makeFolder(folder);
	syncFolder(folders.root);
	if (first !== null) syncAbove(folders.root, first);
}

/** A new folder lasts once the one that it stands in is synced: from the spool up to the first that was made. */
function syncAbove(root: string, first: string): void {
	for (let folder = root; folder.length >= first.length; folder = dirname(folder)) {
		try {
			syncFolder(dirname(folder));
		} catch {
			// A folder that this user may use and not read (/scratch with mode 1733) can't be synced by them.
			return;
		}
	}
}

/** An envelope around a report as {@link serialiseReport} made it: what the user is shown stands in the file as it is. */
export function serialiseEnvelope(envelope: Envelope, reportText: string): string {
	return `${JSON.stringify({ ...envelope, report: undefined }).slice(0, -1)},"report":${reportText}}`;
}

function deliver(folders: SpoolFolders, name: string, envelope: Envelope, reportText: string): void {
	const serialise = (data: Envelope): string => serialiseEnvelope(data, reportText);
	const adapter = new DurableJson<Envelope>(within(folders.tmp, name), within(folders.new, name), serialise);
	new LowSync<Envelope>(adapter, envelope).write();
}

function attempt(folders: SpoolFolders, name: string, envelope: Envelope, reportText: string): PutResult {
	const unsafe = unsafeSpool(folders.root);
	if (unsafe !== null) return { ok: false, reason: "spool_unsafe", detail: unsafe };
	deliver(folders, name, envelope, reportText);
	return { ok: true, name, path: within(folders.new, name) };
}

/**
 * Puts a report where the uploader finds it. When it says `ok`, the report survives a power failure. Never throws.
 *
 * @param reportText `envelope.report` as {@link serialiseReport} makes it, where the caller has it
 */
export function put(
	folders: SpoolFolders,
	envelope: Envelope,
	parts: NameParts,
	reportText = serialiseReport(envelope.report),
): PutResult {
	const name = fileName(parts);
	try {
		try {
			return attempt(folders, name, envelope, reportText);
		} catch (error) {
			if (systemErrorCode(error) !== "ENOENT") throw error;
			makeFolders(folders);
			return attempt(folders, name, envelope, reportText);
		}
	} catch (error) {
		const code = systemErrorCode(error) ?? String(error);
		return { ok: false, reason: REFUSAL_OF[code] ?? "spool_unavailable", detail: code };
	}
}
