/** `et show`: a report, exactly as it would leave. */
import { triedIds } from "../../spool/journal.js";
import type { Entry } from "../../spool/read.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { shownJson } from "../shown.js";
import { findReports, openSpool, type ReportState, StateReader } from "../spool-view.js";
import { standardTerminal } from "../terminal.js";

const options = {
	json: { help: "as it is: what is printed is JSON in any case" },
	pretty: { help: "indented, for people; the same content" },
	envelope: { help: "with what stays here: where it may go, under which notice and grant, and the key that erases it" },
} as const;

export const spec = {
	name: "show",
	summary: "print a report exactly as it would be sent",
	usage: ["ID [--pretty] [--envelope] [--json]"],
	details: [
		"ID is an id as et pending prints it, or the beginning of one that means one report alone. What is printed is made by the code that sends, without what you or the site's policy leave out: in a pipe, byte for byte what leaves; on a terminal the same with a line end, and with characters that a terminal would obey written as JSON's \\u escapes.",
		"ID may also be that of a run under way (et pending --json): then it is what is reported if the run is never heard of again, as far as it is known by now.",
	],
	options,
	examples: [
		["et show 4f1c2b --pretty", "read what would leave"],
		["et show 4f1c2b | sha256sum", "the bytes themselves"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

const INDENT = 2;

function textOf(entry: Entry, leaving: string, pretty: boolean, withEnvelope: boolean): string {
	if (!pretty && !withEnvelope) return leaving;
	const report: unknown = JSON.parse(leaving);
	return JSON.stringify(withEnvelope ? { ...entry.envelope, report } : report, null, pretty ? INDENT : 0);
}

/** What its user would else wonder about: said beside the report, and never in a pipe. Pure. */
function whyItStays({ state, reason, leaves_at }: ReportState): string[] {
	if (state === "delayed")
		return [`It leaves after ${leaves_at ?? "a time that can't be told"}: et approve lets it go now.`];
	if (state !== "held") return [];
	return [reason === "approve" ? "It leaves once you approve it: et approve." : "It is held: et release lets it go."];
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [id, surplus] = positionals;
	if (id === undefined) throw usageError(spec.name, "Which report? Give its id, as et pending prints it.");
	if (surplus !== undefined) throw usageError(spec.name, `One report at a time: "${surplus}" is one word too many.`);
	const folders = openSpool(context);
	const found = findReports(folders, [id], true);
	const states = new StateReader(context, triedIds(folders));
	const text = found.map((entry) => textOf(entry, states.leaving(entry), given.pretty, given.envelope)).join("");
	if (standardTerminal(context.client.env).isTerminal) {
		context.out.line(shownJson(text));
		for (const entry of found) for (const line of whyItStays(states.of(entry))) context.err.line(line);
	} else context.out.write(given.pretty ? `${text}\n` : text);
	return EXIT_CODES.ok;
}
