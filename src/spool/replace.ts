/**
 * Another envelope in the place of one that waits: held, released, redacted. It gets a file of its own under a new
 * name, and then the former copy goes, wherever it is; an uploader that had read that looks for it once more before it
 * sends, as it does for a report that was dropped (docs/races.md).
 */
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson } from "../document/durable.js";
import type { Envelope } from "./envelope.js";
import { Graves } from "./gone.js";
import type { SpoolFolders } from "./layout.js";
import { remove } from "./remove.js";
import type { WaitingEntry } from "./waiting.js";

/** The digits that chance chose, at the end of a report's name. */
const RANDOM_END = /[0-9a-f]{8}\.json$/;

/** A name beside the former one in the order of time. */
function nextName(name: string, random: string): string {
	return RANDOM_END.test(name)
		? name.replace(RANDOM_END, `${random}.json`)
		: name.replace(/\.json$/, `.${random}.json`);
}

/**
 * Puts `envelope`, which is of the same report, in the place of `entry`.
 *
 * @param random `NAME_RANDOM_BYTES` in hexadecimal, drawn for this call
 * @returns the new name, or null where the former copy had gone meanwhile: then nothing was put
 * @throws the system's error; the former envelope may then still be what counts
 */
export function replace(folders: SpoolFolders, entry: WaitingEntry, envelope: Envelope, random: string): string | null {
	const name = nextName(entry.name, random);
	const adapter = new DurableJson<Envelope>(join(folders.tmp, name), join(folders.new, name));
	new LowSync<Envelope>(adapter, envelope).write();
	buryFolded(folders, entry, random);
	if (entry.segment !== null || remove(folders.new, entry.name)) return name;
	// Dropped, or delivered: what was put must not bring it back.
	remove(folders.new, name);
	return null;
}

/** Also of a loose report: a fold under way may have read it already. */
function buryFolded(folders: SpoolFolders, { name, envelope }: WaitingEntry, random: string): void {
	const graves = new Graves(folders, `${name.replace(/\.json$/, "")}-${random}`);
	try {
		graves.buryFolded([envelope.report.id]);
	} finally {
		graves.close();
	}
}
