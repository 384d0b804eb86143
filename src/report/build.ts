/**
 * A report out of what an author's script gave: cleaned, and reduced to what the manifest
 * declares. Whatever comes in, what comes out is within the schema; what had to be left out is
 * named, so that an author can see it.
 */
import { MAX_ENTRIES, MAX_FRAMES, NAME_PATTERN } from "./limits.js";
import { ANY_KEY, type DataType, type Manifest } from "./manifest.js";
import { type OwnNames, scrubFileName, scrubLabel, scrubText, scrubUnit, scrubVersion } from "./scrub.js";
import { isoTime } from "./time.js";
import { parseTraceback } from "./traceback/parse.js";
import { thrownException } from "./traceback/thrown.js";
import {
	type DataValue,
	EVENTS,
	type ExceptionInput,
	MEASURES,
	type Measure,
	OUTCOMES,
	type Outcome,
	PLATFORMS,
	type Platform,
	type ReportInput,
	type WireException,
	type WireInput,
	type WireLimits,
	type WireReport,
} from "./types.js";

/** What the caller decides and the script does not. */
export interface ReportFrame {
	manifest: Manifest;
	id: string;
	runId: string;
	now: Date;
	/** Reports of this run stand for so many runs: 1 / sampling rate. */
	weight: number;
	/** Names of the user and the machine, which are taken out of every text. @defaultValue none are known */
	own?: OwnNames;
}

export interface BuiltReport {
	report: WireReport;
	/** What was given and left out, as paths (`data.note`, `wallS`). */
	stripped: string[];
}

/** What was given and could not be kept, by path. */
type Stripped = string[];

/** The value where `keep` finds it fit; null, and a note of its path, where not. */
function take<T>(stripped: Stripped, path: string, value: unknown, keep: (value: unknown) => T | null): T | null {
	if (value === undefined || value === null) return null;
	const kept = keep(value);
	if (kept === null) stripped.push(path);
	return kept;
}

function amount(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function count(value: unknown): number | null {
	const rounded = typeof value === "number" ? Math.round(value) : Number.NaN;
	return Number.isSafeInteger(rounded) && rounded >= 0 ? rounded : null;
}

/** What is taken out of a text is taken out in silence; what is nothing then is not kept. */
function labels(own: OwnNames | undefined, scrub = scrubLabel): (value: unknown) => string | null {
	return (value) => (typeof value === "string" && scrub(value, own)) || null;
}

function fileName(value: unknown, own: OwnNames | undefined): string {
	return (typeof value === "string" ? scrubFileName(value, own) : "") || "?";
}

function exitCode(value: unknown): number | null {
	return Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32
		? (value as number)
		: null;
}

function signalName(value: unknown): string | null {
	return typeof value === "string" && /^SIG[A-Z0-9+]{1,16}$/.test(value) ? value : null;
}

function date(value: unknown): Date | null {
	if (!(value instanceof Date)) return null;
	return Math.abs(value.getTime()) < Date.UTC(9999, 0) && value.getTime() >= 0 ? value : null;
}

function flag(value: unknown): boolean | null {
	return typeof value === "boolean" ? value : null;
}

function record(value: unknown): Record<string, unknown> | null {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: null;
}

function platform(value: unknown): Platform | null {
	return PLATFORMS.includes(value as Platform) ? (value as Platform) : null;
}

function outcome(value: unknown): Outcome | null {
	return OUTCOMES.includes(value as Outcome) ? (value as Outcome) : null;
}

function integer(value: unknown): number | null {
	return Number.isSafeInteger(value) ? (value as number) : null;
}

function finite(value: unknown): number | null {
	return Number.isFinite(value) ? (value as number) : null;
}

function freeText(value: unknown, own: OwnNames | undefined): string | null {
	return typeof value === "string" ? scrubText(value, own) : null;
}

const DATA_KEEPERS: Record<DataType, (value: unknown, own: OwnNames | undefined) => DataValue> = {
	integer,
	number: finite,
	string: freeText,
	boolean: flag,
};

/** What a key that only `"*"` declares may hold: any of the types. */
function anyValue(value: unknown, own: OwnNames | undefined): DataValue {
	if (typeof value === "string") return freeText(value, own);
	if (typeof value === "number") return finite(value);
	return flag(value);
}

/** An input's size, given alone or with how it was found. In another unit than the declared one it would be a lie. */
function takeInput(
	given: unknown,
	name: string,
	declaredUnit: string,
	own: OwnNames | undefined,
	stripped: Stripped,
): WireInput {
	const path = `inputs.${name}`;
	const measured = record(given);
	const isOther = (measured?.["unit"] ?? declaredUnit) !== declaredUnit;
	const size = take(stripped, path, measured === null ? given : measured["size"], isOther ? () => null : amount);
	const by = size === null ? null : take(stripped, `${path}.measuredBy`, measured?.["measuredBy"], labels(own));
	const input: WireInput = { name, unit: scrubUnit(declaredUnit), size };
	return by === null ? input : { ...input, measured_by: by };
}

function takeInputs(given: unknown, { manifest, own }: ReportFrame, stripped: Stripped): WireInput[] {
	const sizes = take(stripped, "inputs", given, record) ?? {};
	const inputs: WireInput[] = [];
	for (const [name, size] of Object.entries(sizes)) {
		const declared = Object.hasOwn(manifest.inputs, name) ? manifest.inputs[name] : undefined;
		if (declared === undefined) stripped.push(`inputs.${name}`);
		else inputs.push(takeInput(size, name, declared.unit, own, stripped));
	}
	return inputs;
}

function takeData(given: unknown, { manifest, own }: ReportFrame, stripped: Stripped): Record<string, DataValue> {
	const entries = Object.entries(take(stripped, "data", given, record) ?? {});
	const kept: [string, DataValue][] = [];
	for (const [key, value] of entries) {
		const isNamed = key !== ANY_KEY && Object.hasOwn(manifest.data, key);
		const declared = isNamed ? manifest.data[key] : undefined;
		const anyDeclared = Object.hasOwn(manifest.data, ANY_KEY) && NAME_PATTERN.test(key);
		const keep = declared ? DATA_KEEPERS[declared.type] : anyDeclared ? anyValue : () => null;
		const taken = value === null ? null : keep(value, own);
		const isKept = (declared !== undefined || anyDeclared) && (taken !== null || value === null);
		if (isKept && kept.length < MAX_ENTRIES) kept.push([key, taken]);
		else stripped.push(`data.${key}`);
	}
	return Object.fromEntries(kept);
}

function takeLimits(given: unknown, stripped: Stripped): WireLimits | null {
	const limits = take(stripped, "limits", given, record);
	if (limits === null) return null;
	return {
		memory_bytes: take(stripped, "limits.memoryBytes", limits["memoryBytes"], count),
		wall_s: take(stripped, "limits.wallS", limits["wallS"], amount),
		cpus: take(stripped, "limits.cpus", limits["cpus"], amount),
	};
}

/** What was given of an exception: its parts, its traceback's text, or what was thrown. */
function givenException({ exception, error }: ReportInput, project: string): unknown {
	if (exception === undefined || exception === null) return thrownException(error, project);
	return typeof exception === "string" ? (parseTraceback(exception, { project }) ?? exception) : exception;
}

const hasException = ({ exception, error }: ReportInput): boolean =>
	(exception ?? null) !== null || (error ?? null) !== null;

function takeException(given: ReportInput, { manifest, own }: ReportFrame, stripped: Stripped): WireException | null {
	if (!hasException(given)) return null;
	const found = givenException(given, manifest.project);
	const exception = take(stripped, "exception", found, record) as Partial<ExceptionInput> | null;
	if (exception === null) return null;
	const frames = Array.isArray(exception.frames) ? (exception.frames as unknown[]) : [];
	const label = labels(own);
	return {
		type: label(exception.type) ?? "Error",
		frames: frames.slice(0, MAX_FRAMES).map((frame) => ({
			file: fileName(record(frame)?.["file"], own),
			line: count(record(frame)?.["line"]),
			function: label(record(frame)?.["function"]),
		})),
	};
}

function takeMeasuredBy(
	given: unknown,
	own: OwnNames | undefined,
	stripped: Stripped,
): Partial<Record<Measure, string>> {
	const methods = take(stripped, "measuredBy", given, record);
	if (methods === null) return {};
	const kept: Partial<Record<Measure, string>> = {};
	for (const measure of MEASURES) {
		const method = take(stripped, `measuredBy.${measure}`, methods[measure], labels(own));
		if (method !== null) kept[measure] = method;
	}
	return kept;
}

/** Whether what a script gave names an event that there is. */
export function hasKnownEvent(given: ReportInput): boolean {
	return given.event === undefined || EVENTS.includes(given.event);
}

/** Builds the report. Never throws for what `given` holds; unknown is `null`, never 0. */
export function buildReport(given: ReportInput, frame: ReportFrame): BuiltReport {
	const { manifest, own } = frame;
	const label = labels(own);
	const stripped: Stripped = [];
	const report: WireReport = {
		id: frame.id,
		run_id: frame.runId,
		event: given.event ?? "end",
		project: manifest.project,
		command: take(stripped, "command", given.command, label),
		version: take(stripped, "version", given.version, labels(own, scrubVersion)),
		manifest_notice: manifest.notice.version,
		occurred_at: isoTime(take(stripped, "occurredAt", given.occurredAt, date) ?? frame.now),
		since_start_s: take(stripped, "sinceStartS", given.sinceStartS, amount),
		test: take(stripped, "test", given.test, flag) ?? false,
		platform: take(stripped, "platform", given.platform, platform),
		platform_inner: take(stripped, "platformInner", given.platformInner, platform),
		outcome: take(stripped, "outcome", given.outcome, outcome),
		exit_code: take(stripped, "exitCode", given.exitCode, exitCode),
		signal: take(stripped, "signal", given.signal, signalName),
		wall_s: take(stripped, "wallS", given.wallS, amount),
		cpu_user_s: take(stripped, "cpuUserS", given.cpuUserS, amount),
		cpu_system_s: take(stripped, "cpuSystemS", given.cpuSystemS, amount),
		max_rss_bytes: take(stripped, "maxRssBytes", given.maxRssBytes, count),
		threads: take(stripped, "threads", given.threads, count),
		read_bytes: take(stripped, "readBytes", given.readBytes, count),
		written_bytes: take(stripped, "writtenBytes", given.writtenBytes, count),
		measured_by: takeMeasuredBy(given.measuredBy, own, stripped),
		limits: takeLimits(given.limits, stripped),
		kill_reason: take(stripped, "killReason", given.killReason, label),
		weight: frame.weight,
		inputs: takeInputs(given.inputs, frame, stripped),
		exception: takeException(given, frame, stripped),
		data: takeData(given.data, frame, stripped),
	};
	return { report, stripped };
}
