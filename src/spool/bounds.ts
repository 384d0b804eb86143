/**
 * The spool's bounds: a user's disk is not ours to fill. At each bound the oldest runs go, whole,
 * and what went is counted.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { FILE_MODE } from "../document/durable.js";
import { systemErrorCode } from "../errors.js";
import { MAX_ENVELOPE_BYTES } from "./envelope.js";
import { namedAtMs, type SpoolFolders } from "./layout.js";
import { finishLosing, type LostDocument, type LostReason, lose } from "./lost.js";
import { countReports, namesOf } from "./read.js";
import { remove } from "./remove.js";
import { foldedEntries } from "./segments.js";
import { waiting } from "./waiting.js";

/** Per project. */
export interface Bounds {
	/** @defaultValue 100,000 */
	maxReports: number;
	/** @defaultValue 256 MiB */
	maxBytes: number;
	/** Infinity where nothing may expire. @defaultValue 90 days */
	maxAgeMs: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export const DEFAULT_BOUNDS: Bounds = { maxReports: 100_000, maxBytes: 256 * 1024 * 1024, maxAgeMs: 90 * DAY_MS };

const MEBIBYTE = 1024 * 1024;

/** A positive number out of a variable, or undefined where it holds none. */
function positive(value: string | undefined): number | undefined {
	const number = Number(value);
	return value !== undefined && Number.isFinite(number) && number > 0 ? number : undefined;
}

/** The bounds of this user: `ET_MAX_REPORTS`, `ET_MAX_MIB` and `ET_MAX_DAYS`, each over its default. */
export function boundsFrom(env: NodeJS.ProcessEnv): Bounds {
	const mebibytes = positive(env["ET_MAX_MIB"]);
	const days = positive(env["ET_MAX_DAYS"]);
	return {
		maxReports: positive(env["ET_MAX_REPORTS"]) ?? DEFAULT_BOUNDS.maxReports,
		maxBytes: mebibytes === undefined ? DEFAULT_BOUNDS.maxBytes : mebibytes * MEBIBYTE,
		maxAgeMs: days === undefined ? DEFAULT_BOUNDS.maxAgeMs : days * DAY_MS,
	};
}

/** A report, as far as the bounds look at it. */
interface Weighed {
	name: string;
	id: string;
	atMs: number | null;
	bytes: number;
	endpoint: string;
	grant: string;
}

interface WeighedRun {
	reports: Weighed[];
	bytes: number;
	/** When its latest report was written; null where no name tells. */
	latestMs: number | null;
}

/** Whether any project could be over a bound, as far as can be told without reading a loose file. */
function mayBeOver(folders: SpoolFolders, bounds: Bounds, nowMs: number): boolean {
	const { count, bytes, oldestMs } = weigh(folders);
	if (count > bounds.maxReports) return true;
	if (oldestMs !== null && nowMs - oldestMs > bounds.maxAgeMs) return true;
	return count * MAX_ENVELOPE_BYTES > bounds.maxBytes && bytes() > bounds.maxBytes;
}

/** What waits, by names and sizes; the bytes of loose files are added up only where they are asked for. */
function weigh(folders: SpoolFolders): { count: number; bytes: () => number; oldestMs: number | null } {
	const loose = countReports(folders.new);
	let { count } = loose;
	let foldedBytes = 0;
	let first = loose.first ?? "";
	for (const { name, bytes } of foldedEntries(folders)) {
		count++;
		foldedBytes += bytes;
		if (first === "" || name < first) first = name;
	}
	return { count, bytes: () => foldedBytes + looseBytes(folders), oldestMs: namedAtMs(first) };
}

function looseBytes(folders: SpoolFolders): number {
	let total = 0;
	for (const name of namesOf(folders.new)) {
		total += statSync(join(folders.new, name), { throwIfNoEntry: false })?.size ?? 0;
	}
	return total;
}

function runsByProject(folders: SpoolFolders): Map<string, Map<string, WeighedRun>> {
	const projects = new Map<string, Map<string, WeighedRun>>();
	for (const { name, envelope, bytes } of waiting(folders)) {
		const { report, endpoint, grant } = envelope;
		const runs = projects.get(report.project) ?? new Map<string, WeighedRun>();
		const run = runs.get(report.run_id) ?? { reports: [], bytes: 0, latestMs: null };
		const atMs = namedAtMs(name);
		run.reports.push({ name, id: report.id, atMs, bytes, endpoint, grant });
		run.bytes += bytes;
		if (atMs !== null) run.latestMs = Math.max(run.latestMs ?? atMs, atMs);
		runs.set(report.run_id, run);
		projects.set(report.project, runs);
	}
	return projects;
}

/**
 * Which runs of a project go, oldest first (a map keeps the order of insertion, which is that of
 * time). Pure.
 */
function runsToLose(runs: Iterable<WeighedRun>, bounds: Bounds, nowMs: number): [WeighedRun, LostReason][] {
	const all = [...runs];
	let reports = all.reduce((sum, run) => sum + run.reports.length, 0);
	let bytes = all.reduce((sum, run) => sum + run.bytes, 0);
	const going: [WeighedRun, LostReason][] = [];
	for (const run of all) {
		const reason =
			run.latestMs !== null && nowMs - run.latestMs > bounds.maxAgeMs
				? "too_old"
				: reports > bounds.maxReports
					? "too_many"
					: bytes > bounds.maxBytes
						? "too_many_bytes"
						: null;
		if (reason === null) continue;
		going.push([run, reason]);
		reports -= run.reports.length;
		bytes -= run.bytes;
	}
	return going;
}

/** What one count is of: runs that go for one reason, from one grant and endpoint. */
type Counted = Pick<LostDocument, "endpoint" | "grant" | "reason" | "names" | "ids">;

function counts(going: [WeighedRun, LostReason][]): Counted[] {
	const groups = new Map<string, Counted>();
	for (const [run, reason] of going) {
		for (const { name, id, endpoint, grant } of run.reports) {
			const key = JSON.stringify([endpoint, grant, reason]);
			const group = groups.get(key) ?? { endpoint, grant, reason, names: [], ids: [] };
			group.names.push(name);
			group.ids.push(id);
			groups.set(key, group);
		}
	}
	return [...groups.values()];
}

export interface KeepBoundsOptions {
	nowMs: number;
	/** Makes the id of a count. */
	newId: () => string;
}

/** In tmp/, while a keeper is at work: two would count the same reports. */
const KEEPER = "keeper";
/** Then its keeper has died. */
const KEEPER_STALE_MS = 60 * 60 * 1000;

/**
 * Holds the spool to its bounds; where another process is at it, leaves it to that.
 *
 * @returns how many reports went
 * @throws the system's error; what is then still there is looked at again the next time
 */
export function keepBounds(folders: SpoolFolders, bounds: Bounds, options: KeepBoundsOptions): number {
	if (!mayBeOver(folders, bounds, options.nowMs)) return 0;
	if (!becomeKeeper(folders, options.nowMs)) return 0;
	try {
		finishLosing(folders);
		return dropOldest(folders, bounds, options);
	} finally {
		remove(folders.tmp, KEEPER);
	}
}

function becomeKeeper(folders: SpoolFolders, nowMs: number): boolean {
	const path = join(folders.tmp, KEEPER);
	try {
		closeSync(openSync(path, "wx", FILE_MODE));
		return true;
	} catch (error) {
		if (systemErrorCode(error) !== "EEXIST") throw error;
		const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
		// Whoever comes next is the keeper: so of two that find it stale, none works beside the other.
		if (Math.abs(nowMs - since) > KEEPER_STALE_MS) remove(folders.tmp, KEEPER);
		return false;
	}
}

function dropOldest(folders: SpoolFolders, bounds: Bounds, { nowMs, newId }: KeepBoundsOptions): number {
	let gone = 0;
	for (const [project, runs] of runsByProject(folders)) {
		for (const counted of counts(runsToLose(runs.values(), bounds, nowMs))) {
			const count = counted.ids.length;
			lose(folders, { et: 1, id: newId(), at: new Date(nowMs).toISOString(), project, ...counted, count, told: false });
			gone += count;
		}
	}
	return gone;
}
