/** Inputs and data as the command line gives them: `reads=a.fq:reads`, `pairs=1200`, `mode=fast`. */
import { measureInput } from "../host/input-size/measure.js";
import { isUnit, type Size, sumOf, UNITS, UNKNOWN_SIZE, type Unit } from "../host/input-size/size.js";
import type { Manifest } from "../report/manifest.js";
import type { MeasuredSize } from "../report/types.js";

/** A name with a size, in the unit that the manifest declares; or with a file, to be counted in a unit. */
export type InputArgument = { name: string; given: MeasuredSize } | { name: string; file: string; unit: Unit };

/** Either what was understood, or what is wrong with it. */
type Understood<T> = { ok: true; value: T } | { ok: false; problem: string };

const NUMBER = /^~?\d+(?:\.\d+)?(?:[eE]\+?\d+)?$/;
/** Stands before an estimate. */
const ABOUT = "~";
const UNKNOWN_WORD = "unknown";

/** `1200`; `~1200`, an estimate; or `unknown`: what `et size` prints, and `--input` takes. */
export function sizeText({ size, measuredBy }: Size): string {
	return size === null ? UNKNOWN_WORD : `${measuredBy === "estimated" ? ABOUT : ""}${size}`;
}

function sizeFrom(text: string): MeasuredSize | null {
	if (text === UNKNOWN_WORD) return { size: null };
	if (!NUMBER.test(text)) return null;
	return text.startsWith(ABOUT) ? { size: Number(text.slice(1)), measuredBy: "estimated" } : { size: Number(text) };
}

function pair(text: string): { name: string; value: string } | null {
	const equals = text.indexOf("=");
	return equals < 1 ? null : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** `NAME=NUMBER`, `NAME=~NUMBER`, `NAME=unknown`, or `NAME=FILE:UNIT`. */
export function parseInput(text: string): Understood<InputArgument> {
	const found = pair(text);
	if (found === null)
		return { ok: false, problem: `The input "${text}" is not of the form NAME=FILE:UNIT or NAME=NUMBER.` };
	const { name, value } = found;
	const given = sizeFrom(value);
	if (given !== null) return { ok: true, value: { name, given } };
	const colon = value.lastIndexOf(":");
	const unit = value.slice(colon + 1);
	if (colon < 1 || !isUnit(unit)) {
		return { ok: false, problem: `The input "${text}" must end with a unit: ${UNITS.map((u) => `:${u}`).join(", ")}.` };
	}
	return { ok: true, value: { name, file: value.slice(0, colon), unit } };
}

const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/** `KEY=VALUE`, with the value as the type that the manifest declares for the key. */
export function parseData(text: string, manifest: Manifest | null): Understood<[key: string, value: unknown]> {
	const found = pair(text);
	if (found === null) return { ok: false, problem: `The data "${text}" is not of the form KEY=VALUE.` };
	const { name, value } = found;
	const type = Object.hasOwn(manifest?.data ?? {}, name) ? manifest?.data[name]?.type : undefined;
	if (type === "string") return { ok: true, value: [name, value] };
	if (Object.hasOwn(WORDS, value)) return { ok: true, value: [name, WORDS[value]] };
	const number = Number(value);
	return { ok: true, value: [name, value.trim() === "" || Number.isNaN(number) ? value : number] };
}

/** What was understood, by name; what was not is left out. */
export function dataFrom(texts: readonly string[], manifest: Manifest): Record<string, unknown> {
	const understood = texts.map((text) => parseData(text, manifest)).filter((each) => each.ok);
	return Object.fromEntries(understood.map(({ value }) => value));
}

/** Several of one name are one input, in several files. @returns undefined where there is none */
export function together(sizes: readonly MeasuredSize[]): MeasuredSize | undefined {
	if (sizes.length < 2) return sizes[0];
	// A number that the author gave is as good as a count.
	const { size, measuredBy } = sumOf(sizes.map(({ size, measuredBy }) => ({ size, measuredBy: methodOf(measuredBy) })));
	return sizes.some((each) => each.measuredBy) ? { size, measuredBy } : { size };
}

const methodOf = (method: string | null | undefined): Size["measuredBy"] =>
	method === "estimated" || method === "stat" || method === "index" ? method : "counted";

/** Sizes of inputs, as far as they are known when they are asked for. */
export type InputSizesSoFar = () => Record<string, MeasuredSize>;

/**
 * Begins to measure inputs. A file counted in another unit than its input is declared in has no size:
 * a number in the wrong unit would be a lie.
 */
export function measureInputs(texts: readonly string[], manifest: Manifest): InputSizesSoFar {
	const parts = new Map<string, (() => MeasuredSize)[]>();
	for (const text of texts) {
		const parsed = parseInput(text);
		if (!parsed.ok) continue;
		const input = parsed.value;
		const declared = Object.hasOwn(manifest.inputs, input.name) ? manifest.inputs[input.name] : undefined;
		if (declared === undefined) continue;
		parts.set(input.name, [...(parts.get(input.name) ?? []), sizeSoFar(input, declared.unit)]);
	}
	return () =>
		Object.fromEntries([...parts].map(([name, sizes]) => [name, together(sizes.map((ask) => ask())) ?? UNKNOWN_SIZE]));
}

function sizeSoFar(input: InputArgument, declaredUnit: string): () => MeasuredSize {
	if ("given" in input) return () => input.given;
	return input.unit === declaredUnit ? measureInput(input.file, input.unit).size : () => UNKNOWN_SIZE;
}
