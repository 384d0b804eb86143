/** Which project a user means, and the notice that is decided on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadManifest, readManifestFile } from "../client/manifest-file.js";
import { type ConsentRecord, grantedManifest } from "../consent/record.js";
import { NAME_PATTERN } from "../report/limits.js";
import type { Manifest } from "../report/manifest.js";
import type { NoticeNote } from "../spool/notices.js";
import { usageError } from "./command.js";

const MANIFEST_FILE = "et.json";

/** A path rather than a project's name. */
function isPath(text: string): boolean {
	return /[/\\]|\.json$/.test(text);
}

export interface Target {
	project: string;
	/** Null where no manifest was given or found. */
	manifest: Manifest | null;
	/** The manifest's file, byte for byte. */
	source: string | null;
}

/** @throws EtError where the manifest can't be read or used */
function targetIn(path: string): Target {
	const manifest = loadManifest(path);
	return { project: manifest.project, manifest, source: readManifestFile(path).text };
}

/** The project, with the manifest of the folder that `et` was called in where it is this project's. */
function targetHere(folder: string, project: string): Target {
	const bare = { project, manifest: null, source: null };
	try {
		const target = targetIn(join(folder, MANIFEST_FILE));
		return target.project === project ? target : bare;
	} catch {
		return bare;
	}
}

/**
 * @param command that asks
 * @param given what the user called it: a project, or the path of a manifest
 * @param manifestPath of the option --manifest
 * @param folder that `et` was called in
 * @throws EtError `ET_USAGE`, or what is wrong with a manifest that was named
 */
export function findTarget(
	command: string,
	given: string | undefined,
	manifestPath: string | undefined,
	folder: string,
): Target {
	const namedPath = manifestPath ?? (given !== undefined && isPath(given) ? given : undefined);
	const namedProject = given !== undefined && !isPath(given) ? given : undefined;
	if (namedProject !== undefined && !NAME_PATTERN.test(namedProject)) {
		throw usageError(command, `"${namedProject}" can't be the name of a project.`);
	}
	if (namedPath === undefined && namedProject !== undefined) {
		return targetHere(folder, namedProject);
	}
	const path = namedPath ?? join(folder, MANIFEST_FILE);
	if (namedPath === undefined && !existsSync(path)) {
		throw usageError(command, "Which project? Name it, or the path of its et.json; there is no et.json here.");
	}
	const target = targetIn(path);
	if (namedProject !== undefined && target.project !== namedProject) {
		throw usageError(command, `That manifest is of the project ${target.project}, and not of ${namedProject}.`);
	}
	return target;
}

/** What was agreed to; null where nothing was, and where it can't be read: then it is agreed to anew. */
export function agreedManifest(record: ConsentRecord | null): Manifest | null {
	try {
		return record?.grant ? grantedManifest(record.grant) : null;
	} catch {
		return null;
	}
}

/** Where nothing else is at hand: the notice that a script left a note of, or the one that was agreed to before. */
export function knownTarget({ project }: Target, former: ConsentRecord | null, note: NoticeNote | null): Target {
	if (note !== null) return { project, manifest: note.manifest, source: note.source };
	return { project, manifest: agreedManifest(former), source: former?.grant?.source ?? null };
}
