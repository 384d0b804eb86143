/** `et sent`: what has left, when, where to, and what was said to it. */
import { readdirSync, rmSync } from "node:fs";
import { makeFolder } from "../../document/durable.js";
import { EtError } from "../../errors.js";
import { keepsCopies, keptLines, MOST_KEPT_BYTES } from "../../spool/kept.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { makeFolders } from "../../spool/put.js";
import { type CommandSpec, type OptionValues, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { limitOf, timeOf } from "../filters.js";
import { age, byteCount, plural } from "../quantities.js";
import { answerOf, type SentReport, sentReports } from "../sent-log.js";
import { shownJson } from "../shown.js";
import { openSpool, shortId } from "../spool-view.js";
import { type Column, Table } from "../table.js";
import { standardTerminal, styled, type Terminal } from "../terminal.js";

const options = {
	project: { value: "NAME", help: "only this project's" },
	run: { value: "RUN", help: "only this run's: its id, or the beginning of it" },
	since: { value: "WHEN", help: "only what left since then: a date (2026-01-31), or an age (12h, 7d)" },
	limit: { value: "N", help: "only the last N" },
	keep: {
		value: "on|off",
		help: "keep the exact bytes of what leaves from now on, or keep none and remove what was kept",
	},
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "sent",
	summary: "list what has left this machine, and what servers said to it",
	usage: ["[--project NAME] [--run RUN] [--since WHEN] [--limit N] [--json]", "ID", "--keep on|off [--json]"],
	details: [
		"One line a report, by the time at which it was last in a request. ANSWER is its server's:",
		" accepted, duplicate  it has the report",
		" erased               it was told before to erase the run",
		" rejected             it refuses the report, which is in rejected/",
		" later                it did not take it then; the report waits",
		" may have left        in a request without an answer: nobody here can tell",
		" ..., then erased     et forget has had it erased since",
		" ..., erasing         et forget asked for that, and no answer came yet",
		"The log is written before each request, holds ids and no content, and is bounded to 32 MiB: the oldest goes. With --keep on the uploader keeps the bytes of what it delivers, too, up to 64 MiB in your spool; et sent ID then prints exactly what left. et forget and et consent withdraw remove copies, too.",
	],
	options,
	examples: [
		["et sent --since 7d", "what left in the last week"],
		["et sent --keep on", "keep copies from now on"],
		["et sent 4f1c2b | sha256sum", "the bytes that left, of a report that was kept"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

type Given = OptionValues<typeof options>;

function wanted(context: CliContext, folders: SpoolFolders, { project, run = "", since, limit }: Given): SentReport[] {
	const sinceMs = timeOf(spec.name, "since", since, context.client.now().getTime());
	const most = limitOf(spec.name, limit);
	const found = sentReports(folders).filter(
		(report) =>
			(project === undefined || report.project === project) &&
			report.run_id.startsWith(run.trim().toLowerCase()) &&
			(sinceMs === null || Date.parse(report.at) >= sinceMs),
	);
	return found.slice(-Math.min(most, found.length));
}

const UUID_LENGTH = 36;
const ISO_LENGTH = 24;
const RUN_ID_LENGTH = 32;

/** 80 columns on a terminal, with the gaps between; in a pipe nothing is short. */
const columns = ({ isTerminal }: Terminal): readonly Column[] => [
	{ title: "ID", width: isTerminal ? 12 : UUID_LENGTH },
	isTerminal ? { title: "AGE", width: 4, right: true } : { title: "TIME", width: ISO_LENGTH },
	{ title: "RUN", width: isTerminal ? 8 : RUN_ID_LENGTH },
	{ title: "PROJECT", width: 8, grows: 1 },
	{ title: "EVENT", width: 8 },
	{ title: "ANSWER", width: 13 },
	{ title: "TO", width: 15, grows: 2 },
];

function cells(report: SentReport, nowMs: number, { isTerminal }: Terminal): string[] {
	const { id, at, run_id, project, event, endpoint } = report;
	return [
		isTerminal ? shortId(id) : id,
		isTerminal ? age(at, nowMs) : at,
		run_id,
		project,
		event,
		answerOf(report),
		isTerminal ? endpoint.replace(/^https?:\/\//, "") : endpoint,
	];
}

function summary(folders: SpoolFolders, reports: readonly SentReport[]): string[] {
	const unknown = reports.filter(({ verdict }) => verdict === null).length;
	const kept = keepsCopies(folders) ? "kept" : "not kept (--keep on)";
	const maybe = unknown === 0 ? "" : `, of which ${unknown.toLocaleString("en-US")} may have left and may not`;
	const count = reports.length === 0 ? "Nothing is known to have left" : `${plural(reports.length, "report")}${maybe}`;
	return [`${count}. Exact bytes are ${kept}.`];
}

function list(context: CliContext, folders: SpoolFolders, given: Given): number {
	const { out, client } = context;
	const reports = wanted(context, folders, given);
	if (given.json) {
		out.line(JSON.stringify({ reports, keeps_copies: keepsCopies(folders) }));
		return EXIT_CODES.ok;
	}
	const terminal = standardTerminal(client.env);
	const table = new Table(columns(terminal), terminal);
	if (reports.length > 0) out.line(table.head());
	for (const report of reports) out.line(table.row(cells(report, client.now().getTime(), terminal)));
	for (const line of summary(folders, reports)) out.line(styled(terminal, "dim", line));
	return EXIT_CODES.ok;
}

/** The copy that an id means. @throws EtError `ET_REPORT_NOT_FOUND` or `ET_REPORT_AMBIGUOUS` */
function copyOf(folders: SpoolFolders, given: string): string {
	const start = given.trim().toLowerCase();
	const means = (id: string): boolean => start !== "" && (id.startsWith(start) || shortId(id).startsWith(start));
	const found = new Map<string, string>();
	for (const { id, text } of keptLines(folders)) if (means(id) && !found.has(id)) found.set(id, text);
	const [text] = found.values();
	if (text !== undefined && found.size === 1) return text;
	if (found.size > 1) {
		throw new EtError(
			"ET_REPORT_AMBIGUOUS",
			`The ids of ${found.size} copies begin with "${given}". Give more of one.`,
		);
	}
	const left = sentReports(folders).some(({ id }) => means(id));
	const why = left ? "It left, and its bytes were not kept" : "No such report is known to have left";
	throw new EtError(
		"ET_REPORT_NOT_FOUND",
		`There is no copy of "${given}". ${why}. To keep copies of what leaves from now on: et sent --keep on`,
	);
}

function print({ out, client }: CliContext, text: string): number {
	if (standardTerminal(client.env).isTerminal) out.line(shownJson(text));
	else out.write(text);
	return EXIT_CODES.ok;
}

/** The folder is the switch: the uploader keeps copies where it is. */
function keep({ out }: CliContext, folders: SpoolFolders, { keep: word, json }: Given): number {
	if (word !== "on" && word !== "off") throw usageError(spec.name, `--keep is on or off, not "${word}".`);
	const removed = word === "off" && keepsCopies(folders) ? readdirSync(folders.kept).length : 0;
	if (word === "on") {
		makeFolders(folders);
		makeFolder(folders.kept);
	} else {
		rmSync(folders.kept, { recursive: true, force: true });
	}
	const on = `From now on the exact bytes of what is delivered are kept, up to ${byteCount(MOST_KEPT_BYTES)}: ${folders.kept}`;
	const off = removed > 0 ? "No copies are kept, and what was kept is removed." : "No copies are kept.";
	out.line(json ? JSON.stringify({ keeps_copies: word === "on" }) : word === "on" ? on : off);
	return EXIT_CODES.ok;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [id, surplus] = positionals;
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	const filters = [given.project, given.run, given.since, given.limit].some((value) => value !== undefined);
	if (filters && (id !== undefined || given.keep !== undefined)) {
		throw usageError(spec.name, "--project, --run, --since and --limit are for the list.");
	}
	if (id !== undefined && given.keep !== undefined) throw usageError(spec.name, "Either ID, or --keep.");
	const folders = openSpool(context);
	if (given.keep !== undefined) return keep(context, folders, given);
	return id === undefined ? list(context, folders, given) : print(context, copyOf(folders, id));
}
