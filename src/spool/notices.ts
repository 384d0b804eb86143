/**
 * Notes of scripts for their user: a script's notice is not the one that was agreed to, and waits for an answer. One
 * document a project, that of the newest notice; it holds what the author wrote, and nothing of a run.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import { isName } from "../report/limits.js";
import { consentText, type Manifest, parseManifest } from "../report/manifest.js";
import type { SpoolFolders } from "./layout.js";
import { remove } from "./remove.js";

export interface NoticeNote {
	et: 1;
	/** When a script first came with it: ISO 8601, UTC. */
	seen_at: string;
	manifest: Manifest;
	/** The author's et.json byte for byte; null where it is not known, or too long. */
	source: string | null;
}

const SUFFIX = ".json";
/** Longer files than this are not kept as they are. */
const MAX_SOURCE_LENGTH = 256 * 1024;

function documentAt(folders: SpoolFolders, project: string): DurableJson<NoticeNote> {
	const name = project + SUFFIX;
	return new DurableJson(join(folders.tmp, `notice-${process.pid}-${name}`), join(folders.notices, name));
}

/** The notice of a project that waits for an answer, as far as a script has noted it. Never throws. */
export function noticeNote(folders: SpoolFolders, project: string): NoticeNote | null {
	if (!isName(project)) return null;
	try {
		const note = documentAt(folders, project).read();
		if (note?.et !== 1) return null;
		const { seen_at, source } = note;
		const manifest = parseManifest(note.manifest);
		return manifest.project === project ? { et: 1, seen_at: String(seen_at), manifest, source: source ?? null } : null;
	} catch {
		return null;
	}
}

/** Every note, in the order of the projects' names. Never throws. */
export function noticeNotes(folders: SpoolFolders): NoticeNote[] {
	let names: string[];
	try {
		names = readdirSync(folders.notices).sort();
	} catch {
		return [];
	}
	const projects = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
	return projects.map((project) => noticeNote(folders, project)).filter((note) => note !== null);
}

/** Notes a notice, unless it is noted already or an older one than that. @throws the system's error */
export function noteNotice(folders: SpoolFolders, manifest: Manifest, source: string | null, now: Date): void {
	const known = noticeNote(folders, manifest.project)?.manifest;
	if (known !== undefined && known.notice.version > manifest.notice.version) return;
	if (known !== undefined && consentText(known) === consentText(manifest)) return;
	makeFolder(folders.tmp);
	makeFolder(folders.notices);
	const kept = source !== null && source.length <= MAX_SOURCE_LENGTH ? source : null;
	const note: NoticeNote = { et: 1, seen_at: now.toISOString(), manifest, source: kept };
	new LowSync<NoticeNote>(documentAt(folders, manifest.project), note).write();
}

/** The user has answered. @throws the system's error, save for "not there" */
export function forgetNotice(folders: SpoolFolders, project: string): void {
	if (isName(project)) remove(folders.notices, project + SUFFIX);
}
