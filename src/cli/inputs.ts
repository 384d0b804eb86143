/** Inputs and data as the command line gives them: `reads=a.fq:reads`, `pairs=1200`, `mode=fast`. */
import { type InputSize, isUnit, measureInput, UNITS, type Unit } from "../host/input-size.js";
import type { Manifest } from "../report/manifest.js";

/** A name with a number, in the unit that the manifest declares; or with a file, to be counted in a unit. */
export type InputArgument = { name: string; size: number } | { name: string; file: string; unit: Unit };

/** Either what was understood, or what is wrong with it. */
type Understood<T> = { ok: true; value: T } | { ok: false; problem: string };

const NUMBER = /^\d+(?:\.\d+)?(?:[eE]\+?\d+)?$/;

function pair(text: string): { name: string; value: string } | null {
	const equals = text.indexOf("=");
	return equals < 1 ? null : { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** `NAME=NUMBER` or `NAME=FILE:UNIT`. */
export function parseInput(text: string): Understood<InputArgument> {
	const found = pair(text);
	if (found === null)
		return { ok: false, problem: `The input "${text}" is not of the form NAME=FILE:UNIT or NAME=NUMBER.` };
	const { name, value } = found;
	if (NUMBER.test(value)) return { ok: true, value: { name, size: Number(value) } };
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

/** Sizes of inputs, asked for when they are needed. */
export type InputSizesSoFar = () => Record<string, number | null>;

/**
 * Begins to measure inputs. A file counted in another unit than its input is declared in has no size:
 * a number in the wrong unit would be a lie.
 */
export function measureInputs(texts: readonly string[], manifest: Manifest): InputSizesSoFar {
	const sizes = new Map<string, InputSize>();
	for (const text of texts) {
		const parsed = parseInput(text);
		if (!parsed.ok) continue;
		const input = parsed.value;
		const declared = Object.hasOwn(manifest.inputs, input.name) ? manifest.inputs[input.name] : undefined;
		if (declared === undefined) continue;
		if ("size" in input) sizes.set(input.name, { size: () => input.size });
		else if (input.unit === declared.unit) sizes.set(input.name, measureInput(input.file, input.unit));
		else sizes.set(input.name, { size: () => null });
	}
	return () => Object.fromEntries([...sizes].map(([name, input]) => [name, input.size()]));
}
