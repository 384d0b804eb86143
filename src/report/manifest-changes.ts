/** What differs between two manifests, of what a user agrees to. Pure. */
import { consentText, type Manifest } from "./manifest.js";

/** Null where there is nothing: the key was added, or is gone. */
export type ChangedValue = string | number | boolean | Readonly<Record<string, unknown>> | null;

export interface ManifestChange {
	/** `["inputs", "pairs", "unit"]`; a name may itself hold dots. */
	path: readonly string[];
	before: ChangedValue;
	after: ChangedValue;
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

function valueAt(object: Json, key: string): ChangedValue {
	return Object.hasOwn(object, key) ? ((object[key] as ChangedValue) ?? null) : null;
}

function changesIn(before: ChangedValue, after: ChangedValue, path: readonly string[]): ManifestChange[] {
	if (!isObject(before) || !isObject(after)) return before === after ? [] : [{ path, before, after }];
	const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
	return keys.flatMap((key) => changesIn(valueAt(before, key), valueAt(after, key), [...path, key]));
}

/** Every difference, in the order of the paths. An input or a key that is new or gone is one. */
export function manifestChanges(before: Manifest, after: Manifest): ManifestChange[] {
	return changesIn(JSON.parse(consentText(before)), JSON.parse(consentText(after)), []);
}
