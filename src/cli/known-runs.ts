/** The runs that are known here: that are under way, of which something waits, was refused, has left, or was asked to be erased. */
import { EtError } from "../errors.js";
import { runIdOf } from "../report/ids.js";
import type { Envelope } from "../spool/envelope.js";
import { journalLines, keyLines } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import { openRuns } from "../spool/open-runs.js";
import { entries } from "../spool/read.js";
import { requestEntries, type ServerRequest } from "../spool/requests.js";
import { waiting } from "../spool/waiting.js";
import { namedLines } from "./quantities.js";
import { shortId } from "./spool-view.js";

export interface KnownRun {
	runId: string;
	project: string;
	/** Ids of its reports, as far as they are known. */
	reports: Set<string>;
	/** Whether any of it was in a request: a server may have it. */
	mayHaveLeft: boolean;
	/** What erases it, by endpoint. */
	keys: Map<string, string>;
	/** Keys of what waits still: of use where something of it has left and its key was not written down. */
	spareKeys: Map<string, string>;
	/** What was asked about it, to erase it. */
	requests: ServerRequest[];
}

class Collection {
	readonly runs = new Map<string, KnownRun>();

	of(runId: string, project: string): KnownRun {
		const known = this.runs.get(runId);
		if (known !== undefined) return known;
		const fresh = { runId, project, reports: new Set<string>(), mayHaveLeft: false };
		const run: KnownRun = { ...fresh, keys: new Map(), spareKeys: new Map(), requests: [] };
		this.runs.set(runId, run);
		return run;
	}

	addEnvelope({ report, endpoint, erase_key: key }: Envelope): void {
		const run = this.of(report.run_id, report.project);
		run.reports.add(report.id);
		if (key !== null && runIdOf(key) === report.run_id) run.spareKeys.set(endpoint, key);
	}
}

/** All of them, by their ids. */
export function knownRuns(folders: SpoolFolders): Map<string, KnownRun> {
	const found = new Collection();
	for (const { envelope } of waiting(folders)) found.addEnvelope(envelope);
	for (const { envelope } of entries(folders.rejected)) found.addEnvelope(envelope);
	for (const { marker } of openRuns(folders)) found.addEnvelope(marker.envelope);
	for (const line of journalLines(folders)) {
		if (!("tried" in line)) continue;
		for (const { id, run_id, project } of line.tried) {
			const run = found.of(run_id, project);
			run.reports.add(id);
			run.mayHaveLeft = true;
		}
	}
	for (const { run_id, key, project, endpoint } of keyLines(folders)) {
		const run = found.of(run_id, project);
		run.mayHaveLeft = true;
		if (runIdOf(key) === run_id) run.keys.set(endpoint, key);
	}
	for (const { request } of requestEntries(folders)) {
		const run = found.of(request.run_id, request.project);
		if (request.kind === "erase") run.requests.push(request);
		else run.mayHaveLeft = true;
		if (runIdOf(request.key) === request.run_id && !run.keys.has(request.endpoint))
			run.keys.set(request.endpoint, request.key);
	}
	return found.runs;
}

function means(given: string, { runId, reports }: KnownRun): boolean {
	if (runId.startsWith(given)) return true;
	for (const id of reports) if (id.startsWith(given) || shortId(id).startsWith(given)) return true;
	return false;
}

function onlyOne(given: string, found: readonly KnownRun[]): KnownRun {
	const [first] = found;
	if (first === undefined) {
		throw new EtError(
			"ET_REPORT_NOT_FOUND",
			`No run is known here whose id, or a report's id of it, begins with "${given}". Nothing was changed. See: et sent, et pending`,
		);
	}
	if (found.length === 1) return first;
	const names = found.map(({ runId, project }) => `${runId} of ${project}`);
	const head = `"${given}" could mean ${found.length} runs. Nothing was changed. Give more of one:`;
	throw new EtError("ET_REPORT_AMBIGUOUS", [head, ...namedLines(names)].join("\n"));
}

/**
 * The runs that ids mean: of a run or of a report of it, whole or begun.
 *
 * @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS`
 */
export function findRuns(known: ReadonlyMap<string, KnownRun>, given: readonly string[]): KnownRun[] {
	return given.map((text) => {
		const start = text.trim().toLowerCase();
		return onlyOne(text, start === "" ? [] : [...known.values()].filter((run) => means(start, run)));
	});
}
