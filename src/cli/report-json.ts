/** A report as JSON on standard input, in the names that reports have in the spool and on the wire. */
import type { ReportInput } from "../report/types.js";

/** What `et enqueue` takes, and what the client calls it. */
const FIELDS: Readonly<Record<string, keyof ReportInput>> = {
	event: "event",
	command: "command",
	version: "version",
	occurred_at: "occurredAt",
	since_start_s: "sinceStartS",
	test: "test",
	platform: "platform",
	platform_inner: "platformInner",
	outcome: "outcome",
	exit_code: "exitCode",
	signal: "signal",
	wall_s: "wallS",
	cpu_user_s: "cpuUserS",
	cpu_system_s: "cpuSystemS",
	max_rss_bytes: "maxRssBytes",
	threads: "threads",
	read_bytes: "readBytes",
	written_bytes: "writtenBytes",
	measured_by: "measuredBy",
	limits: "limits",
	kill_reason: "killReason",
	inputs: "inputs",
	exception: "exception",
	data: "data",
};

export const FIELD_NAMES = Object.keys(FIELDS);

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/** `{ "size": 40, "measured_by": "counted" }`, or a size alone. */
function clientSize(value: unknown): unknown {
	if (!isObject(value)) return value;
	const { measured_by: measuredBy, ...rest } = value;
	return { ...rest, measuredBy };
}

/** Values that JSON writes otherwise than the client takes them. */
function clientValue(name: string, value: unknown): unknown {
	if (name === "occurred_at" && typeof value === "string") return new Date(value);
	if (name === "inputs" && isObject(value)) {
		return Object.fromEntries(Object.entries(value).map(([input, size]) => [input, clientSize(size)]));
	}
	if (name !== "limits" || !isObject(value)) return value;
	return { memoryBytes: value["memory_bytes"], wallS: value["wall_s"], cpus: value["cpus"] };
}

export type ParsedReport =
	/** `unknown` names what is no field of a report. */
	{ ok: true; given: ReportInput; unknown: string[] } | { ok: false; problem: string };

/** Takes JSON apart. What its values are worth is the client's to judge. Pure. */
export function parseReportJson(text: string): ParsedReport {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		return { ok: false, problem: `standard input is not JSON: ${(error as Error).message}` };
	}
	if (!isObject(value)) return { ok: false, problem: "standard input is JSON, and no object" };
	const known = Object.entries(value).filter(([name]) => Object.hasOwn(FIELDS, name));
	const given = Object.fromEntries(known.map(([name, each]) => [FIELDS[name], clientValue(name, each)]));
	const unknown = Object.keys(value).filter((name) => !Object.hasOwn(FIELDS, name));
	return { ok: true, given: given as ReportInput, unknown };
}

const WIRE_NAMES = new Map(Object.entries(FIELDS).map(([wire, client]) => [client as string, wire]));

/** What the client left out (`wallS`), in the names that the user gave it (`wall_s`). */
export function wirePath(path: string): string {
	const [field = "", ...rest] = path.split(".");
	return [WIRE_NAMES.get(field) ?? field, ...rest].join(".");
}
