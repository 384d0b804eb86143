/** What a page shows, out of the spool: what waits, what has left, and what the user's own runs took. */
import { betterOf, type RunFigures, runFigures } from "../../report/run-figures.js";
import type { WireReport } from "../../report/types.js";
import type { Verdict } from "../../report/wire.js";
import { forgottenRuns } from "../../spool/forgotten.js";
import { historyLines } from "../../spool/history.js";
import { triedIds } from "../../spool/journal.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { entries } from "../../spool/read.js";
import { waiting } from "../../spool/waiting.js";
import type { CliContext } from "../context.js";
import { type SentReport, sentReports } from "../sent-log.js";
import { type ReportState, StateReader } from "../spool-view.js";

export interface PendingReport {
	report: WireReport;
	/** As it would leave now. */
	text: string;
	endpoint: string;
	state: ReportState;
}

export interface Pending {
	count: number;
	byState: Map<ReportState["state"], number>;
	/** The newest ones, newest first. */
	newest: PendingReport[];
	/** How many stay here since a server refused them. */
	rejected: number;
}

export interface LeftTotal {
	project: string;
	endpoint: string;
	reports: number;
	first: string;
	last: string;
	byVerdict: Map<Verdict | "unanswered", number>;
}

export interface Left {
	count: number;
	totals: LeftTotal[];
	/** Newest first. */
	newest: SentReport[];
}

export interface Collected {
	pending: Pending;
	left: Left;
	runs: RunFigures[];
}

/** A page is for reading: more reports are counted, and `et pending` and `et sent` list them. */
const MOST_SHOWN = 100;

class Runs {
	private readonly byId = new Map<string, RunFigures>();

	constructor(
		private readonly forgotten: ReadonlySet<string>,
		private readonly project: string | undefined,
	) {}

	add(run: RunFigures | null): void {
		if (run === null || this.forgotten.has(run.run_id)) return;
		if (this.project !== undefined && run.project !== this.project) return;
		const known = this.byId.get(run.run_id);
		this.byId.set(run.run_id, known === undefined ? run : betterOf(known, run));
	}

	/** Oldest first. */
	all(): RunFigures[] {
		return [...this.byId.values()].sort((a, b) => Date.parse(a.occurred_at) - Date.parse(b.occurred_at));
	}
}

/** A window over the last of many. */
function pushBounded<T>(list: T[], item: T): void {
	list.push(item);
	if (list.length >= 2 * MOST_SHOWN) list.splice(0, list.length - MOST_SHOWN);
}

const newestFirst = <T>(list: readonly T[]): T[] => list.slice(-MOST_SHOWN).reverse();

function pendingOf(context: CliContext, folders: SpoolFolders, runs: Runs, project: string | undefined): Pending {
	const states = new StateReader(context, triedIds(folders));
	const pending: Pending = { count: 0, byState: new Map(), newest: [], rejected: 0 };
	for (const entry of waiting(folders)) {
		const { report, endpoint } = entry.envelope;
		if (project !== undefined && report.project !== project) continue;
		const state = states.of(entry);
		runs.add(runFigures(report));
		pending.count++;
		pending.byState.set(state.state, (pending.byState.get(state.state) ?? 0) + 1);
		pushBounded(pending.newest, { report, text: states.leaving(entry), endpoint, state });
	}
	for (const { envelope } of entries(folders.rejected)) {
		if (project !== undefined && envelope.report.project !== project) continue;
		runs.add(runFigures(envelope.report));
		pending.rejected++;
	}
	return { ...pending, newest: newestFirst(pending.newest) };
}

function addTo(totals: Map<string, LeftTotal>, { project, endpoint, at, verdict, erasure }: SentReport): void {
	const key = JSON.stringify([project, endpoint]);
	const total = totals.get(key) ?? { project, endpoint, reports: 0, first: at, last: at, byVerdict: new Map() };
	total.reports++;
	if (at < total.first) total.first = at;
	if (at > total.last) total.last = at;
	const said = erasure === "erased" ? erasure : (verdict ?? "unanswered");
	total.byVerdict.set(said, (total.byVerdict.get(said) ?? 0) + 1);
	totals.set(key, total);
}

function leftOf(folders: SpoolFolders, project: string | undefined): Left {
	const reports = sentReports(folders).filter((report) => project === undefined || report.project === project);
	const totals = new Map<string, LeftTotal>();
	for (const report of reports) addTo(totals, report);
	return { count: reports.length, totals: [...totals.values()], newest: newestFirst(reports) };
}

/** @param project only this one's; undefined for all */
export function collect(context: CliContext, folders: SpoolFolders, project: string | undefined): Collected {
	const runs = new Runs(forgottenRuns(folders), project);
	for (const line of historyLines(folders)) runs.add(line);
	const pending = pendingOf(context, folders, runs, project);
	return { pending, left: leftOf(folders, project), runs: runs.all() };
}
