/**
 * What a project asks for, in words: made from the manifest, from the standard fields, and from the builder and the
 * serialiser that make every report. What users agree to, read and are shown as an example all comes from here.
 */
import { buildReport } from "./build.js";
import { durationInWords } from "./duration.js";
import { FIELD_WORDS, type FieldWords, NEVER_COLLECTED } from "./fields.js";
import { ERASE_KEY_BYTES, eraseKey, REPORT_ID_RANDOM_BYTES, reportId, runIdOf } from "./ids.js";
import { type AddressPolicy, ANY_KEY, type DataType, type Manifest } from "./manifest.js";
import { withoutFields } from "./optional-fields.js";
import { serialiseReport } from "./serialise.js";
import type { ReportInput, WireReport } from "./types.js";

const ADDRESSES: Readonly<Record<AddressPolicy, string>> = {
	full: "the server may keep it in full",
	truncated: "the server keeps at most its first part",
	hashed: "the server keeps at most a keyed hash of it",
	none: "the server does not keep it",
};

/** What a server keeps of the address that a batch came from. */
export function addressInWords(policy: AddressPolicy): string {
	return ADDRESSES[policy];
}

/** From here on, of two whole numbers of runs one tells a share well enough. */
const WELL_ROUNDED = 10;

/** Which share of runs reports: `one run in 10 reports`, `80 runs in 100 report`. */
export function sampleInWords(sample: number): string {
	const every = Number((1 / sample).toPrecision(9));
	if (Number.isInteger(every) || every >= WELL_ROUNDED) return `one run in ${Math.round(every)} reports`;
	return `${Math.min(99, Math.round(100 * sample))} runs in 100 report`;
}

/** What stands where `"*"` declares a key of any name. */
export const ANY_KEY_IN_WORDS = "whatever else the script gives, under any name";

/** A standard field, by its name on the wire. */
export interface StandardField extends FieldWords {
	field: keyof WireReport;
}

/** The fields of every report, save for those that the author declares one by one. */
export function standardFields(): StandardField[] {
	const all = Object.entries(FIELD_WORDS) as [keyof WireReport, FieldWords][];
	return all
		.filter(([field]) => field !== "inputs" && field !== "data")
		.map(([field, { name, what, why }]) => ({ field, name, what, why }));
}

/** The figures of a run that failed: reports say no more than this one. */
const FIGURES = {
	event: "end",
	command: "align",
	version: "1.4.0",
	sinceStartS: 742.51,
	platform: "slurm",
	outcome: "failed",
	exitCode: 1,
	wallS: 742.51,
	cpuUserS: 2710.4,
	cpuSystemS: 31.9,
	maxRssBytes: 3_221_225_472,
	measuredBy: { wall_s: "monotonic" },
	limits: { memoryBytes: 8_589_934_592, wallS: 3600, cpus: 4 },
	exception: { type: "ValueError", frames: [{ file: "align.py", line: 210, function: "read_pairs" }] },
} as const satisfies ReportInput;

const EXAMPLE_DATA: Readonly<Record<DataType, unknown>> = {
	integer: 1200,
	number: 0.25,
	string: "text",
	boolean: true,
};
const EXAMPLE_SIZE = 2_500_000;
const EXAMPLE_AT = new Date("2026-01-15T09:30:00.000Z");
/** What the key of `"*"` is called in the example. */
const EXAMPLE_KEY = "anything";

/** Bytes that look like random ones. */
const exampleBytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index + 1) * 37);

function exampleData({ data }: Manifest): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(data).map(([key, { type }]) => [key === ANY_KEY ? EXAMPLE_KEY : key, EXAMPLE_DATA[type]]),
	);
}

/** A report as it would leave, made as every report is, of a run that there never was. */
function exampleReport(manifest: Manifest, without: readonly string[]): WireReport {
	const inputs = Object.fromEntries(Object.keys(manifest.inputs).map((name) => [name, EXAMPLE_SIZE]));
	const given: ReportInput = { ...FIGURES, inputs, data: exampleData(manifest) };
	const { report } = buildReport(given, {
		manifest,
		id: reportId(EXAMPLE_AT.getTime(), exampleBytes(REPORT_ID_RANDOM_BYTES)),
		runId: runIdOf(eraseKey(exampleBytes(ERASE_KEY_BYTES))),
		now: EXAMPLE_AT,
		weight: 1 / manifest.sample,
	});
	return withoutFields(report, without);
}

/** What a user can do, and the command for it. */
export function ways(project: string): { to: string; command: string }[] {
	return [
		{ to: "say yes or no", command: `et consent grant ${project}, et consent deny ${project}` },
		{ to: "look first", command: "et pending, et show ID" },
		{ to: "change your mind", command: `et consent withdraw ${project}` },
		{ to: "erase", command: `et forget --project ${project}` },
	];
}

/** All of it, as `et explain --json` prints it. */
export interface Explanation {
	project: string;
	purpose: string;
	notice_version: number;
	inputs: { name: string; unit: string; why: string }[];
	/** A key of null stands for any name. */
	data: { key: string | null; type: DataType; why: string }[];
	/** The fields that every report has. */
	standard: StandardField[];
	never: string;
	endpoint: string;
	address: { policy: AddressPolicy; in_words: string };
	retention: { duration: string; in_words: string };
	contact: string;
	url: string | null;
	/** The share of runs that report. */
	sample: number;
	/** What this user, or the site's policy, leaves out: names of the wire. */
	left_out: readonly string[];
	/** Byte for byte as it would leave. */
	example: string;
	ways: { to: string; command: string }[];
}

/** @param without what is left out of this user's reports */
export function explanationOf(manifest: Manifest, without: readonly string[] = []): Explanation {
	const { project, endpoint, notice, sample } = manifest;
	const { purpose, contact, url, retention, addresses } = notice;
	return {
		project,
		purpose,
		notice_version: notice.version,
		inputs: Object.entries(manifest.inputs).map(([name, { unit, why }]) => ({ name, unit, why })),
		data: Object.entries(manifest.data).map(([key, { type, why }]) => ({
			key: key === ANY_KEY ? null : key,
			type,
			why,
		})),
		standard: standardFields(),
		never: NEVER_COLLECTED,
		endpoint,
		address: { policy: addresses, in_words: addressInWords(addresses) },
		retention: { duration: retention, in_words: durationInWords(retention) },
		contact,
		url,
		sample,
		left_out: without,
		example: serialiseReport(exampleReport(manifest, without)),
		ways: ways(project),
	};
}
