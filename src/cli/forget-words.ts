/** What was forgotten, and what servers said to it, in words. */
import type { ServerRequest } from "../spool/requests.js";
import type { RemovedTraces } from "../spool/traces.js";
import type { CliContext } from "./context.js";
import type { Fate, Forgotten } from "./forget.js";
import { age, plural } from "./quantities.js";
import { shown } from "./shown.js";
import { type Column, Table } from "./table.js";
import { standardTerminal, type Terminal } from "./terminal.js";

/** What of a spool was removed beside reports, in parts of a sentence. */
export function tracesInWords({ corrupt, unfinished, open, copies, history }: RemovedTraces): string[] {
	const parts: readonly (readonly [count: number, one: string, several: string])[] = [
		[corrupt + unfinished, "file that was no report", "files that were no reports"],
		[open, "marker of runs under way", "markers of runs under way"],
		[copies, "copy of what had left", "copies of what had left"],
		[history, "line of your own history", "lines of your own history"],
	];
	return parts
		.filter(([count]) => count > 0)
		.map(([count, one, several]) => `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`);
}

const SENTENCES: Readonly<Record<Fate, (runs: string) => string>> = {
	asked: (runs) => `${runs}: erasure is asked for at et-uploader's next turn (at once: et-uploader --once).`,
	asked_before: (runs) => `${runs}: erasure was asked for before, and is not yet answered. See: et forget --status`,
	erased_before: (runs) => `${runs}: erased by the server before. See: et forget --status`,
	never_left: (runs) => `${runs}: never left this machine, so there is nothing to ask of a server.`,
	no_key: (runs) => `${runs}: may have left, and no key is here that erases it. Its author can: ask, and name the run.`,
};

/** Pure. */
export function forgottenLines({ runs, removed }: Forgotten): string[] {
	const { waiting, rejected } = removed;
	const parts = waiting + rejected === 0 ? [] : [plural(waiting + rejected, "report")];
	const all = [...parts, ...tracesInWords(removed)];
	const lines = [all.length === 0 ? "Nothing of it was left here." : `Removed here: ${all.join(", ")}.`];
	for (const [fate, sentence] of Object.entries(SENTENCES)) {
		const count = runs.filter((run) => run.fate === fate).length;
		if (count > 0) lines.push(sentence(plural(count, "run")));
	}
	for (const { run_id } of runs.filter(({ fate }) => fate === "no_key")) lines.push(`  ${run_id}`);
	return lines;
}

const RUN_LETTERS = 8;
const UUID_LENGTH = 36;
const ISO_LENGTH = 24;
const RUN_ID_LENGTH = 32;

const columns = ({ isTerminal }: Terminal): readonly Column[] => [
	isTerminal ? { title: "AGE", width: 4, right: true } : { title: "ASKED", width: ISO_LENGTH },
	{ title: "ASKS TO", width: 7 },
	{ title: "RUN", width: isTerminal ? RUN_LETTERS : RUN_ID_LENGTH },
	{ title: "PROJECT", width: 7, grows: 1 },
	{ title: "ANSWER", width: 8 },
	{ title: "RECEIPT", width: UUID_LENGTH },
];

function cells(request: ServerRequest, nowMs: number, { isTerminal }: Terminal): string[] {
	return [
		isTerminal ? age(request.asked_at, nowMs) : request.asked_at,
		request.kind,
		isTerminal ? request.run_id.slice(0, RUN_LETTERS) : request.run_id,
		request.project,
		request.verdict ?? "waits",
		request.receipt ?? "-",
	];
}

/** Prints what was asked of servers, a line each, and what they said. */
export function printRequests({ out, client }: CliContext, requests: readonly ServerRequest[]): void {
	if (requests.length === 0) {
		out.line("Nothing was asked of a server.");
		return;
	}
	const terminal = standardTerminal(client.env);
	const table = new Table(columns(terminal), terminal);
	out.line(table.head());
	for (const request of requests) {
		out.line(table.row(cells(request, client.now().getTime(), terminal)));
		if (request.message !== null) out.line(`  ${shown(request.message)}`);
	}
	const waiting = requests.filter(({ answered_at }) => answered_at === null).length;
	if (waiting > 0)
		out.line(`${plural(waiting, "request")} not yet answered: et-uploader asks again. How it fares: et status`);
}
