/**
 * Changes what waits, at its user's word: each report gets another envelope in its place. First the change, then a look
 * into the journal: what was in a request by then may have left as it was, and is named.
 */
import { bytesToHex } from "../report/ids.js";
import type { Verdict } from "../report/wire.js";
import { changing, type Turn } from "../spool/changing.js";
import type { Envelope } from "../spool/envelope.js";
import { journalLines } from "../spool/journal.js";
import { NAME_RANDOM_BYTES, type SpoolFolders } from "../spool/layout.js";
import { remove } from "../spool/remove.js";
import { type Replacement, replaceAll } from "../spool/replace.js";
import type { WaitingEntry } from "../spool/waiting.js";
import type { CliContext } from "./context.js";
import { holderOf } from "./identity.js";

/**
 * What is to be changed, as it is now.
 *
 * @param names of the files that stand by now for what was changed, by the reports' ids
 */
export type Find = (names: ReadonlyMap<string, string>) => Iterable<WaitingEntry>;

/** The envelope that is to stand in its place, or null where it is as it should be. */
export type Transform = (entry: WaitingEntry) => Envelope | null;

export interface Changed {
	/** Ids of the reports that were changed. */
	changed: readonly string[];
	/** Ids of those that were as they should be. */
	unchanged: readonly string[];
	/** Of all these, the ids of those that were in a request: a server may have them as they were. */
	mayHaveLeft: readonly string[];
	/** Names of the new files, by the reports' ids. */
	names: ReadonlyMap<string, string>;
}

/** So many are changed in one step. */
const STEP_REPORTS = 256;
/** What moved while it was looked for (a fold) is found in the next look; what comes in meanwhile ends no look. */
const MOST_LOOKS = 5;

/** What a server said that it has, or does not want: it waits no more. */
const FINAL: readonly Verdict[] = ["accepted", "duplicate", "erased", "rejected"];

/** What became of some reports, by the journal. */
interface Journalled {
	tried: Set<string>;
	/** Servers have answered for these. */
	settled: Set<string>;
}

function journalled(folders: SpoolFolders, isWanted: (id: string) => boolean): Journalled {
	const found: Journalled = { tried: new Set(), settled: new Set() };
	for (const line of journalLines(folders)) {
		if ("tried" in line) for (const { id } of line.tried) if (isWanted(id)) found.tried.add(id);
		if (!("verdicts" in line)) continue;
		for (const [id, verdict] of Object.entries(line.verdicts)) {
			if (FINAL.includes(verdict) && isWanted(id)) found.settled.add(id);
		}
	}
	return found;
}

/** One command's changes. */
class Changer {
	readonly names = new Map<string, string>();
	readonly unchanged = new Set<string>();
	private step: Replacement[] = [];

	constructor(
		private readonly context: CliContext,
		private readonly folders: SpoolFolders,
		private readonly turn: Turn,
		private readonly transform: Transform,
	) {}

	/** @returns whether there was anything to change */
	look(found: Iterable<WaitingEntry>): boolean {
		let changes = 0;
		for (const entry of found) {
			const envelope = this.transform(entry);
			if (envelope === null) this.unchanged.add(entry.envelope.report.id);
			else {
				changes++;
				this.step.push({ entry, envelope });
			}
			if (this.step.length >= STEP_REPORTS) this.take();
		}
		this.take();
		return changes > 0;
	}

	private take(): void {
		if (this.step.length === 0) return;
		this.turn.keep();
		const names = replaceAll(this.folders, this.step, () => bytesToHex(this.context.client.random(NAME_RANDOM_BYTES)));
		for (const [index, { envelope }] of this.step.entries()) {
			this.names.set(envelope.report.id, names[index] ?? "");
		}
		this.step = [];
	}

	/** What a server has meanwhile shall not wait once more for having been changed. */
	withdrawSettled(settled: ReadonlySet<string>): void {
		for (const id of settled) {
			const name = this.names.get(id);
			if (name !== undefined) remove(this.folders.new, name);
		}
	}
}

/**
 * @param find what is to be changed; it is called again until nothing of it is left to change
 * @throws the system's error, or EtError `ET_SPOOL_BUSY`; what was changed by then stays changed
 */
export function changeWaiting(context: CliContext, folders: SpoolFolders, find: Find, transform: Transform): Changed {
	return changing(folders, holderOf(context), (turn) => {
		const changer = new Changer(context, folders, turn, transform);
		for (let looks = 0; looks < MOST_LOOKS && changer.look(find(changer.names)); looks++);
		const changed = [...changer.names.keys()];
		const unchanged = [...changer.unchanged].filter((id) => !changer.names.has(id));
		// Asked for last: an uploader writes down what it tries before it tries.
		const { tried, settled } = journalled(folders, (id) => changer.names.has(id) || changer.unchanged.has(id));
		changer.withdrawSettled(settled);
		const mayHaveLeft = [...changed, ...unchanged].filter((id) => tried.has(id));
		return { changed, unchanged, mayHaveLeft, names: changer.names };
	});
}
