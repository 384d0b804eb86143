/**
 * Other envelopes in the place of some that wait: held, released, redacted. Each gets a file of its own under a new
 * name; then the names of the former copies are buried, wherever these are or a fold under way puts them; then their
 * files go. An uploader that had read one looks for it once more before it sends (docs/races.md).
 */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson } from "../document/durable.js";
import type { Envelope } from "./envelope.js";
import { buryCopies } from "./gone.js";
import type { SpoolFolders } from "./layout.js";
import { remove } from "./remove.js";
import type { WaitingEntry } from "./waiting.js";

/** The digits that chance chose, at the end of a report's name. */
const RANDOM_END = /[0-9a-f]{8}\.json$/;

/** What takes the place of a copy: an envelope of the same report. */
export interface Replacement {
	entry: WaitingEntry;
	envelope: Envelope;
}

/** A name beside the former one in the order of time. */
function nextName(name: string, random: string): string {
	return RANDOM_END.test(name)
		? name.replace(RANDOM_END, `${random}.json`)
		: name.replace(/\.json$/, `.${random}.json`);
}

function putBeside(folders: SpoolFolders, { entry, envelope }: Replacement, random: string): string {
	const name = nextName(entry.name, random);
	const adapter = new DurableJson<Envelope>(join(folders.tmp, name), join(folders.new, name));
	new LowSync<Envelope>(adapter, envelope).write();
	return name;
}

/**
 * Puts each envelope in the place of its entry. Where a former copy had gone meanwhile, the new one stands all the same:
 * what became of the report is in the journal, or its id is among those that are gone. Two callers at once could each
 * put one: `changing` keeps them apart.
 *
 * @param random `NAME_RANDOM_BYTES` in hexadecimal, drawn anew for each
 * @returns the new names, in the order of the replacements
 * @throws the system's error; any of the former envelopes may then still count
 */
export function replaceAll(
	folders: SpoolFolders,
	replacements: readonly Replacement[],
	random: () => string,
): string[] {
	const [first] = replacements;
	if (first === undefined) return [];
	const names = replacements.map((replacement) => putBeside(folders, replacement, random()));
	const former = replacements.map(({ entry }) => entry.name);
	buryCopies(folders, `${first.entry.name.replace(/\.json$/, "")}-${random()}`, former);
	for (const { entry } of replacements) if (entry.segment === null) remove(folders.new, entry.name);
	return names;
}
