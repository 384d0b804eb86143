/** `et forget`: what has left is to be erased, and nothing of it is to stay here. */

import type { SpoolFolders } from "../../spool/layout.js";
import { requestEntries } from "../../spool/requests.js";
import type { Scope } from "../../spool/traces.js";
import { agrees } from "../ask.js";
import { type CommandSpec, type OptionValues, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { everyRun, forget } from "../forget.js";
import { forgottenLines, printRequests } from "../forget-words.js";
import { findRuns, type KnownRun, knownRuns } from "../known-runs.js";
import { plural } from "../quantities.js";
import { say } from "../say.js";
import { openSpool } from "../spool-view.js";
import { canAsk } from "../terminal.js";

const options = {
	project: { value: "NAME", help: "every run of this project" },
	all: { help: "every run" },
	status: { help: "list what was asked of servers, and their receipts" },
	yes: { short: "y", help: "with --project or --all: without being asked; needed where there is no terminal" },
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "forget",
	summary: "erase runs, here and on the servers that have them",
	usage: ["RUN... [--json]", "--project NAME|--all [--yes] [--json]", "[--status] [--project NAME] [--json]"],
	details: [
		"RUN is the id of a run or of one of its reports, as et sent and et pending print it, or the beginning of one that means one run alone.",
		"First everything of it that is here goes: reports that wait, also held and refused ones, files that were no reports, markers, copies of what had left. Then its servers are asked to erase it, with the run's erase key, which only you hold. The request waits like a report until it is answered, offline too, and is never dropped; et-uploader sends it, and needs no consent for it. The server's receipt is yours to quote. What a script that still runs leaves of a forgotten run is dropped.",
		"A run that never left needs no request. The log of what left (et sent) stays, and says what was erased; et purge removes that, too.",
	],
	options,
	examples: [
		["et forget 4f1c2b", "one run"],
		["et forget --project dunovo", "all that dunovo's author ever got of you"],
		["et forget", "what was asked, and the receipts"],
	],
	exitCodes: ["ok", "failed", "usage", "notFound"],
} as const satisfies CommandSpec<typeof options>;

type Given = OptionValues<typeof options>;

function status(context: CliContext, folders: SpoolFolders, { project, json }: Given): number {
	const requests = requestEntries(folders)
		.map(({ request }) => request)
		.filter((request) => project === undefined || request.project === project);
	if (json) {
		const withoutKeys = requests.map(({ key: _secret, ...request }) => request);
		context.out.line(JSON.stringify({ requests: withoutKeys }));
	} else {
		printRequests(context, requests);
	}
	return EXIT_CODES.ok;
}

interface Wanted {
	runs: KnownRun[];
	scope: Scope;
}

function wanted(folders: SpoolFolders, ids: readonly string[], { project }: Given): Wanted {
	if (ids.length === 0) return everyRun(folders, project ?? null);
	const runs = [...new Set(findRuns(knownRuns(folders), ids))];
	return { runs, scope: { runs: new Set(runs.map(({ runId }) => runId)), project: null, all: false } };
}

/** @throws EtError `ET_USAGE` where nobody can be asked */
function isAgreed({ err }: CliContext, { runs }: Wanted, { project }: Given): boolean {
	if (!canAsk()) {
		throw usageError(
			spec.name,
			"There is no terminal to ask you at. If all of it shall be forgotten, say so with --yes.",
		);
	}
	const left = runs.filter(({ mayHaveLeft }) => mayHaveLeft).length;
	const of = project === undefined ? "" : ` of ${project}`;
	return agrees(
		err,
		`Forget ${plural(runs.length, "run")}${of}, of which ${left.toLocaleString("en-US")} may have left?`,
	);
}

/** @throws EtError `ET_USAGE` */
function checkUsage(given: Given, ids: readonly string[]): void {
	const ways = [ids.length > 0, given.project !== undefined, given.all].filter(Boolean).length;
	if (given.status && (ids.length > 0 || given.all)) throw usageError(spec.name, "--status goes with --project alone.");
	if (ways > 1) throw usageError(spec.name, "Name runs, or give --project, or --all: one of these.");
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals: ids } = parseCommandLine(spec, argv);
	checkUsage(given, ids);
	const folders = openSpool(context);
	const isStatus = given.status || (ids.length === 0 && given.project === undefined && !given.all);
	if (isStatus) return status(context, folders, given);
	const found = wanted(folders, ids, given);
	if (ids.length === 0 && !given.yes && !isAgreed(context, found, given)) {
		context.err.line("Nothing was forgotten.");
		return EXIT_CODES.ok;
	}
	const done = forget(context, folders, found.runs, found.scope);
	if (given.json) context.out.line(JSON.stringify(done));
	else say(context, forgottenLines(done));
	return EXIT_CODES.ok;
}
