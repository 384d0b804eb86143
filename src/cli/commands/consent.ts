/** `et consent`: what a user decides about a project. */

import { askConsentIn } from "../../client/ask-consent.js";
import { deny, grant, withdraw } from "../../consent/change.js";
import { type ConsentRecord, NO_REVIEW } from "../../consent/record.js";
import { ConsentStore } from "../../consent/store.js";
import { ERASE_KEY_BYTES, eraseKey } from "../../report/ids.js";
import type { Manifest } from "../../report/manifest.js";
import { waiting } from "../../spool/waiting.js";
import { agrees } from "../ask.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import {
	chosenFields,
	type FieldChoice,
	isNarrower,
	NOTHING_TAKEN,
	takenOutLines,
	takeOut,
} from "../consent-fields.js";
import {
	type ProjectStatus,
	RULINGS,
	rulingOver,
	sitePolicyLines,
	sitePolicyStatus,
	statusLines,
	statusOf,
} from "../consent-status.js";
import { agreedManifest, findTarget, knownTarget, type Target } from "../consent-target.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { changesText, noticeText } from "../notice.js";
import { plural } from "../quantities.js";
import {
	heldLines,
	holdWaiting,
	NOTHING_HELD,
	REVIEW_OPTIONS,
	type ReviewOptions,
	reviewAskedFor,
} from "../review-options.js";
import { say } from "../say.js";
import { shown } from "../shown.js";
import { openSpool, userFolders } from "../spool-view.js";
import { alsoForget, offerLines, takeBack, takenBackLines, wantsToForget } from "../take-back.js";
import { canAsk, standardTerminal } from "../terminal.js";
import { settleNotice, waitingNotice } from "../waiting-notice.js";

const options = {
	manifest: { value: "FILE", help: "the author's et.json (default: ./et.json, where it is the project's)" },
	yes: { short: "y", help: "agree without being asked; needed where there is no terminal" },
	without: {
		value: "FIELDS",
		help: "leave these out, too, separated by commas (platform, inputs.NAME, data.KEY); '' leaves out none",
	},
	with: { value: "FIELDS", help: "put these back that were left out" },
	forget: { help: "with deny and withdraw: have what has left erased by its servers, too" },
	...REVIEW_OPTIONS,
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "consent",
	summary: "decide what is recorded and sent for a project",
	usage: [
		"grant|local PROJECT|FILE [--manifest FILE] [--without FIELDS] [--with FIELDS] [--yes] [--json]",
		"grant PROJECT|FILE [--delay TIME] [--approve | --no-approve] [--yes] [--json]",
		"deny|withdraw PROJECT [--forget] [--json]",
		"ask [FILE] [--json]",
		"[status] [PROJECT] [--json]",
	],
	details: [
		"Nothing is recorded before you decide, and then what your decision says:",
		" grant     reports are kept, and et-uploader sends them",
		" local     reports are kept for your own eyes and never sent",
		" deny      nothing is recorded, also where a script is called with --phone-home",
		" withdraw  as if you had never agreed; the next grant is a new one",
		" ask       for an author's script: asks the person at the terminal, once, with",
		"           one key; where nobody may be asked it says nothing. Ends with 0",
		"           where the project is granted, and with 3 where it is not",
		"A grant is for the notice in the author's et.json, which is shown first. When the author changes it, you are asked anew: grant says what has changed, and until you answer only what both notices cover is kept. To deny or withdraw removes what waits, held or not, says what has left and what is in a request without an answer, and offers to have it erased (et forget).",
		"What you leave out with --without is in no later report, also not under a script's own --phone-home, and is taken out of what waits; it counts as not given, never as zero. To leave out more of what you have granted, you are not asked again.",
	],
	options,
	examples: [
		["et consent grant dunovo/et.json", "read the notice, and answer"],
		["et consent grant dunovo --without platform,exception", "the rest, but not these"],
		["et consent grant dunovo --delay 2d", "have two days to look at each report before it leaves"],
		["et consent grant dunovo --approve", "let nothing leave that you have not approved"],
		["et consent withdraw dunovo", "take it back, and remove what waits"],
		["et consent", "what you have decided so far"],
	],
	exitCodes: ["ok", "failed", "usage", "notConsented"],
} as const satisfies CommandSpec<typeof options>;

interface Request {
	context: CliContext;
	store: ConsentStore;
	target: Target;
	yes: boolean;
	json: boolean;
	forget: boolean;
	fields: FieldChoice;
	review: ReviewOptions;
}

function formerRecord({ store, target }: Request): ConsentRecord | null {
	const reading = store.read(target.project);
	return reading.state === "decided" ? reading.record : null;
}

const QUESTIONS = {
	granted: "Keep such reports and send them?",
	local: "Keep such reports on this machine, and send none?",
} as const;

/**
 * What is decided on: the manifest that was named or lies here, else the notice that waits, else what was agreed to. Who
 * chooses fields chooses them of what was agreed to.
 */
function noticeTarget(
	{ context, target, fields }: Request,
	former: ConsentRecord | null,
): Target & { manifest: Manifest } {
	const choosesFields = fields.without !== undefined || fields.with !== undefined;
	const note = choosesFields ? null : waitingNotice(context, target.project, former);
	const known = target.manifest === null ? knownTarget(target, former, note) : target;
	if (known.manifest !== null) return { ...known, manifest: known.manifest };
	throw usageError(
		spec.name,
		`What would you agree to? Name the path of ${target.project}'s et.json, which its author ships beside the script: et consent grant PATH/et.json.`,
	);
}

/** What was kept for its user's eyes alone leaves under the grant that follows: said before that is given. */
function keptLines(
	{ context }: Request,
	notice: Manifest,
	former: ConsentRecord | null,
	mode: keyof typeof QUESTIONS,
): string {
	if (mode !== "granted" || former?.mode !== "local" || former.grant?.endpoint !== notice.endpoint) return "";
	const { id } = former.grant;
	let count = 0;
	for (const { envelope } of waiting(openSpool(context))) {
		if (envelope.grant === id && envelope.report.project === notice.project) count++;
	}
	if (count === 0) return "";
	return `${plural(count, "report")} that you kept for yourself will leave, too: et pending, et drop\n`;
}

/** How consent was given, or null where it was not. @throws EtError `ET_USAGE` where nobody can be asked */
function asked(
	request: Request,
	notice: Manifest,
	former: ConsentRecord | null,
	mode: keyof typeof QUESTIONS,
	without: readonly string[],
): string | null {
	const { err, client } = request.context;
	const terminal = { ...standardTerminal(client.env), isTerminal: true };
	const agreed = agreedManifest(former);
	const changes = agreed === null ? "" : changesText(agreed, notice, terminal);
	const kept = keptLines(request, notice, former, mode);
	if (request.yes) {
		err.write(`${changes}${kept}`);
		return "flag --yes";
	}
	if (!canAsk()) {
		throw usageError(spec.name, "There is no terminal to ask you at. If you agree to the notice, say so with --yes.");
	}
	err.write(`${noticeText(notice, terminal)}\n`);
	if (changes !== "") err.write(`${changes}\n`);
	if (without.length > 0) err.line(`Of these, you leave out: ${without.map(shown).join(", ")}\n`);
	if (kept !== "") err.write(`${kept}\n`);
	return agrees(err, QUESTIONS[mode]) ? "terminal" : null;
}

function agree(request: Request, mode: keyof typeof QUESTIONS): number {
	const { context } = request;
	const former = formerRecord(request);
	const { manifest, source } = noticeTarget(request, former);
	const without = chosenFields(former?.grant?.without ?? [], request.fields, manifest);
	const review = reviewAskedFor(request.review, former?.grant?.review ?? NO_REVIEW);
	if (review === undefined && former !== null && isNarrower(former, manifest, mode, without)) {
		return agreed(request, { ...former, grant: { ...former.grant, without } }, manifest);
	}
	const how = asked(request, manifest, former, mode, without);
	if (how === null) {
		context.err.line("Nothing was changed. et consent deny says no for good.");
		return EXIT_CODES.notConsented;
	}
	const { now, random } = context.client;
	const change = { now: now(), how, source, without, ...(review === undefined ? {} : { review }) };
	return agreed(request, grant(manifest, mode, former, eraseKey(random(ERASE_KEY_BYTES)), change), manifest);
}

/** Keeps a decision, holds what is to be approved, takes what it leaves out from what waits, and says so. */
function agreed(request: Request, record: ConsentRecord, manifest: Manifest): number {
	const { context, store, json } = request;
	store.write(record);
	if (waitingNotice(context, record.project, record) === null) settleNotice(context, record.project);
	const held = record.grant?.review.approve ? holdWaiting(context, record.project) : NOTHING_HELD;
	const without = record.grant?.without ?? [];
	const taken = without.length === 0 ? NOTHING_TAKEN : takeOut(context, openSpool(context), record.project, without);
	const status = statusOf(context, record.project, manifest);
	if (json) {
		const taken_out = { reports: taken.redacted.length, may_have_left: taken.mayHaveLeft };
		const for_approval = { held: held.changed, may_have_left: held.mayHaveLeft };
		context.out.line(JSON.stringify({ ...status, taken_out, for_approval }));
		return EXIT_CODES.ok;
	}
	printStatus(request, status);
	say(context, [...heldLines(held), ...takenOutLines(taken)]);
	return EXIT_CODES.ok;
}

function printStatus({ context, json }: Request, status: ProjectStatus): void {
	if (json) {
		context.out.line(JSON.stringify(status));
		return;
	}
	for (const line of statusLines(status)) context.out.line(line);
	printRulings(context, status.ruled_out_by);
}

function printRulings(context: CliContext, ruledOutBy: ProjectStatus["ruled_out_by"]): void {
	if (ruledOutBy !== null) context.out.line(RULINGS[ruledOutBy]);
	for (const line of sitePolicyLines(context)) context.out.line(line);
}

/** The decision comes first: whatever happens to the reports then, none leaves any more. */
function refuse(request: Request, decide: typeof deny): number {
	const { context, store, target, json } = request;
	const { project } = target;
	store.write(decide({ project, now: context.client.now(), how: "command line" }));
	const folders = openSpool(context);
	const taken = takeBack(context, folders, project);
	settleNotice(context, project);
	const status = statusOf(context, project, target.manifest);
	if (!json) say(context, [...statusLines(status), ...takenBackLines(project, taken)]);
	const forgets = request.forget || (!json && wantsToForget(context, taken));
	const done = forgets ? alsoForget(context, folders, project, taken) : taken;
	if (json) context.out.line(JSON.stringify({ ...status, ...done }));
	else say(context, offerLines(project, done));
	return EXIT_CODES.ok;
}

function status(request: Request): number {
	printStatus(request, statusOf(request.context, request.target.project, request.target.manifest));
	return EXIT_CODES.ok;
}

function allStatus(context: CliContext, store: ConsentStore, json: boolean): number {
	const statuses = store.projects().map((project) => statusOf(context, project, null));
	const ruling = rulingOver(context, null);
	if (json) {
		const site_policy = sitePolicyStatus(context);
		context.out.line(JSON.stringify({ projects: statuses, ruled_out_by: ruling, site_policy }));
		return EXIT_CODES.ok;
	}
	for (const line of statuses.flatMap(statusLines)) context.out.line(line);
	if (statuses.length === 0) context.out.line("You have decided about no project, so nothing is recorded.");
	printRulings(context, ruling);
	return EXIT_CODES.ok;
}

const ACTIONS: Readonly<Record<string, (request: Request) => number>> = {
	grant: (request) => agree(request, "granted"),
	local: (request) => agree(request, "local"),
	deny: (request) => refuse(request, deny),
	withdraw: (request) => refuse(request, withdraw),
	status,
};

/** The author's question, for scripts in shells. Says nothing where it may not ask; whether it is granted is the exit code. */
function ask(context: CliContext, manifest: string, json: boolean): number {
	const result = askConsentIn(context.client, { manifest });
	if (json) context.out.line(JSON.stringify(result));
	const isGranted = result.status === "answered" ? result.answer === "yes" : result.reason === "granted";
	return isGranted ? EXIT_CODES.ok : EXIT_CODES.notConsented;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [action = "status", name, surplus] = positionals;
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	if (action === "ask") return ask(context, given.manifest ?? name ?? "et.json", given.json);
	const act = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
	if (act === undefined) {
		throw usageError(
			spec.name,
			`There is no decision "${action}": it is ${[...Object.keys(ACTIONS), "ask"].join(", ")}.`,
		);
	}
	const store = new ConsentStore(userFolders(context).consent);
	if (action === "status" && name === undefined && given.manifest === undefined) {
		return allStatus(context, store, given.json);
	}
	if (given.forget && action !== "deny" && action !== "withdraw") {
		throw usageError(spec.name, "--forget goes with deny and withdraw.");
	}
	const target = findTarget(spec.name, name, given.manifest, ".");
	const fields = { without: given.without, with: given.with };
	const { yes, json, forget } = given;
	return act({ context, store, target, yes, json, forget, fields, review: given });
}
