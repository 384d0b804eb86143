/** Takes reports out of the spool at their user's word: each is counted, and what may have left is named. */
import { REPORT_ID_RANDOM_BYTES, reportId } from "../report/ids.js";
import { triedIds } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import { finishLosing, type LostReason, lose } from "../spool/lost.js";
import { type Entry, entries } from "../spool/read.js";
import { remove } from "../spool/remove.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import type { CliContext } from "./context.js";

export interface Discarded {
	/** Ids of reports that waited. */
	waiting: readonly string[];
	/** Ids of reports that a server had refused. */
	rejected: readonly string[];
	/** Of all these, the ids of those that were in a request: a server may have them. */
	mayHaveLeft: readonly string[];
}

/** Reports that one count is of. */
const MOST_AT_ONCE = 1000;

type Reason = Extract<LostReason, "withdrawn" | "dropped_by_user" | "forgotten">;

/** Gathers what goes from one project, endpoint and grant, and counts it in steps. */
class Counter {
	private readonly groups = new Map<string, WaitingEntry[]>();

	constructor(
		private readonly context: CliContext,
		private readonly folders: SpoolFolders,
		private readonly reason: Reason,
	) {}

	add(entry: WaitingEntry): void {
		const { report, endpoint, grant } = entry.envelope;
		const key = JSON.stringify([report.project, endpoint, grant]);
		const group = [...(this.groups.get(key) ?? []), entry];
		this.groups.set(key, group.length < MOST_AT_ONCE ? group : []);
		if (group.length === MOST_AT_ONCE) this.lose(group);
	}

	end(): void {
		for (const group of this.groups.values()) this.lose(group);
	}

	private lose(group: readonly WaitingEntry[]): void {
		const [first] = group;
		if (first === undefined) return;
		const { now, random } = this.context.client;
		const at = now();
		const { endpoint, grant, report } = first.envelope;
		lose(this.folders, {
			et: 1,
			id: reportId(at.getTime(), random(REPORT_ID_RANDOM_BYTES)),
			at: at.toISOString(),
			project: report.project,
			endpoint,
			grant,
			reason: this.reason,
			count: group.length,
			names: group.filter(({ segment }) => segment === null).map(({ name }) => name),
			ids: group.map(({ envelope }) => envelope.report.id),
			told: false,
		});
	}
}

/**
 * Removes what is wanted of what waits, and of what a server refused.
 *
 * @param found where to look for what waits; @defaultValue everywhere
 * @throws the system's error; what is left stays as it was
 */
export function discard(
	context: CliContext,
	folders: SpoolFolders,
	isWanted: (entry: Entry) => boolean,
	reason: Reason,
	found: Iterable<WaitingEntry> = waiting(folders),
): Discarded {
	// What a drop that died has counted is removed first, so that none of it is counted again.
	finishLosing(folders);
	const waited: string[] = [];
	const rejected: string[] = [];
	const counter = new Counter(context, folders, reason);
	for (const entry of found) {
		if (!isWanted(entry)) continue;
		waited.push(entry.envelope.report.id);
		counter.add(entry);
	}
	counter.end();
	for (const entry of entries(folders.rejected)) {
		if (isWanted(entry) && remove(folders.rejected, entry.name)) rejected.push(entry.envelope.report.id);
	}
	// Asked for last: an uploader writes down what it tries before it tries.
	const tried = triedIds(folders);
	return { waiting: waited, rejected, mayHaveLeft: [...waited, ...rejected].filter((id) => tried.has(id)) };
}
