/**
 * Segments: many reports in one file, each with the bytes that its own file had. A user of a
 * 10,000-task array would else keep 20,000 small files; the uploader folds them, never a script.
 *
 * A segment is written whole and never changed. It comes about in two steps, so that a crash
 * between them loses and doubles nothing:
 *
 *     segments/N.folding   written durably; the loose files still stand, and are what counts
 *     segments/N.seg       after all loose files are gone; the segment is what counts
 *
 * The format is a sequence of `LENGTH NAME\n` followed by LENGTH bytes and `\n`.
 */
import { existsSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, syncFolder, writeDurably } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import { parseEnvelope } from "./envelope.js";
import type { SpoolFolders } from "./layout.js";
import type { Entry } from "./read.js";
import { remove } from "./remove.js";

const FOLDING = ".folding";
const FOLDED = ".seg";

/** A loose report that is to be folded. */
export interface LooseReport {
	name: string;
	/** The file's text, byte for byte. */
	text: string;
}

/** A report out of a segment. */
export interface FoldedEntry extends Entry {
	segment: string;
}

/** The segments that there are, in the order of time. Never throws. */
export function segmentNames(folders: SpoolFolders): string[] {
	return named(folders, FOLDED);
}

function named(folders: SpoolFolders, suffix: string): string[] {
	try {
		return readdirSync(folders.segments)
			.filter((name) => name.endsWith(suffix))
			.sort();
	} catch {
		return [];
	}
}

/** The segment's content. Pure. */
export function segmentText(reports: readonly LooseReport[]): string {
	return reports.map(({ name, text }) => `${Buffer.byteLength(text)} ${name}\n${text}\n`).join("");
}

/** What {@link segmentText} made, taken apart again; stops at the first byte that does not fit. Pure. */
export function* parseSegment(bytes: Buffer): Generator<LooseReport> {
	let offset = 0;
	while (offset < bytes.length) {
		const lineEnd = bytes.indexOf(0x0a, offset);
		if (lineEnd < 0) return;
		const header = bytes.toString("utf8", offset, lineEnd);
		const space = header.indexOf(" ");
		const length = Number(header.slice(0, space));
		const end = lineEnd + 1 + length;
		if (!Number.isSafeInteger(length) || length < 0 || end >= bytes.length) return;
		yield { name: header.slice(space + 1), text: bytes.toString("utf8", lineEnd + 1, end) };
		offset = end + 1;
	}
}

/**
 * Folds loose reports into a segment, and removes them.
 *
 * @param name without a suffix; no other segment may have it
 * @throws the system's error; what is loose then is loose still, and nothing is there twice for a reader
 */
export function fold(folders: SpoolFolders, name: string, reports: readonly LooseReport[]): void {
	makeFolder(folders.segments);
	const text = segmentText(reports);
	writeDurably(join(folders.tmp, `${name}${FOLDING}`), join(folders.segments, `${name}${FOLDING}`), text);
	finish(
		folders,
		name,
		reports.map((report) => report.name),
	);
}

function finish(folders: SpoolFolders, name: string, looseNames: readonly string[]): void {
	for (const loose of looseNames) remove(folders.new, loose);
	// Else a power failure could bring the loose files back beside the segment that counts.
	syncFolder(folders.new);
	renameSync(join(folders.segments, `${name}${FOLDING}`), join(folders.segments, `${name}${FOLDED}`));
	syncFolder(folders.segments);
}

/** Ends what an uploader that died had begun to fold. @throws the system's error */
export function finishFolding(folders: SpoolFolders): void {
	for (const file of named(folders, FOLDING)) {
		const looseNames = [...reportsOf(folders, file)].map(({ name }) => name);
		finish(folders, file.slice(0, -FOLDING.length), looseNames);
	}
}

function* reportsOf(folders: SpoolFolders, file: string): Generator<LooseReport> {
	let bytes: Buffer;
	try {
		bytes = readFileSync(join(folders.segments, file));
	} catch (error) {
		if (systemErrorCode(error) === "ENOENT") return;
		throw error;
	}
	yield* parseSegment(bytes);
}

/** The reports of one segment, whatever became of them since. @throws the system's error */
export function* segmentEntries(folders: SpoolFolders, segment: string): Generator<FoldedEntry> {
	for (const { name, text } of reportsOf(folders, segment)) {
		const parsed = parseEnvelope(text);
		if (!parsed.ok) continue;
		yield { name, envelope: parsed.envelope, text: parsed.text, bytes: Buffer.byteLength(text), segment };
	}
}

/** Whether a segment can be read to its end, each of its reports. @throws the system's error */
export function isWhole(folders: SpoolFolders, segment: string): boolean {
	let size = 0;
	for (const report of reportsOf(folders, segment)) {
		if (!parseEnvelope(report.text).ok) return false;
		size += Buffer.byteLength(segmentText([report]));
	}
	// One that another uploader removed meanwhile is whole: nothing of it is missing.
	return size === (statSync(join(folders.segments, segment), { throwIfNoEntry: false })?.size ?? 0);
}

/** Sets a segment aside of which a part can't be read: nothing of it is lost, and the status tells of it. */
export function setAsideDamaged(folders: SpoolFolders, segment: string): void {
	makeFolder(folders.corrupt);
	renameSync(join(folders.segments, segment), join(folders.corrupt, `${segment}.damaged`));
}

/** Whether a copy counts no more: asked before another copy of the same report is passed over for it. */
export type IsGone = (entry: Entry) => boolean;

const NONE_IS_GONE: IsGone = () => false;

/**
 * What was not seen before. Two uploaders that both believe they hold the lease may fold one file twice; it is one for a
 * reader, by its name. Copies of one report under two names are not: none may hide behind another, and come out when
 * that is replaced.
 */
function* unseen(entries: Iterable<FoldedEntry>, seen: Set<string>, isGone: IsGone): Generator<FoldedEntry> {
	for (const entry of entries) {
		if (seen.has(entry.name) || isGone(entry)) continue;
		seen.add(entry.name);
		yield entry;
	}
}

function* finished(folders: SpoolFolders, seen: Set<string>, isGone: IsGone): Generator<FoldedEntry> {
	for (const segment of segmentNames(folders)) yield* unseen(segmentEntries(folders, segment), seen, isGone);
}

/** Those reports of a fold under way whose loose file is gone: the others are left to that. */
function* underWay(folders: SpoolFolders, segment: string): Generator<FoldedEntry> {
	for (const entry of segmentEntries(folders, segment)) {
		if (!existsSync(join(folders.new, entry.name))) yield entry;
	}
}

/** Every report of the segments that are finished and is not gone, each once. */
export function finishedEntries(folders: SpoolFolders, isGone = NONE_IS_GONE): Generator<FoldedEntry> {
	return finished(folders, new Set(), isGone);
}

/** Every folded report that is not gone, also of folds that are under way, each once. */
export function* foldedEntries(folders: SpoolFolders, isGone = NONE_IS_GONE): Generator<FoldedEntry> {
	const seen = new Set<string>();
	yield* finished(folders, seen, isGone);
	for (const segment of named(folders, FOLDING)) yield* unseen(underWay(folders, segment), seen, isGone);
}
