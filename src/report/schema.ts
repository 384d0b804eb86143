/**
 * The JSON Schema of a report. It is the one statement of what a server stores; the client's
 * builder ({@link "./build.js"}) makes nothing that it refuses, which a property test holds.
 *
 * Only what identifies a report, an input or a frame is required: a field that a user chose to leave
 * out is absent or null, and both mean not given.
 */
import {
	MAX_ENTRIES,
	MAX_FRAMES,
	MAX_LABEL_LENGTH,
	MAX_TEXT_LENGTH,
	MAX_WEIGHT,
	NAME_PATTERN,
	REPORT_ID_PATTERN,
	RUN_ID_PATTERN,
} from "./limits.js";
import { EVENTS, MEASURES, OUTCOMES, PLATFORMS } from "./types.js";

const name = { type: "string", pattern: NAME_PATTERN.source } as const;
const label = { type: "string", maxLength: MAX_LABEL_LENGTH } as const;
const text = { type: "string", maxLength: MAX_TEXT_LENGTH } as const;
const nullable = <S extends object>(schema: S) => ({ anyOf: [schema, { type: "null" }] });
const amount = { type: ["number", "null"], minimum: 0 } as const;
const count = { type: ["integer", "null"], minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

const input = {
	type: "object",
	additionalProperties: false,
	required: ["name", "unit"],
	properties: { name, unit: label, size: amount, measured_by: nullable(label) },
} as const;

const frame = {
	type: "object",
	additionalProperties: false,
	required: ["file"],
	properties: { file: label, line: count, function: nullable(label) },
} as const;

export const REPORT_SCHEMA = {
	$id: "https://et-phone-home.invalid/report-1.json",
	type: "object",
	additionalProperties: false,
	required: ["id", "run_id", "event", "project", "occurred_at"],
	properties: {
		id: { type: "string", pattern: REPORT_ID_PATTERN.source },
		run_id: { type: "string", pattern: RUN_ID_PATTERN.source },
		event: { enum: EVENTS },
		project: name,
		command: nullable(label),
		version: nullable(label),
		manifest_notice: count,
		occurred_at: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?Z$" },
		since_start_s: amount,
		test: { type: ["boolean", "null"] },
		platform: { enum: [...PLATFORMS, null] },
		platform_inner: { enum: [...PLATFORMS, null] },
		outcome: { enum: [...OUTCOMES, null] },
		exit_code: { type: ["integer", "null"], minimum: -(2 ** 31), maximum: 2 ** 32 - 1 },
		signal: { anyOf: [{ type: "string", pattern: "^SIG[A-Z0-9+]{1,16}$" }, { type: "null" }] },
		wall_s: amount,
		cpu_user_s: amount,
		cpu_system_s: amount,
		max_rss_bytes: count,
		threads: count,
		read_bytes: count,
		written_bytes: count,
		measured_by: {
			type: ["object", "null"],
			additionalProperties: false,
			properties: Object.fromEntries(MEASURES.map((measure) => [measure, nullable(label)])),
		},
		limits: nullable({
			type: "object",
			additionalProperties: false,
			properties: { memory_bytes: count, wall_s: amount, cpus: amount },
		}),
		kill_reason: nullable(label),
		weight: { type: ["number", "null"], minimum: 1, maximum: MAX_WEIGHT },
		inputs: { type: ["array", "null"], maxItems: MAX_ENTRIES, items: input },
		exception: nullable({
			type: "object",
			additionalProperties: false,
			required: ["type"],
			properties: { type: label, frames: { type: ["array", "null"], maxItems: MAX_FRAMES, items: frame } },
		}),
		data: {
			type: ["object", "null"],
			maxProperties: MAX_ENTRIES,
			propertyNames: { pattern: NAME_PATTERN.source },
			additionalProperties: { anyOf: [text, { type: ["number", "boolean", "null"] }] },
		},
	},
} as const;
