/**
 * What users were asked to agree to before, beside the manifest and committed with it, as a package's lock file is: a
 * change of it without a new version of the notice is then found before it is shipped.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { noticeDigest } from "../consent/change.js";
import { EtError, systemErrorCode } from "../errors.js";
import { consentText, type Manifest, parseManifest } from "../report/manifest.js";
import { type ManifestChange, manifestChanges } from "../report/manifest-changes.js";

interface NoticeLock {
	et: 1;
	project: string;
	notice: { version: number; digest: string };
	/** The manifest as it is agreed to. */
	text: string;
}

/** Beside the manifest: `et.json` has `et.lock.json`. */
export function lockPath(manifestPath: string): string {
	return `${manifestPath.replace(/\.json$/, "")}.lock.json`;
}

const lockOf = (manifest: Manifest): NoticeLock => ({
	et: 1,
	project: manifest.project,
	notice: { version: manifest.notice.version, digest: noticeDigest(manifest) },
	text: consentText(manifest),
});

/** The manifest that a lock's text holds; it is the one that its digest names, or the lock was edited. @throws */
function lockedManifest(text: string): Manifest {
	const lock = JSON.parse(text) as Partial<NoticeLock>;
	const manifest = parseManifest(JSON.parse(String(lock.text)));
	const whole = JSON.stringify(lockOf(manifest));
	const { et, project, notice, text: agreed } = lock;
	const told = { et, project, notice: { version: notice?.version, digest: notice?.digest }, text: agreed };
	if (JSON.stringify(told) !== whole) throw new Error("its parts do not agree");
	return manifest;
}

/** What was shipped before; null where there is no lock. @throws EtError `ET_LOCK_INVALID` */
export function readLock(path: string): Manifest | null {
	try {
		return lockedManifest(readFileSync(path, "utf8"));
	} catch (error) {
		const code = systemErrorCode(error);
		if (code === "ENOENT") return null;
		throw new EtError(
			"ET_LOCK_INVALID",
			`The lock ${path} can't be used (${code ?? "it was edited, or holds no notice"}), so nothing tells what users were asked before. Take it from your version control; or remove it and write it anew: et check --lock`,
			{ cause: error },
		);
	}
}

/** @throws EtError `ET_LOCK_UNWRITABLE` */
export function writeLock(path: string, manifest: Manifest): void {
	try {
		writeFileSync(path, `${JSON.stringify(lockOf(manifest), null, "\t")}\n`);
	} catch (error) {
		throw new EtError(
			"ET_LOCK_UNWRITABLE",
			`The lock ${path} can't be written (${systemErrorCode(error)}), so the next et check can't tell what users were asked before. Give access to its folder, and write it anew: et check --lock`,
			{ cause: error },
		);
	}
}

export interface Comparison {
	/** `unraised`: it has changed under the same version. `lowered`: an older version than before. */
	verdict: "same" | "raised" | "unraised" | "lowered";
	/** What users agree to that has changed, but for the version. */
	changes: ManifestChange[];
}

/** Whether a notice may follow another. Pure. */
export function compareNotices(before: Manifest, after: Manifest): Comparison {
	const changes = manifestChanges(before, after).filter(({ path }) => path.join(".") !== "notice.version");
	const [was, is] = [before.notice.version, after.notice.version];
	if (is !== was) return { verdict: is > was ? "raised" : "lowered", changes };
	return { verdict: changes.length === 0 ? "same" : "unraised", changes };
}
