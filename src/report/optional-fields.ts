/**
 * What a user may leave out of a report, before it leaves or afterwards: named once, so that the client, `et redact`
 * and the server take out the same. What is left out is not given; it never counts as zero.
 */
import { isName } from "./limits.js";
import { MEASURES, type Measure, type WireReport } from "./types.js";

/** Without these a report cannot be placed, judged or counted. */
type RequiredField = "id" | "run_id" | "event" | "project" | "occurred_at" | "manifest_notice" | "weight" | "test";

export type OptionalField = Exclude<keyof WireReport, RequiredField>;

/** Each field that may be left out, and what stands in its place. */
const NOT_GIVEN: { readonly [F in OptionalField]: () => WireReport[F] } = {
	command: () => null,
	version: () => null,
	since_start_s: () => null,
	platform: () => null,
	platform_inner: () => null,
	outcome: () => null,
	exit_code: () => null,
	signal: () => null,
	wall_s: () => null,
	cpu_user_s: () => null,
	cpu_system_s: () => null,
	max_rss_bytes: () => null,
	threads: () => null,
	read_bytes: () => null,
	written_bytes: () => null,
	measured_by: () => ({}),
	limits: () => null,
	kill_reason: () => null,
	inputs: () => [],
	exception: () => null,
	data: () => ({}),
};

/** The standard fields that may be left out; beside them stand `inputs.NAME` and `data.KEY`. */
export const OPTIONAL_FIELDS = Object.keys(NOT_GIVEN) as OptionalField[];

const INPUT_PREFIX = "inputs.";
const DATA_PREFIX = "data.";

/** Whether a path names what may be left out: a standard field such as `platform`, or `inputs.NAME`, or `data.KEY`. */
export function isOptionalField(path: string): boolean {
	return isStandardField(path) || inputName(path) !== undefined || dataKey(path) !== undefined;
}

/**
 * The report without these fields, in the order in which it was: a standard field is `null` or empty, a declared input
 * or key is gone. A measure takes the name of its method with it, and a platform the one beneath. What is not in the
 * report, or cannot be left out, changes nothing. `measured_by` takes the methods of the inputs' sizes with it. Any program may have made the report: what has not the shape of inputs
 * or data, and could so hold what is left out, is gone with it. Never throws.
 */
export function withoutFields<R extends { readonly [F in OptionalField]?: unknown }>(
	report: R,
	paths: readonly string[],
): R {
	if (paths.length === 0) return report;
	const without: Record<string, unknown> = { ...report };
	for (const path of paths) leaveOut(without, path);
	return without as R;
}

/** Replaces what it changes, and changes nothing inside: the parts may belong to another report. */
function leaveOut(report: Record<string, unknown>, path: string): void {
	const name = inputName(path);
	const key = dataKey(path);
	if (isStandardField(path)) {
		makeNotGiven(report, path);
		if (path === "measured_by") removeInputMethods(report);
		if (path === "platform") makeNotGiven(report, "platform_inner");
		if (isMeasure(path)) removeKey(report, "measured_by", path);
	}
	if (name !== undefined) removeInput(report, name);
	if (key !== undefined) removeKey(report, "data", key);
}

function makeNotGiven(report: Record<string, unknown>, field: OptionalField): void {
	if (Object.hasOwn(report, field)) report[field] = NOT_GIVEN[field]();
}

function isOtherInput(input: unknown, name: string): boolean {
	const itsName = (input as { name?: unknown } | null)?.name;
	return typeof itsName === "string" && itsName !== name;
}

function removeInput(report: Record<string, unknown>, name: string): void {
	const { inputs } = report;
	if (Array.isArray(inputs)) report["inputs"] = inputs.filter((input: unknown) => isOtherInput(input, name));
	else if (inputs !== null) makeNotGiven(report, "inputs");
}

/** How each input's size was found stands beside the size. */
function removeInputMethods(report: Record<string, unknown>): void {
	const { inputs } = report;
	if (!Array.isArray(inputs)) return;
	report["inputs"] = inputs.map((input: unknown) => {
		if (typeof input !== "object" || input === null || !Object.hasOwn(input, "measured_by")) return input;
		const { measured_by: _, ...rest } = input as Record<string, unknown>;
		return rest;
	});
}

function removeKey(report: Record<string, unknown>, field: "data" | "measured_by", key: string): void {
	const value = report[field] ?? {};
	const isRecord = typeof value === "object" && !Array.isArray(value);
	const entries = isRecord ? Object.entries(value) : [];
	if (!isRecord) makeNotGiven(report, field);
	else if (entries.length > 0) report[field] = Object.fromEntries(entries.filter(([each]) => each !== key));
}

function isStandardField(path: string): path is OptionalField {
	return Object.hasOwn(NOT_GIVEN, path);
}

function isMeasure(field: OptionalField): field is Measure {
	return MEASURES.includes(field as Measure);
}

function inputName(path: string): string | undefined {
	return nameAfter(INPUT_PREFIX, path);
}

function dataKey(path: string): string | undefined {
	return nameAfter(DATA_PREFIX, path);
}

function nameAfter(prefix: string, path: string): string | undefined {
	const name = path.startsWith(prefix) ? path.slice(prefix.length) : "";
	return isName(name) ? name : undefined;
}
