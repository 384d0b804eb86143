/** The spool as a user looks at it: what waits, what may become of it, and which report an id means. */

import { accessSync, constants } from "node:fs";
import { maySend, type SendDecision } from "../consent/decide.js";
import { leavingText, leftOut } from "../consent/left-out.js";
import { NO_POLICY, readSitePolicy, type SitePolicy } from "../consent/policy.js";
import { type ConsentReading, ConsentStore } from "../consent/store.js";
import { EtError, systemErrorCode } from "../errors.js";
import type { Directories } from "../host/directories.js";
import { serialiseReport } from "../report/serialise.js";
import { forgottenRuns } from "../spool/forgotten.js";
import { type SpoolFolders, spoolFolders, writtenAtMs } from "../spool/layout.js";
import { type MarkerEntry, openRuns } from "../spool/open-runs.js";
import { unsafeSpool } from "../spool/put.js";
import { type Entry, entries } from "../spool/read.js";
import { readState } from "../spool/state.js";
import { waiting } from "../spool/waiting.js";
import type { CliContext } from "./context.js";
import { namedLines } from "./quantities.js";

/** @throws EtError `ET_SPOOL_UNAVAILABLE` where there is no place for a spool */
export function userFolders({ client }: CliContext): Directories {
	if (client.folders !== null) return client.folders;
	throw new EtError(
		"ET_SPOOL_UNAVAILABLE",
		"You have no home folder, and ET_SPOOL names no other place, so nothing is kept for you. Set HOME, or ET_SPOOL and ET_CONFIG.",
	);
}

/** The user's spool, which need not be there yet. @throws EtError `ET_SPOOL_UNSAFE` or `ET_SPOOL_UNAVAILABLE` */
export function openSpool(context: CliContext): SpoolFolders {
	const { spool } = userFolders(context);
	let unsafe: string | null = null;
	try {
		unsafe = unsafeSpool(spool);
		if (unsafe === null) accessSync(spool, constants.R_OK | constants.X_OK);
	} catch (error) {
		const code = systemErrorCode(error);
		if (code !== "ENOENT") {
			throw new EtError(
				"ET_SPOOL_UNAVAILABLE",
				`The spool ${spool} can't be read (${code}). What is in it stays there. Give back access to it, or name another with ET_SPOOL.`,
				{ cause: error },
			);
		}
	}
	if (unsafe === null) return spoolFolders(spool);
	throw new EtError(
		"ET_SPOOL_UNSAFE",
		`The spool ${spool} can't be trusted: ${unsafe}. Nothing was changed, and nothing is sent from there. Take it back (chown, chmod go-w), or name another with ET_SPOOL.`,
	);
}

export const STATES = [
	"waiting",
	"held",
	"delayed",
	"local only",
	"not allowed",
	"never leaves",
	"may have left",
] as const;

/** What may become of a report, in one word; `reason` where it does not simply wait. */
export interface ReportState {
	state: (typeof STATES)[number];
	reason: string | null;
	/** Not before this, ISO 8601, UTC; null where no time is set. */
	leaves_at: string | null;
}

const plainly = (state: ReportState["state"], reason: string | null = null): ReportState => ({
	state,
	reason,
	leaves_at: null,
});

/** A decision in words for a user. Pure. */
function stateUnder(decision: SendDecision, hold: string | null): ReportState {
	if (decision.send === "never") return plainly("never leaves", decision.reason);
	if (decision.send === "not_now" && decision.reason === "local") return plainly("local only");
	const isReviewed =
		decision.send === "yes" || decision.reason === "not_approved" || decision.reason === "review_delay";
	if (!isReviewed) return plainly("not allowed", decision.reason);
	if (hold !== null) return plainly("held", hold);
	if (decision.send === "yes") return plainly("waiting");
	if (decision.reason === "not_approved") return plainly("held", "approve");
	const untilMs = "untilMs" in decision ? decision.untilMs : null;
	const leavesAt = untilMs === null ? null : new Date(untilMs).toISOString();
	return { state: "delayed", reason: "review_delay", leaves_at: leavesAt };
}

/** Answers for each report; the decisions are read once. */
export class StateReader {
	private readonly readings = new Map<string, ConsentReading>();
	private readonly store: ConsentStore;
	private readonly policy: SitePolicy;
	private readonly forgotten: ReadonlySet<string>;
	private readonly steadySinceMs: number | null;

	/** @param tried ids of reports that were in a request */
	constructor(
		private readonly context: CliContext,
		private readonly tried: ReadonlySet<string>,
	) {
		const { consent, sitePolicy, spool } = userFolders(context);
		const since = readState(spoolFolders(spool)).clock_steady_since;
		this.steadySinceMs = since === null ? null : Date.parse(since);
		this.forgotten = forgottenRuns(spoolFolders(spool));
		this.store = new ConsentStore(consent);
		this.policy = process.platform === "win32" ? NO_POLICY : readSitePolicy(sitePolicy);
	}

	of(entry: Pick<Entry, "name" | "envelope">): ReportState {
		const { id, run_id } = entry.envelope.report;
		if (this.tried.has(id)) return plainly("may have left");
		if (this.forgotten.has(run_id)) return plainly("never leaves", "forgotten");
		return stateUnder(this.decision(entry), entry.envelope.hold);
	}

	/** What would be decided of it now, were it not held. */
	private decision({ name, envelope }: Pick<Entry, "name" | "envelope">): SendDecision {
		const { report, endpoint, grant, approved = false } = envelope;
		const { env, now } = this.context.client;
		const occurredAt = report.occurred_at;
		const clock = { nowMs: now().getTime(), steadySinceMs: this.steadySinceMs };
		return maySend(
			{ grant, endpoint, occurredAt, approved, writtenAtMs: writtenAtMs(name, occurredAt) },
			{ env, policy: this.policy, reading: this.read(report.project), clock },
		);
	}

	/** A report's text as it would leave now: without what its user, or the site's policy, leaves out. */
	leaving({ text, envelope }: Entry): string {
		return leavingText(text, leftOut(this.policy, this.read(envelope.report.project)));
	}

	private read(project: string): ConsentReading {
		const known = this.readings.get(project) ?? this.store.read(project);
		this.readings.set(project, known);
		return known;
	}
}

/**
 * A report's id in few letters: its last part, 48 random bits. (The first part is the time, which
 * reports of one moment share.)
 */
export function shortId(id: string): string {
	return id.slice(id.lastIndexOf("-") + 1);
}

/** Whether what a user gave is the beginning of an id, or of its short form. */
export function means(given: string, id: string): boolean {
	return id.startsWith(given) || shortId(id).startsWith(given);
}

/** What is reported of a run under way if it is never heard of again, as if it waited. */
function inMarker({ name, marker: { envelope, seen_at } }: MarkerEntry): Entry {
	const report = { ...envelope.report, occurred_at: seen_at };
	const text = serialiseReport(report);
	return { name, envelope: { ...envelope, report }, text, bytes: Buffer.byteLength(text) };
}

/** All that a user can look at: what waits, what a server refused, and with `et show` what runs under way have left. */
function* visible(folders: SpoolFolders, withMarkers: boolean): Generator<Entry> {
	yield* waiting(folders);
	yield* entries(folders.rejected);
	if (withMarkers) for (const entry of openRuns(folders)) yield inMarker(entry);
}

function onlyOne(given: string, found: readonly Entry[]): Entry {
	const [first] = found;
	if (first === undefined) {
		throw new EtError(
			"ET_REPORT_NOT_FOUND",
			`No report's id begins with "${given}": it was sent, dropped, or never there. Nothing was changed. See: et pending`,
		);
	}
	if (found.length === 1) return first;
	const head = `The ids of ${found.length} reports begin with "${given}". Nothing was changed. Give more of one:`;
	throw new EtError(
		"ET_REPORT_AMBIGUOUS",
		[head, ...namedLines(found.map(({ envelope }) => envelope.report.id))].join("\n"),
	);
}

/** For each id, or beginning of one, the reports that it could mean. */
function matches(folders: SpoolFolders, given: readonly string[], withMarkers: boolean): Entry[][] {
	const wanted = given.map((text) => ({ start: text.trim().toLowerCase(), found: new Map<string, Entry>() }));
	for (const entry of visible(folders, withMarkers)) {
		const { id } = entry.envelope.report;
		for (const { start, found } of wanted) {
			if (start !== "" && means(start, id) && !found.has(id)) found.set(id, entry);
		}
	}
	return wanted.map(({ found }) => [...found.values()]);
}

/**
 * The reports that ids, or beginnings of ids, mean: one each.
 *
 * @param withMarkers also what runs under way have left; @defaultValue false
 * @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS`
 */
export function findReports(folders: SpoolFolders, given: readonly string[], withMarkers = false): Entry[] {
	return matches(folders, given, withMarkers).map((found, index) => onlyOne(given[index] ?? "", found));
}
