/** What `inputSize()` and `countInput()` do. Few scripts call them, so this is loaded when they do (tools/bundle.mjs). */
import { fileURLToPath } from "node:url";
import { measureInput, NO_BUDGET, sizeNow } from "../host/input-size/measure.js";
import { isUnit, type Size, sumOf, UNKNOWN_SIZE, type Unit } from "../host/input-size/size.js";
import type { MeasuredSize } from "../report/types.js";

export type InputUnit = Unit;
/** A path or file URL. */
export type InputFile = string | URL;

/** As a report takes it: `run.prelim({ inputs: { pairs: inputSize("pairs.fq.gz", "reads") } })`. */
export interface InputSize extends MeasuredSize {
	size: number | null;
	unit: InputUnit;
	/** `stat`, `index`, `counted` or `estimated`; null where there is no size. */
	measuredBy: "stat" | "index" | "counted" | "estimated" | null;
}

const pathsOf = (files: InputFile | readonly InputFile[]): string[] =>
	[files].flat().map((file) => (file instanceof URL ? fileURLToPath(file) : String(file)));

const withUnit = (unit: InputUnit, size: Size): InputSize => ({ unit, ...size });

export function sizeOfFiles(files: InputFile | readonly InputFile[], unit: InputUnit): InputSize {
	const sizes = isUnit(unit) ? pathsOf(files).map((path) => sizeNow(path, unit)) : [];
	return withUnit(unit, sumOf(sizes));
}

export function countOfFiles(files: InputFile | readonly InputFile[], unit: InputUnit): Promise<InputSize> {
	const counts = isUnit(unit) ? pathsOf(files).map((path) => measureInput(path, unit, NO_BUDGET).done) : [];
	return Promise.all(counts).then(
		(sizes) => withUnit(unit, sumOf(sizes)),
		() => withUnit(unit, UNKNOWN_SIZE),
	);
}
