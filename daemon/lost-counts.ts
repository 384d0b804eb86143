/** What the bounds cost, told to the author: only of granted reports, and once each. */
import type { LostCount } from "../src/report/wire.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { type LostEntry, lostEntries, markTold, TOLD_REASONS } from "../src/spool/lost.js";
import type { Gate } from "./gate.js";

export class LostCounts {
	private readonly untold = new Map<string, LostEntry[]>();

	constructor(
		private readonly folders: SpoolFolders,
		private readonly gate: Gate,
	) {
		for (const entry of lostEntries(folders)) {
			const { lost } = entry;
			if (lost.told || !TOLD_REASONS.includes(lost.reason)) continue;
			this.untold.set(lost.endpoint, [...(this.untold.get(lost.endpoint) ?? []), entry]);
		}
	}

	/** Endpoints that have not been told all there is to tell. */
	endpoints(): string[] {
		return [...this.untold.keys()];
	}

	/** What may be told to an endpoint now. */
	for(endpoint: string, most: number): LostEntry[] {
		return (this.untold.get(endpoint) ?? [])
			.filter(({ lost }) => {
				const { grant, project, at } = lost;
				const waiting = { endpoint, grant, occurredAt: at, approved: false, writtenAtMs: Date.parse(at) };
				return this.gate.ask(project, waiting).send === "yes";
			})
			.slice(0, most);
	}

	/** The endpoint has these. */
	told(endpoint: string, entries: readonly LostEntry[]): void {
		for (const entry of entries) markTold(this.folders, entry);
		const left = (this.untold.get(endpoint) ?? []).filter((entry) => !entries.includes(entry));
		if (left.length === 0) this.untold.delete(endpoint);
		else this.untold.set(endpoint, left);
	}
}

/** A count as it travels. */
export function wireLost({ lost }: LostEntry): LostCount {
	return { id: lost.id, project: lost.project, reason: lost.reason, count: lost.count };
}
