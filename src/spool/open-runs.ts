/**
 * Markers of runs under way: what a run that is killed leaves behind. Each holds the report of its vanishing, made
 * beforehand with its id, so that it is one report however often it is taken up (docs/spool-format.md).
 */
import { readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { FILE_MODE, makeFolder } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import type { Outcome } from "../report/types.js";
import { type Envelope, MAX_ENVELOPE_BYTES, parseEnvelope } from "./envelope.js";
import { type SpoolFolders, within } from "./layout.js";
import { namesOf } from "./read.js";

/** The batch job that a run is part of. */
export interface MarkedJob {
	/** `slurm`, `pbs`, ... */
	scheduler: string;
	id: string;
	/** Where a scheduler has several; null where it names none. */
	cluster: string | null;
}

/** What becomes of a run that is gone: decided once, and written down before anything is done. */
export interface Gone {
	/** The name of its report in new/. */
	name: string;
	outcome: Outcome;
	kill_reason: string | null;
}

/** Nothing of it leaves but the envelope's report. */
export interface Marker {
	et: 1;
	/** `hostHash` of the machine's name. */
	host: string;
	machine: string | null;
	boot_id: string | null;
	pid_ns: string | null;
	time_ns: string | null;
	/** The run lives as long as one of them does. */
	processes: { pid: number; start_ticks: number | null }[];
	job: MarkedJob | null;
	/** The kernel's count of out-of-memory kills where the run is, and what it was when the marker was written. */
	oom: { file: string; kills: number } | null;
	/** When the run was last known to go on, ISO 8601, UTC. */
	seen_at: string;
	gone: Gone | null;
	/** Its report's event is `vanished`. */
	envelope: Envelope;
}

export interface MarkerEntry {
	name: string;
	marker: Marker;
	/** When it was last known to go on, milliseconds since the epoch: by the clock that was the slower one. */
	seenAtMs: number;
}

/**
 * Writes a marker, or writes it anew under the same name. Not synced to disk: after a power failure the run is gone,
 * and so may be its marker.
 *
 * @throws the system's error
 */
export function writeMarker(folders: SpoolFolders, name: string, marker: Marker): void {
	const temporary = within(folders.tmp, `${name}.tmp`);
	const write = (): void => {
		writeFileSync(temporary, `${JSON.stringify(marker)}\n`, { mode: FILE_MODE });
		renameSync(temporary, within(folders.open, name));
	};
	try {
		try {
			write();
		} catch (error) {
			if (systemErrorCode(error) !== "ENOENT") throw error;
			for (const folder of [folders.tmp, folders.open]) makeFolder(folder);
			write();
		}
	} catch (error) {
		remove(temporary);
		throw error;
	}
}

/** Whether a marker is still there: its user may have withdrawn, or forgotten the run. Never throws. */
export function hasMarker(folders: SpoolFolders, name: string): boolean {
	return statSync(within(folders.open, name), { throwIfNoEntry: false }) !== undefined;
}

/** Never throws: a marker that stays is decided on by the uploader. */
export function removeMarker(folders: SpoolFolders, name: string): void {
	remove(within(folders.open, name));
}

function remove(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// It was never there, or the spool can't be written.
	}
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
	typeof value === "object" && value !== null && !Array.isArray(value);
const textOrNull = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

function processesIn(value: unknown): Marker["processes"] | null {
	if (!Array.isArray(value) || value.length === 0) return null;
	const found = value.map((one: unknown) => {
		const { pid, start_ticks: start } = isObject(one) ? one : {};
		if (!Number.isSafeInteger(pid) || (pid as number) < 1) return null;
		return { pid: pid as number, start_ticks: Number.isSafeInteger(start) ? (start as number) : null };
	});
	return found.includes(null) ? null : (found as Marker["processes"]);
}

function jobIn(value: unknown): MarkedJob | null {
	if (!isObject(value) || typeof value["scheduler"] !== "string" || typeof value["id"] !== "string") return null;
	return { scheduler: value["scheduler"], id: value["id"], cluster: textOrNull(value["cluster"]) };
}

function oomIn(value: unknown): Marker["oom"] {
	if (!isObject(value) || typeof value["file"] !== "string" || typeof value["kills"] !== "number") return null;
	return { file: value["file"], kills: value["kills"] };
}

/** The name is that of a file in new/, and of no other place. */
function goneIn(value: unknown): Gone | null {
	if (!isObject(value) || typeof value["name"] !== "string" || !/^[\w-]+\.json$/.test(value["name"])) return null;
	const { name, outcome } = value;
	return { name, outcome: outcome === "killed" ? "killed" : "unknown", kill_reason: textOrNull(value["kill_reason"]) };
}

const HOST_PATTERN = /^[0-9a-f]{12}$/;

/** A marker out of a file's text; null where it is none. What any writer may leave out is null. */
function parseMarker(text: string): Marker | null {
	try {
		const value = JSON.parse(text) as unknown;
		if (!isObject(value) || value["et"] !== 1) return null;
		const host = textOrNull(value["host"]) ?? "";
		if (!HOST_PATTERN.test(host)) return null;
		const parsed = parseEnvelope(JSON.stringify(value["envelope"]));
		const processes = processesIn(value["processes"]);
		const seenAt = Date.parse(String(value["seen_at"]));
		if (!parsed.ok || parsed.envelope.report.event !== "vanished" || processes === null) return null;
		return {
			et: 1,
			host,
			machine: textOrNull(value["machine"]),
			boot_id: textOrNull(value["boot_id"]),
			pid_ns: textOrNull(value["pid_ns"]),
			time_ns: textOrNull(value["time_ns"]),
			processes,
			job: jobIn(value["job"]),
			oom: oomIn(value["oom"]),
			seen_at: new Date(seenAt).toISOString(),
			gone: goneIn(value["gone"]),
			envelope: parsed.envelope,
		};
	} catch {
		return null;
	}
}

/** A marker is an envelope and a few lines around it. */
const MOST_BYTES = MAX_ENVELOPE_BYTES + 8 * 1024;

/** `broken`: since when, by the file's own time, milliseconds since the epoch. */
export type MarkerReading =
	| { state: "read"; entry: MarkerEntry }
	| { state: "broken"; sinceMs: number }
	| { state: "gone" };

/** Never throws. */
export function readMarker(folders: SpoolFolders, name: string): MarkerReading {
	const path = within(folders.open, name);
	try {
		const { mtimeMs, size } = statSync(path);
		const marker = size > MOST_BYTES ? null : parseMarker(readFileSync(path, "utf8"));
		if (marker === null) return { state: "broken", sinceMs: mtimeMs };
		return { state: "read", entry: { name, marker, seenAtMs: Math.min(Date.parse(marker.seen_at), mtimeMs) } };
	} catch {
		// Its run has just ended.
		return { state: "gone" };
	}
}

/** All markers that can be read, oldest first. Never throws. */
export function* openRuns(folders: SpoolFolders): Generator<MarkerEntry> {
	for (const name of markerNames(folders)) {
		const reading = readMarker(folders, name);
		if (reading.state === "read") yield reading.entry;
	}
}

/** Names of all markers, oldest first; none where they can't be read. */
export function markerNames(folders: SpoolFolders): string[] {
	try {
		return [...namesOf(folders.open)].sort();
	} catch {
		return [];
	}
}
