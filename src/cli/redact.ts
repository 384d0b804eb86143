/**
 * Takes fields out of one report, wherever it is by now: out of what waits here, and by a request to each server that
 * may have it. First the change, then the look into the journal, then the requests.
 */
import { FIELD_WORDS } from "../report/fields.js";
import { runIdOf } from "../report/ids.js";
import { isOptionalField, OPTIONAL_FIELDS } from "../report/optional-fields.js";
import type { Verdict } from "../report/wire.js";
import type { Envelope } from "../spool/envelope.js";
import { type JournalReport, journalLines, keyLines } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import { type RedactedTraces, type Redaction, redactedReport, redactTraces } from "../spool/redacted.js";
import { requestEntries, type ServerRequest } from "../spool/requests.js";
import { type WaitingEntry, waiting } from "../spool/waiting.js";
import { changeWaiting, type Find } from "./change-waiting.js";
import { usageError } from "./command.js";
import type { CliContext } from "./context.js";
import { ownWriter } from "./identity.js";
import { askServer } from "./server-request.js";
import { nearest } from "./suggest.js";

/** What became of the report where it may have left. */
export type ServerFate =
	/** Its servers are asked to take the fields out. */
	| "asked"
	/** They were asked before, for all these fields, and have not answered yet. */
	| "asked_before"
	/** They have taken these fields out before. */
	| "redacted_before"
	/** No server has it: it was in no request, or refused, or erased. */
	| "nowhere"
	/** A server may have it, and nothing here entitles to the request. */
	| "no_key";

export interface Redacted {
	report_id: string;
	fields: readonly string[];
	/** Whether it waited here, and was replaced without the fields. */
	taken_out: boolean;
	/** Whether it still waits here. */
	waits: boolean;
	/** What else of it was here, and is without the fields now. */
	elsewhere: RedactedTraces;
	may_have_left: boolean;
	/** Whether it was also carried away in a file (`et export`), which still holds the fields. */
	exported: boolean;
	server: ServerFate;
}

/** @throws EtError `ET_USAGE` where one is no field that a report can be without */
export function checkFields(command: string, fields: readonly string[]): void {
	for (const field of fields) {
		if (isOptionalField(field)) continue;
		if (Object.hasOwn(FIELD_WORDS, field)) {
			throw usageError(command, `"${field}" can't be taken out: without it a report can't be placed or counted.`);
		}
		const suggestion = nearest(field, OPTIONAL_FIELDS);
		const hint =
			suggestion === null ? "It is a field of et show, or inputs.NAME, or data.KEY." : `Did you mean ${suggestion}?`;
		throw usageError(command, `A report has no field "${field}". ${hint}`);
	}
}

/** Where one report went, by the journal. */
interface Way {
	report: JournalReport | null;
	/** Servers that it was sent to, with what each has said of it; null where it said nothing. */
	servers: Map<string, Verdict | null>;
	exported: boolean;
}

/** What a server has said that has the report, whatever it says of a copy that was sent once more. */
const HAS_IT: readonly (Verdict | null)[] = ["accepted", "duplicate"];

/** Places of the journal that are no servers. */
const EXPORT = "export";

function wayOf(folders: SpoolFolders, id: string): Way {
	const way: Way = { report: null, servers: new Map(), exported: false };
	const hasIt = (endpoint: string): boolean => HAS_IT.includes(way.servers.get(endpoint) ?? null);
	for (const line of journalLines(folders)) {
		if ("tried" in line) {
			const report = line.tried.find((each) => each.id === id);
			if (report === undefined) continue;
			way.report = report;
			if (line.endpoint === EXPORT) way.exported = true;
			else if (!hasIt(line.endpoint)) way.servers.set(line.endpoint, null);
		} else {
			const verdict = line.verdicts[id];
			if (verdict === undefined || !way.servers.has(line.endpoint)) continue;
			if (verdict === "erased" || !hasIt(line.endpoint)) way.servers.set(line.endpoint, verdict);
		}
	}
	return way;
}

/** Erase keys of a run, by endpoint: written down before it was sent, or in what waits of it. */
function keysOf(folders: SpoolFolders, runId: string, found: readonly Envelope[]): Map<string, string> {
	const keys = new Map<string, string>();
	const add = (endpoint: string, key: string | null) => {
		if (key !== null && runIdOf(key) === runId) keys.set(endpoint, key);
	};
	for (const { endpoint, erase_key, report } of found) if (report.run_id === runId) add(endpoint, erase_key);
	for (const { run_id, endpoint, key } of keyLines(folders)) if (run_id === runId) add(endpoint, key);
	return keys;
}

const HAS_IT_NOT: readonly (Verdict | null)[] = ["rejected", "erased"];

/** What was asked of a server about a report before, by field. */
function askedBefore(folders: SpoolFolders, id: string, endpoint: string): { done: Set<string>; open: Set<string> } {
	const before = { done: new Set<string>(), open: new Set<string>() };
	for (const { request } of requestEntries(folders)) {
		if (request.kind !== "redact" || request.report_id !== id || request.endpoint !== endpoint) continue;
		if (request.answered_at === null) for (const field of request.fields) before.open.add(field);
		else if (request.verdict === "redacted") for (const field of request.fields) before.done.add(field);
	}
	return before;
}

/** Asks one server, unless it was asked for all of this before. */
function askOnce(
	context: CliContext,
	folders: SpoolFolders,
	{ id, fields }: Redaction,
	run: Pick<ServerRequest, "endpoint" | "project" | "run_id" | "key">,
): ServerFate {
	const { done, open } = askedBefore(folders, id, run.endpoint);
	if (fields.every((field) => done.has(field))) return "redacted_before";
	if (fields.every((field) => done.has(field) || open.has(field))) return "asked_before";
	askServer(context, folders, { kind: "redact", ...run, report_id: id, fields: [...fields] });
	return "asked";
}

/** Of several servers', what its user has to know first. */
const FATES: readonly ServerFate[] = ["no_key", "asked", "asked_before", "redacted_before"];

function askServers(
	context: CliContext,
	folders: SpoolFolders,
	wish: Redaction,
	way: Way,
	found: readonly Envelope[],
): ServerFate {
	if (way.report === null) return "nowhere";
	const { run_id, project } = way.report;
	const keys = keysOf(folders, run_id, found);
	const servers = [...way.servers].filter(([, verdict]) => !HAS_IT_NOT.includes(verdict)).map(([endpoint]) => endpoint);
	// What was carried away goes to the endpoint of its manifest, which its key was written down with.
	const endpoints = new Set(way.exported ? [...servers, ...keys.keys()] : servers);
	if (way.exported && endpoints.size === 0) return "no_key";
	const [anyKey] = keys.values();
	const fates = [...endpoints].map((endpoint): ServerFate => {
		const key = keys.get(endpoint) ?? anyKey;
		return key === undefined ? "no_key" : askOnce(context, folders, wish, { endpoint, project, run_id, key });
	});
	return FATES.find((fate) => fates.includes(fate)) ?? "nowhere";
}

/**
 * @param find copies of the report that wait; @defaultValue all that there are
 * @throws the system's error, or EtError `ET_SPOOL_BUSY`; the same command, called again, goes on from there
 */
export function redact(
	context: CliContext,
	folders: SpoolFolders,
	wish: Redaction,
	find: Find = () => copiesOf(folders, wish.id),
): Redacted {
	const found: Envelope[] = [];
	const change = changeWaiting(context, folders, find, ({ envelope }) => {
		found.push(envelope);
		const report = redactedReport(envelope.report, wish.fields);
		return report === null ? null : { ...envelope, report };
	});
	const way = wayOf(folders, wish.id);
	const server = askServers(context, folders, wish, way, found);
	// What an uploader delivers at this moment it may write down after this: the same command takes that out, too.
	const elsewhere = redactTraces(folders, ownWriter(context), wish);
	return {
		report_id: wish.id,
		fields: wish.fields,
		taken_out: change.changed.length > 0,
		waits: change.changed.length + change.unchanged.length > 0,
		elsewhere,
		may_have_left: way.report !== null,
		exported: way.exported,
		server,
	};
}

function* copiesOf(folders: SpoolFolders, id: string): Generator<WaitingEntry> {
	for (const entry of waiting(folders)) if (entry.envelope.report.id === id) yield entry;
}

const ON_SERVERS: Readonly<Record<ServerFate, string | null>> = {
	asked:
		"Its server is asked to take it out, too, at et-uploader's next turn (at once: et-uploader --once). How it fares: et forget --status",
	asked_before: "Its server was asked before to take it out, and has not answered yet. See: et forget --status",
	redacted_before: "Its server has taken it out before. See: et forget --status",
	nowhere: null,
	no_key:
		"No key is here that entitles to taking it out on a server: it was sent without one, or the key is gone. Its author can: ask, and name the report.",
};

/** What was done here. */
function hereLines({ fields, taken_out, waits, elsewhere }: Redacted): string[] {
	const what = fields.join(", ");
	const { rejected, copies, history } = elsewhere;
	const lines: string[] = [];
	if (taken_out || rejected > 0) lines.push(`Taken out: ${what}.`);
	else if (waits) lines.push(`There was nothing to take out here: what waits says nothing of ${what}.`);
	else lines.push(`It waits here no more, so there was nothing to take out of it here: ${what}.`);
	if (history > 0) lines.push("Your own history says nothing of it any more.");
	if (copies > 0) lines.push("The copy of it that was kept as it left is removed.");
	return lines;
}

/** What was done, in words. Pure. */
export function redactedLines(done: Redacted): string[] {
	const { waits, may_have_left, exported, server } = done;
	const lines = hereLines(done);
	if (!may_have_left) return lines;
	lines.push(waits ? "It may have left before, as it was." : "It has left, or may have.");
	const onServers = ON_SERVERS[server];
	if (onServers === null) lines.push("No server has it: it was refused, or erased.");
	else lines.push(onServers);
	if (exported) lines.push("A file of et export that holds it holds it as it was.");
	return lines;
}
