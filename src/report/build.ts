/**
 * A report out of what an author's script gave: cleaned, and reduced to what the manifest
 * declares. Whatever comes in, what comes out is within the schema; what had to be left out is
 * named, so that an author can see it.
 */
import { MAX_ENTRIES, MAX_FRAMES, NAME_PATTERN } from "./limits.js";
import { ANY_KEY, type DataType, type Manifest } from "./manifest.js";
import { scrubFileName, scrubLabel, scrubText } from "./scrub.js";
import { isoTime } from "./time.js";
import {
	type DataValue,
	EVENTS,
	type ExceptionInput,
	MEASURES,
	type Measure,
	OUTCOMES,
	PLATFORMS,
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
}

export interface BuiltReport {
	report: WireReport;
	/** What was given and left out, as paths (`data.note`, `wallS`). */
	stripped: string[];
}

/** Takes one field after another, and remembers which of the given ones could not be kept. */
class Fields {
	readonly stripped: string[] = [];

	/** The value where `keep` finds it fit; null, and a note, where not. */
	take<T>(path: string, value: unknown, keep: (value: unknown) => T | null): T | null {
		if (value === undefined || value === null) return null;
		const kept = keep(value);
		if (kept === null) this.stripped.push(path);
		return kept;
	}
}

const amount = (value: unknown): number | null =>
	typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;

const count = (value: unknown): number | null => {
	const rounded = typeof value === "number" ? Math.round(value) : Number.NaN;
	return Number.isSafeInteger(rounded) && rounded >= 0 ? rounded : null;
};

const label = (value: unknown): string | null => {
	const text = typeof value === "string" ? scrubLabel(value) : "";
	return text === "" ? null : text;
};

const fileName = (value: unknown): string => (typeof value === "string" ? scrubFileName(value) : "") || "?";

const exitCode = (value: unknown): number | null =>
	Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 32 ? (value as number) : null;

const signalName = (value: unknown): string | null =>
	typeof value === "string" && /^SIG[A-Z0-9+]{1,16}$/.test(value) ? value : null;

const date = (value: unknown): Date | null =>
	value instanceof Date && Math.abs(value.getTime()) < Date.UTC(9999, 0) && value.getTime() >= 0 ? value : null;

const flag = (value: unknown): boolean | null => (typeof value === "boolean" ? value : null);

const record = (value: unknown): Record<string, unknown> | null =>
	typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

const oneOf =
	<T extends string>(allowed: readonly T[]) =>
	(value: unknown): T | null =>
		allowed.includes(value as T) ? (value as T) : null;

const DATA_KEEPERS: Record<DataType, (value: unknown) => DataValue> = {
	integer: (value) => (Number.isSafeInteger(value) ? (value as number) : null),
	number: (value) => (Number.isFinite(value) ? (value as number) : null),
	string: (value) => (typeof value === "string" ? scrubText(value) : null),
	boolean: flag,
};

/** What a key that only `"*"` declares may hold: any of the types. */
function anyValue(value: unknown): DataValue {
	if (typeof value === "string") return DATA_KEEPERS.string(value);
	if (typeof value === "number") return DATA_KEEPERS.number(value);
	return flag(value);
}

function takeInputs(given: unknown, manifest: Manifest, fields: Fields): WireInput[] {
	const sizes = fields.take("inputs", given, record) ?? {};
	const inputs: WireInput[] = [];
	for (const [name, size] of Object.entries(sizes)) {
		const declared = Object.hasOwn(manifest.inputs, name) ? manifest.inputs[name] : undefined;
		if (declared === undefined) fields.stripped.push(`inputs.${name}`);
		else inputs.push({ name, unit: declared.unit, size: fields.take(`inputs.${name}`, size, amount) });
	}
	return inputs;
}

function takeData(given: unknown, manifest: Manifest, fields: Fields): Record<string, DataValue> {
	const entries = Object.entries(fields.take("data", given, record) ?? {});
	const kept: [string, DataValue][] = [];
	for (const [key, value] of entries) {
		const isNamed = key !== ANY_KEY && Object.hasOwn(manifest.data, key);
		const declared = isNamed ? manifest.data[key] : undefined;
		const anyDeclared = Object.hasOwn(manifest.data, ANY_KEY) && NAME_PATTERN.test(key);
		const keep = declared ? DATA_KEEPERS[declared.type] : anyDeclared ? anyValue : () => null;
		const taken = value === null ? null : keep(value);
		const isKept = (declared !== undefined || anyDeclared) && (taken !== null || value === null);
		if (isKept && kept.length < MAX_ENTRIES) kept.push([key, taken]);
		else fields.stripped.push(`data.${key}`);
	}
	return Object.fromEntries(kept);
}

function takeLimits(given: unknown, fields: Fields): WireLimits | null {
	const limits = fields.take("limits", given, record);
	if (limits === null) return null;
	return {
		memory_bytes: fields.take("limits.memoryBytes", limits["memoryBytes"], count),
		wall_s: fields.take("limits.wallS", limits["wallS"], amount),
		cpus: fields.take("limits.cpus", limits["cpus"], amount),
	};
}

function takeException(given: unknown, fields: Fields): WireException | null {
	const exception = fields.take("exception", given, record) as Partial<ExceptionInput> | null;
	if (exception === null) return null;
	const frames = Array.isArray(exception.frames) ? (exception.frames as unknown[]) : [];
	return {
		type: label(exception.type) ?? "Error",
		frames: frames.slice(0, MAX_FRAMES).map((frame) => ({
			file: fileName(record(frame)?.["file"]),
			line: count(record(frame)?.["line"]),
			function: label(record(frame)?.["function"]),
		})),
	};
}

function takeMeasuredBy(given: unknown, fields: Fields): Partial<Record<Measure, string>> {
	const methods = fields.take("measuredBy", given, record) ?? {};
	const kept = MEASURES.map((measure) => [measure, fields.take(`measuredBy.${measure}`, methods[measure], label)]);
	return Object.fromEntries(kept.filter(([, method]) => method !== null));
}

/** Whether what a script gave names an event that there is. */
export function hasKnownEvent(given: ReportInput): boolean {
	return given.event === undefined || EVENTS.includes(given.event);
}

/** Builds the report. Never throws for what `given` holds; unknown is `null`, never 0. */
export function buildReport(given: ReportInput, frame: ReportFrame): BuiltReport {
	const { manifest } = frame;
	const fields = new Fields();
	const report: WireReport = {
		id: frame.id,
		run_id: frame.runId,
		event: given.event ?? "end",
		project: manifest.project,
		command: fields.take("command", given.command, label),
		version: fields.take("version", given.version, label),
		manifest_notice: manifest.notice.version,
		occurred_at: isoTime(fields.take("occurredAt", given.occurredAt, date) ?? frame.now),
		since_start_s: fields.take("sinceStartS", given.sinceStartS, amount),
		test: fields.take("test", given.test, flag) ?? false,
		platform: fields.take("platform", given.platform, oneOf(PLATFORMS)),
		platform_inner: fields.take("platformInner", given.platformInner, oneOf(PLATFORMS)),
		outcome: fields.take("outcome", given.outcome, oneOf(OUTCOMES)),
		exit_code: fields.take("exitCode", given.exitCode, exitCode),
		signal: fields.take("signal", given.signal, signalName),
		wall_s: fields.take("wallS", given.wallS, amount),
		cpu_user_s: fields.take("cpuUserS", given.cpuUserS, amount),
		cpu_system_s: fields.take("cpuSystemS", given.cpuSystemS, amount),
		max_rss_bytes: fields.take("maxRssBytes", given.maxRssBytes, count),
		threads: fields.take("threads", given.threads, count),
		read_bytes: fields.take("readBytes", given.readBytes, count),
		written_bytes: fields.take("writtenBytes", given.writtenBytes, count),
		measured_by: takeMeasuredBy(given.measuredBy, fields),
		limits: takeLimits(given.limits, fields),
		kill_reason: fields.take("killReason", given.killReason, label),
		weight: frame.weight,
		inputs: takeInputs(given.inputs, manifest, fields),
		exception: takeException(given.exception, fields),
		data: takeData(given.data, manifest, fields),
	};
	return { report, stripped: fields.stripped };
}
