/** What waits and is meant, one report after another: for the commands that list it. */
import type { SpoolFolders } from "../spool/layout.js";
import { lostByReason } from "../spool/lost.js";
import { openRuns } from "../spool/open-runs.js";
import { countReports } from "../spool/read.js";
import { corruptFiles } from "../spool/remove.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import type { CliContext } from "./context.js";
import type { Filter } from "./filters.js";
import type { ReportState, StateReader } from "./spool-view.js";

export interface Listing {
	context: CliContext;
	folders: SpoolFolders;
	states: StateReader;
	filter: Filter;
}

export interface Listed {
	count: number;
	bytes: number;
	byState: Map<ReportState["state"], number>;
	/** Whether there is more than was listed. */
	isCut: boolean;
}

/** Passes what waits to `each`, and adds it up. */
export function list(
	{ folders, states, filter }: Listing,
	each: (entry: WaitingEntry, state: ReportState) => void,
): Listed {
	const listed: Listed = { count: 0, bytes: 0, byState: new Map(), isCut: false };
	for (const entry of waiting(folders)) {
		if (!filter.matches(entry)) continue;
		const state = states.of(entry);
		if (filter.state !== null && state.state !== filter.state) continue;
		if (listed.count === filter.limit) {
			listed.isCut = true;
			break;
		}
		each(entry, state);
		listed.count++;
		listed.bytes += entry.bytes;
		listed.byState.set(state.state, (listed.byState.get(state.state) ?? 0) + 1);
	}
	return listed;
}

/** A run under way, for its user. */
export interface OpenRunLine {
	/** Of the report of its vanishing, which et show shows. */
	id: string;
	run_id: string;
	project: string;
	command: string | null;
	/** When it was last known to go on. */
	seen_at: string;
}

export function openRunLines(folders: SpoolFolders): OpenRunLine[] {
	return [...openRuns(folders)].map(({ marker: { envelope, seen_at } }) => {
		const { id, run_id, project, command } = envelope.report;
		return { id, run_id, project, command: typeof command === "string" ? command : null, seen_at };
	});
}

/** One JSON document, written as it is read, however much waits. */
export function printPendingJson(listing: Listing): void {
	const { out } = listing.context;
	let separator = "";
	out.write('{"reports":[');
	const listed = list(listing, ({ name, envelope, bytes }, state) => {
		const { report, ...around } = envelope;
		const { erase_key: _secret, ...shownAround } = around;
		out.write(`${separator}\n${JSON.stringify({ ...report, spool: { ...shownAround, name, bytes, ...state } })}`);
		separator = ",";
	});
	const lost = Object.fromEntries(
		[...lostByReason(listing.folders)].map(([project, reasons]) => [project, Object.fromEntries(reasons)]),
	);
	const rest = {
		count: listed.count,
		bytes: listed.bytes,
		is_cut: listed.isCut,
		rejected: countReports(listing.folders.rejected).count,
		corrupt: corruptFiles(listing.folders).length,
		dropped: lost,
		open: openRunLines(listing.folders),
	};
	out.line(`\n],${JSON.stringify(rest).slice(1)}`);
}
