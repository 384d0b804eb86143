/** The spool as a user looks at it: what waits, what may become of it, and which report an id means. */

import { maySend } from "../consent/decide.js";
import { leavingText, leftOut } from "../consent/left-out.js";
import { NO_POLICY, readSitePolicy, type SitePolicy } from "../consent/policy.js";
import { type ConsentReading, ConsentStore } from "../consent/store.js";
import { EtError, systemErrorCode } from "../errors.js";
import type { Directories } from "../host/directories.js";
import type { Envelope } from "../spool/envelope.js";
import { forgottenRuns } from "../spool/forgotten.js";
import { type SpoolFolders, spoolFolders } from "../spool/layout.js";
import { unsafeSpool } from "../spool/put.js";
import { type Entry, entries } from "../spool/read.js";
import { waiting } from "../spool/waiting.js";
import type { CliContext } from "./context.js";

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

/** What may become of a report, in one word; `reason` where it does not simply wait. */
export interface ReportState {
	state: "waiting" | "held" | "local only" | "not allowed" | "never leaves" | "may have left";
	reason: string | null;
}

/** Answers for each report; the decisions are read once. */
export class StateReader {
	private readonly readings = new Map<string, ConsentReading>();
	private readonly store: ConsentStore;
	private readonly policy: SitePolicy;
	private readonly forgotten: ReadonlySet<string>;

	/** @param tried ids of reports that were in a request */
	constructor(
		private readonly context: CliContext,
		private readonly tried: ReadonlySet<string>,
	) {
		const { spool, consent, sitePolicy } = userFolders(context);
		this.forgotten = forgottenRuns(spoolFolders(spool));
		this.store = new ConsentStore(consent);
		this.policy = process.platform === "win32" ? NO_POLICY : readSitePolicy(sitePolicy);
	}

	of({ report, endpoint, grant, hold }: Envelope): ReportState {
		if (this.tried.has(report.id)) return { state: "may have left", reason: null };
		if (this.forgotten.has(report.run_id)) return { state: "never leaves", reason: "forgotten" };
		const circumstances = { env: this.context.client.env, policy: this.policy, reading: this.read(report.project) };
		const decision = maySend({ grant, endpoint, occurredAt: report.occurred_at }, circumstances);
		if (decision.send === "never") return { state: "never leaves", reason: decision.reason };
		if (decision.send === "not_now" && decision.reason === "local") return { state: "local only", reason: null };
		if (decision.send === "not_now") return { state: "not allowed", reason: decision.reason };
		return hold === null ? { state: "waiting", reason: null } : { state: "held", reason: hold };
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
function means(given: string, id: string): boolean {
	return id.startsWith(given) || shortId(id).startsWith(given);
}

/** All that a user can look at: what waits, and what a server refused. */
function* visible(folders: SpoolFolders): Generator<Entry> {
	yield* waiting(folders);
	yield* entries(folders.rejected);
}

const MOST_NAMED = 5;

function onlyOne(given: string, found: readonly Entry[]): Entry {
	const [first] = found;
	if (first === undefined) {
		throw new EtError(
			"ET_REPORT_NOT_FOUND",
			`No report's id begins with "${given}": it was sent, dropped, or never there. Nothing was changed. See: et pending`,
		);
	}
	if (found.length === 1) return first;
	const some = found.slice(0, MOST_NAMED).map(({ envelope }) => `  ${envelope.report.id}`);
	const rest = found.length > MOST_NAMED ? [`  and ${found.length - MOST_NAMED} more`] : [];
	const head = `The ids of ${found.length} reports begin with "${given}". Nothing was changed. Give more of one:`;
	throw new EtError("ET_REPORT_AMBIGUOUS", [head, ...some, ...rest].join("\n"));
}

/** For each id, or beginning of one, the reports that it could mean. */
function matches(folders: SpoolFolders, given: readonly string[]): Entry[][] {
	const wanted = given.map((text) => ({ start: text.trim().toLowerCase(), found: new Map<string, Entry>() }));
	for (const entry of visible(folders)) {
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
 * @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS`
 */
export function findReports(folders: SpoolFolders, given: readonly string[]): Entry[] {
	return matches(folders, given).map((found, index) => onlyOne(given[index] ?? "", found));
}
