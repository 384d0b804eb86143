/** `et pending`: what waits, a line a report, in the order of time. */

import type { Envelope } from "../../spool/envelope.js";
import { triedIds } from "../../spool/journal.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { lostByReason } from "../../spool/lost.js";
import { countReports, type Entry } from "../../spool/read.js";
import { corruptFiles } from "../../spool/remove.js";
import { countWaiting } from "../../spool/waiting.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { FILTER_OPTIONS, parseFilter } from "../filters.js";
import { type Listed, type Listing, list, openRunLines, printPendingJson } from "../pending-list.js";
import { age, byteCount, plural } from "../quantities.js";
import { shown } from "../shown.js";
import { openSpool, type ReportState, StateReader, shortId } from "../spool-view.js";
import { type Column, Table } from "../table.js";
import { standardTerminal, styled, type Terminal } from "../terminal.js";

const options = {
	...FILTER_OPTIONS,
	json: { help: "one JSON document, with everything" },
} as const;

export const spec = {
	name: "pending",
	summary: "list the reports that wait in your spool",
	usage: ["[FILTER...] [--limit N] [--json]"],
	details: [
		"One line a report, oldest first. On a terminal the id is short and what is too long is cut; in a pipe nothing is. STATE is what may become of the report:",
		" waiting        et-uploader sends it at its next turn",
		" held           it waits for your word: et release, or et approve",
		" delayed        you want time to look at it; et show says when it leaves",
		" local only     you keep this project's reports for yourself",
		" not allowed    ruled out now: by the site's policy, DO_NOT_TRACK, ET_DISABLED,",
		"                a changed notice, or a decision that is not there or unreadable",
		" never leaves   you took back its consent; et-uploader removes it",
		" may have left  it was in a request that was not answered for it",
	],
	options,
	examples: [
		["et pending", "what waits"],
		["et pending --state held --since 2d", "what you held of the last two days"],
		["et pending --json | jq '.reports[].command'", "the same for programs"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

const UUID_LENGTH = 36;
const ISO_LENGTH = 24;

/** 80 columns on a terminal, with the gaps between; in a pipe ids are whole, and times too. */
const columns = ({ isTerminal }: Terminal): readonly Column[] => [
	{ title: "ID", width: isTerminal ? 12 : UUID_LENGTH },
	isTerminal ? { title: "AGE", width: 4, right: true } : { title: "TIME", width: ISO_LENGTH },
	{ title: "PROJECT", width: 10, grows: 1 },
	{ title: "COMMAND", width: 12, grows: 2 },
	{ title: "EVENT", width: 11 },
	{ title: "BYTES", width: 6, right: true },
	{ title: "STATE", width: 13 },
];

function eventOf({ event, outcome }: Envelope["report"]): string {
	// That nothing is known of its end is what "vanished" says.
	const isSaid = outcome === null || outcome === undefined || (event === "vanished" && outcome === "unknown");
	return isSaid ? event : `${event} ${outcome}`;
}

function cells(entry: Entry, state: ReportState, nowMs: number, { isTerminal }: Terminal): string[] {
	const { report } = entry.envelope;
	return [
		isTerminal ? shortId(report.id) : report.id,
		isTerminal ? age(report.occurred_at, nowMs) : report.occurred_at,
		report.project,
		typeof report.command === "string" ? report.command : "-",
		eventOf(report),
		String(Buffer.byteLength(entry.text)),
		state.state,
	];
}

/** So many are named. */
const MOST_OPEN = 5;

/** Runs that have not ended: each leaves a report if it is killed. */
function openLines(folders: SpoolFolders): string[] {
	const runs = openRunLines(folders);
	if (runs.length === 0) return [];
	const named = runs.slice(-MOST_OPEN).map(({ id, project, command, seen_at }) => {
		const what = command === null ? project : `${command} of ${project}`;
		return `  ${shown(what)}, last seen ${seen_at}: et show ${shortId(id)}`;
	});
	const more = runs.length > MOST_OPEN ? [`  and ${runs.length - MOST_OPEN} more`] : [];
	return [`${plural(runs.length, "run")} under way, or not yet found to be gone:`, ...named, ...more];
}

/** What is not in the list and yet the user's to know: refused, unreadable, dropped. */
function asides(folders: SpoolFolders): string[] {
	const rejected = countReports(folders.rejected).count;
	const corrupt = corruptFiles(folders).length;
	const lines = openLines(folders);
	if (rejected > 0) lines.push(`${plural(rejected, "report")} refused by a server: ${folders.rejected}`);
	if (corrupt > 0) lines.push(`${plural(corrupt, "file")} that can't be a report: ${folders.corrupt}`);
	for (const [project, reasons] of lostByReason(folders)) {
		const parts = [...reasons].map(([reason, count]) => `${count} ${reason.replaceAll("_", " ")}`);
		lines.push(`Dropped of ${project} so far: ${parts.join(", ")}`);
	}
	return lines;
}

function summary({ folders, filter }: Listing, { count, bytes, byState, isCut }: Listed): string[] {
	const states = [...byState].map(([state, number]) => `${number} ${state}`).join(", ");
	const total = isCut ? ` of ${countWaiting(folders)} in the spool` : "";
	const waits =
		count === 0
			? `No ${filter.narrows ? "such " : ""}report waits.`
			: `${plural(count, "report")}${total}, ${byteCount(bytes)} on disk: ${states}.`;
	return [waits, ...asides(folders)];
}

function printTable(listing: Listing): void {
	const { out, client } = listing.context;
	const terminal = standardTerminal(client.env);
	const table = new Table(columns(terminal), terminal);
	const nowMs = client.now().getTime();
	let isFirst = true;
	const listed = list(listing, (entry, state) => {
		if (isFirst) out.line(table.head());
		isFirst = false;
		out.line(table.row(cells(entry, state, nowMs, terminal)));
	});
	for (const line of summary(listing, listed)) out.line(styled(terminal, "dim", line));
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	const folders = openSpool(context);
	const states = new StateReader(context, triedIds(folders));
	const listing = { context, folders, states, filter: parseFilter(spec.name, given, context.client.now().getTime()) };
	if (given.json) printPendingJson(listing);
	else printTable(listing);
	return EXIT_CODES.ok;
}
