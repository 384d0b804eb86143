/**
 * What a project's manifest does not declare is stripped, as its client does before: a report may come from a client
 * that is old, foreign, or has a fault. Pure.
 */
import { ANY_KEY, type DataType, type Manifest } from "../../report/manifest.js";
import { scrubUnit } from "../../report/scrub.js";
import { type DataValue, UNKNOWN_UNIT } from "../../report/types.js";
import type { StoredReport } from "../store/types.js";

const IS_OF_TYPE: Record<DataType, (value: DataValue) => boolean> = {
	integer: Number.isSafeInteger,
	number: (value) => typeof value === "number",
	string: (value) => typeof value === "string",
	boolean: (value) => typeof value === "boolean",
};

type Input = NonNullable<StoredReport["inputs"]>[number];

/** The report with what the manifest declares, or the same report where nothing else is in it. */
export function stripUndeclared(report: StoredReport, manifest: Manifest): StoredReport {
	const inputs = report.inputs?.filter((input) => isDeclaredInput(input, manifest));
	const data = Object.entries(report.data ?? {}).filter(([key, value]) => isDeclaredValue(key, value, manifest));
	const isWhole =
		(inputs?.length ?? 0) === (report.inputs?.length ?? 0) && data.length === Object.keys(report.data ?? {}).length;
	if (isWhole) return report;
	const clean: StoredReport = { ...report };
	if (inputs !== undefined) clean.inputs = inputs;
	if (report.data) clean.data = Object.fromEntries(data);
	return clean;
}

/**
 * A size in another unit than the declared is not what was agreed to, and would be added up with what is. One whose unit
 * nobody named is kept apart.
 */
function isDeclaredInput({ name, unit }: Input, { inputs }: Manifest): boolean {
	const declared = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
	return declared !== undefined && [declared.unit, scrubUnit(declared.unit), UNKNOWN_UNIT].includes(unit);
}

function isDeclaredValue(key: string, value: DataValue, { data }: Manifest): boolean {
	const declared = Object.hasOwn(data, key) ? data[key] : undefined;
	if (declared === undefined) return Object.hasOwn(data, ANY_KEY);
	return value === null || IS_OF_TYPE[declared.type](value);
}

/**
 * By which of a project's manifests a report is stripped: that of the notice that its user agreed to. Where that is not
 * known yet, the newest that is; undefined where none is.
 *
 * @param manifests by the version of their notice, ascending
 */
export function manifestFor(report: StoredReport, manifests: readonly Manifest[]): Manifest | undefined {
	return manifests.find(({ notice }) => notice.version === report.manifest_notice) ?? manifests.at(-1);
}
