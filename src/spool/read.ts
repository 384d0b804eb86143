/**
 * The reader: what waits, in the order of time. Folders are read in steps and names kept in windows,
 * so that memory does not grow with what waits.
 */
import { closeSync, constants, fstatSync, opendirSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../errors.js";
import { type CorruptReason, type Envelope, MAX_ENVELOPE_BYTES, parseEnvelope } from "./envelope.js";
import { isReportName } from "./layout.js";

/** A report that waits. */
export interface Entry {
	name: string;
	envelope: Envelope;
	/** The report as it would travel. */
	text: string;
	/** Bytes of its file. */
	bytes: number;
}

export type EntryReading =
	| { state: "read"; entry: Entry }
	| { state: "corrupt"; reason: CorruptReason }
	/** Another reader removed it. */
	| { state: "gone" }
	/** It can't be read now (permissions, a failing disk): it stays. */
	| { state: "unreadable"; why: string };

/** Names kept at once; more are read in later windows. */
export const NAME_WINDOW = 32_768;
const FOLDER_STEP = 1024;

function smallest(names: string[], count: number): string[] {
	return names.sort().slice(0, count);
}

/** Every name of a folder of reports, in the folder's own order; none where there is no such folder. */
export function* namesOf(folder: string): Generator<string> {
	let opened: ReturnType<typeof opendirSync>;
	try {
		opened = opendirSync(folder, { bufferSize: FOLDER_STEP });
	} catch (error) {
		if (systemErrorCode(error) === "ENOENT") return;
		throw error;
	}
	try {
		for (let item = opened.readSync(); item !== null; item = opened.readSync()) {
			if (isReportName(item.name)) yield item.name;
		}
	} finally {
		opened.closeSync();
	}
}

/**
 * The first `window` names of a folder of reports behind `after`, in the order of time.
 *
 * @throws the system's error, save for "not there"
 */
export function reportNames(folder: string, window = NAME_WINDOW, after = ""): string[] {
	let names: string[] = [];
	for (const name of namesOf(folder)) {
		if (name > after) names.push(name);
		if (names.length >= 2 * window) names = smallest(names, window);
	}
	return smallest(names, window);
}

/** How many reports a folder holds, and the first of their names; no name is kept. */
export function countReports(folder: string): { count: number; first: string | null } {
	let count = 0;
	let first: string | null = null;
	for (const name of namesOf(folder)) {
		count++;
		if (first === null || name < first) first = name;
	}
	return { count, first };
}

/** A symbolic link is not followed, and a pipe does not make the reader wait. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Read into again and again; made when it is first needed, since a script that only writes has no use for it. */
let scratch: Buffer | null = null;

function readText(descriptor: number, size: number): string {
	scratch ??= Buffer.allocUnsafeSlow(MAX_ENVELOPE_BYTES);
	const buffer = scratch;
	let filled = 0;
	while (filled < size) {
		const count = readSync(descriptor, buffer, filled, size - filled, filled);
		if (count === 0) break;
		filled += count;
	}
	return buffer.toString("utf8", 0, filled);
}

type TextReading = { state: "read"; text: string; bytes: number } | Exclude<EntryReading, { state: "read" }>;

function readFile(folder: string, name: string): TextReading {
	let descriptor: number;
	try {
		descriptor = openSync(join(folder, name), READ_FLAGS);
	} catch (error) {
		const code = systemErrorCode(error) ?? "unknown";
		if (code === "ENOENT") return { state: "gone" };
		if (code === "ELOOP" || code === "ENXIO") return { state: "corrupt", reason: "not_a_file" };
		return { state: "unreadable", why: code };
	}
	try {
		const stat = fstatSync(descriptor);
		if (!stat.isFile()) return { state: "corrupt", reason: "not_a_file" };
		if (stat.size > MAX_ENVELOPE_BYTES) return { state: "corrupt", reason: "too_large" };
		return { state: "read", text: readText(descriptor, stat.size), bytes: stat.size };
	} catch (error) {
		return { state: "unreadable", why: systemErrorCode(error) ?? String(error) };
	} finally {
		closeSync(descriptor);
	}
}

/** Reads one file of a folder of reports. Never throws. */
export function readEntry(folder: string, name: string): EntryReading {
	const reading = readFile(folder, name);
	if (reading.state !== "read") return reading;
	const parsed = parseEnvelope(reading.text);
	if (!parsed.ok) return { state: "corrupt", reason: parsed.reason };
	return { state: "read", entry: { name, envelope: parsed.envelope, text: parsed.text, bytes: reading.bytes } };
}

/** What stands in a text for bytes that are no UTF-8. */
const NOT_UTF8 = "\ufffd";

/** A report's own file. */
export interface LooseFile {
	/** From which its bytes can be made again. */
	text: string;
	id: string;
}

/** Null where it is no report, or gone, or its bytes are not all UTF-8. Never throws. */
export function readLoose(folder: string, name: string): LooseFile | null {
	const reading = readFile(folder, name);
	if (reading.state !== "read" || reading.text.includes(NOT_UTF8)) return null;
	const parsed = parseEnvelope(reading.text);
	return parsed.ok ? { text: reading.text, id: parsed.envelope.report.id } : null;
}

/** All that waits, one after another, in the order of time; what can't be read is passed over. */
export function* entries(folder: string, window = NAME_WINDOW): Generator<Entry> {
	let after = "";
	for (;;) {
		const names = reportNames(folder, window, after);
		for (const name of names) {
			const reading = readEntry(folder, name);
			if (reading.state === "read") yield reading.entry;
		}
		const last = names.at(-1);
		if (last === undefined || names.length < window) return;
		after = last;
	}
}
