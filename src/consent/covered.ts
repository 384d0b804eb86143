/** What a notice that changed and the one that was agreed to have in common: until the user answers, no more is kept. Pure. */
import { ANY_KEY, consentText, type Manifest } from "../report/manifest.js";
import type { Grant } from "./record.js";

type Inputs = Manifest["inputs"];
type Data = Manifest["data"];

/** Of a record that an author's names are the keys of: `constructor` may be one. */
function entryOf<T>(entries: Readonly<Record<string, T>>, key: string): T | undefined {
	return Object.hasOwn(entries, key) ? entries[key] : undefined;
}

function commonInputs(agreed: Inputs, declared: Inputs): Inputs {
	const common = Object.entries(agreed).filter(([name, { unit }]) => entryOf(declared, name)?.unit === unit);
	return Object.fromEntries(common);
}

/** A key as both declare it, where one may declare it by `"*"`; null where they do not agree, or one lacks it. */
function commonKey(key: string, agreed: Data, declared: Data): Data[string] | null {
	const [former, present] = [entryOf(agreed, key), entryOf(declared, key)];
	if (former !== undefined && present !== undefined) return former.type === present.type ? former : null;
	const other = former === undefined ? agreed : declared;
	return entryOf(other, ANY_KEY) === undefined ? null : (former ?? present ?? null);
}

/** A key that the two declare as different types is in neither's `"*"`: then that is left out too. */
function commonData(agreed: Data, declared: Data): Data {
	const keys = new Set([...Object.keys(agreed), ...Object.keys(declared)]);
	const common = [...keys].map((key) => [key, commonKey(key, agreed, declared)] as const);
	const differs = ([key, entry]: (typeof common)[number]): boolean =>
		entry === null && Object.hasOwn(agreed, key) && Object.hasOwn(declared, key);
	const withAny = !common.some(differs);
	return Object.fromEntries(
		common.filter((entry): entry is [string, Data[string]] => entry[1] !== null && (entry[0] !== ANY_KEY || withAny)),
	);
}

/**
 * The manifest under which a script's reports are kept while its own waits for an answer: endpoint and notice are the
 * agreed ones, its fields those that both declare alike. How many runs report is the script's to say.
 */
export function coveredBy(agreed: Manifest, declared: Manifest): Manifest {
	return {
		...agreed,
		inputs: commonInputs(agreed.inputs, declared.inputs),
		data: commonData(agreed.data, declared.data),
		sample: declared.sample,
	};
}

/** Whether a manifest asks for another answer than was given. An older script's asks for none. */
export function awaitsAnswer({ notice, text }: Grant, manifest: Manifest): boolean {
	return manifest.notice.version >= notice.version && consentText(manifest) !== text;
}
