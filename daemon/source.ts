/**
 * What a flush reads: all that waits and may leave now, segments first, then loose files in the order
 * of time. What can't be a report is set aside on the way, and what may never leave is lost.
 */
import { randomUUID } from "node:crypto";
import type { SendDecision } from "../src/consent/decide.js";
import type { CorruptReason } from "../src/spool/envelope.js";
import { forgottenRuns } from "../src/spool/forgotten.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { type LostReason, lose } from "../src/spool/lost.js";
import { type Entry, NAME_WINDOW, readEntry, reportNames } from "../src/spool/read.js";
import { remove, setAsideCorrupt } from "../src/spool/remove.js";
import { finishedEntries } from "../src/spool/segments.js";
import type { WaitingEntry } from "../src/spool/waiting.js";
import type { Gate } from "./gate.js";
import { type Parcel, parcel } from "./parcel.js";
import type { Removal } from "./removal.js";

export interface SourceOptions {
	folders: SpoolFolders;
	gate: Gate;
	removal: Removal;
	now: () => Date;
	/** How many names are kept in memory at once. @defaultValue NAME_WINDOW */
	nameWindow?: number;
}

/** Why a report stays that no server was asked about. */
export type Stay = "held" | Extract<SendDecision, { send: "not_now" }>["reason"];

/** Reports of one project, endpoint and grant that may never leave, and why. */
interface TakenBack {
	reason: Extract<LostReason, "withdrawn" | "forgotten">;
	parcels: Parcel[];
}

const NONE_TAKEN_BACK: TakenBack = { reason: "withdrawn", parcels: [] };

/** Most reports of one count of what was taken back. */
const MOST_IN_A_COUNT = 1000;

export class Source {
	/** Files that were set aside in this flush. */
	corrupt = 0;
	/** Reports that may never leave, since consent was taken back or their run is forgotten. */
	withdrawn = 0;

	/** How many reports of the last pass stay, by what keeps them. */
	readonly kept = new Map<Stay, number>();

	/** When the first of those leaves that wait for time alone; null where none does. */
	nextLeavesAtMs: number | null = null;

	/** Such reports, gathered so that many of one project make one count. */
	private readonly takenBack = new Map<string, TakenBack>();

	/** Runs of which nothing may leave. */
	private forgotten: ReadonlySet<string> = new Set();

	constructor(private readonly options: SourceOptions) {}

	/** One pass over all that waits. A null stands for something that does not leave now. */
	*pass(): Generator<Parcel | null> {
		const { folders, removal } = this.options;
		this.kept.clear();
		this.forgotten = forgottenRuns(folders);
		this.nextLeavesAtMs = null;
		try {
			const isGone = ({ name, envelope }: Entry) => removal.isGone(envelope.report.id, name);
			for (const entry of finishedEntries(folders, isGone)) yield this.consider(entry);
			for (const name of this.looseNames()) yield this.loose(name);
		} finally {
			for (const key of [...this.takenBack.keys()]) this.loseTakenBack(key);
		}
	}

	private *looseNames(): Generator<string> {
		const { folders, nameWindow = NAME_WINDOW } = this.options;
		let after = "";
		for (;;) {
			const names = reportNames(folders.new, nameWindow, after);
			yield* names;
			const last = names.at(-1);
			if (last === undefined || names.length < nameWindow) return;
			after = last;
		}
	}

	private loose(name: string): Parcel | null {
		const { folders } = this.options;
		const reading = readEntry(folders.new, name);
		if (reading.state === "read") return this.looseEntry(reading.entry);
		if (reading.state === "corrupt") this.setAside(name, reading.reason);
		return null;
	}

	private looseEntry(entry: Entry): Parcel | null {
		const { folders, removal } = this.options;
		if (!removal.isGone(entry.envelope.report.id, entry.name)) return this.consider({ ...entry, segment: null });
		// Who buried it died before its file was removed.
		remove(folders.new, entry.name);
		return null;
	}

	/** What can't be set aside (its name is too long, or another took it) stays, and holds nothing up. */
	private setAside(name: string, reason: CorruptReason): void {
		try {
			setAsideCorrupt(this.options.folders, name, reason);
			this.corrupt++;
		} catch {
			// It is looked at again in the next flush.
		}
	}

	private consider(entry: WaitingEntry): Parcel | null {
		if (this.forgotten.has(entry.envelope.report.run_id)) return this.takeBack(parcel(entry), "forgotten");
		if (entry.envelope.hold !== null) return this.keep("held");
		const found = parcel(entry);
		const decision = this.options.gate.ask(found.report.project, found);
		if (decision.send === "not_now") return this.keep(decision.reason, "untilMs" in decision ? decision.untilMs : null);
		if (decision.send === "never") return this.takeBack(found, "withdrawn");
		return found;
	}

	private keep(stay: Stay, untilMs: number | null = null): null {
		if (untilMs !== null) this.nextLeavesAtMs = Math.min(this.nextLeavesAtMs ?? untilMs, untilMs);
		this.kept.set(stay, (this.kept.get(stay) ?? 0) + 1);
		return null;
	}

	private takeBack(parcel: Parcel, reason: TakenBack["reason"]): null {
		const key = JSON.stringify([parcel.report.project, parcel.endpoint, parcel.grant, reason]);
		const gathered = this.takenBack.get(key) ?? { reason, parcels: [] };
		this.takenBack.set(key, gathered);
		gathered.parcels.push(parcel);
		if (gathered.parcels.length >= MOST_IN_A_COUNT) this.loseTakenBack(key);
		return null;
	}

	private loseTakenBack(key: string): void {
		const { parcels, reason } = this.takenBack.get(key) ?? NONE_TAKEN_BACK;
		this.takenBack.delete(key);
		const [first] = parcels;
		if (first === undefined) return;
		lose(this.options.folders, {
			et: 1,
			id: randomUUID(),
			at: this.options.now().toISOString(),
			project: first.report.project,
			endpoint: first.endpoint,
			grant: first.grant,
			reason,
			count: parcels.length,
			names: parcels.map(({ name }) => name),
			ids: parcels.map(({ report }) => report.id),
			told: false,
		});
		this.withdrawn += parcels.length;
	}
}
