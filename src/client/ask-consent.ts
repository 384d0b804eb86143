/**
 * The author's question to the person before the terminal: asked once for a project and a version of its notice, answered
 * with one key, and remembered. Loaded when it is called (tools/bundle.mjs), so that it costs no other script anything.
 */
import { accessSync, constants, existsSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readAsked, writeAsked } from "../consent/asked.js";
import { deny, grant } from "../consent/change.js";
import { awaitsAnswer } from "../consent/covered.js";
import { type EnvironmentRefusal, environmentRefusal } from "../consent/environment.js";
import { NO_POLICY, policyAllows, readSitePolicy } from "../consent/policy.js";
import type { ConsentRecord } from "../consent/record.js";
import { ConsentStore } from "../consent/store.js";
import { EtError } from "../errors.js";
import type { Directories } from "../host/directories.js";
import { keystroke, signalGroup } from "../host/keystroke.js";
import { isInForeground } from "../host/terminal.js";
import { type Attendant, attendantOf } from "../host/unattended.js";
import { NEVER_COLLECTED } from "../report/fields.js";
import { ERASE_KEY_BYTES, eraseKey } from "../report/ids.js";
import { ANY_KEY, type Manifest } from "../report/manifest.js";
import { plainText } from "../report/scrub.js";
import type { ClientContext } from "./context.js";
import { loadManifest, type ManifestSource, readManifestFile } from "./manifest-file.js";

export interface AskConsentOptions {
	/** The author's et.json: its path, its file URL, or its content. */
	manifest: ManifestSource;
}

/** Why nobody was asked. */
export type NotAsked =
	/** The user has agreed to this notice, or to a newer one. */
	| "granted"
	/** The user has decided otherwise. */
	| "decided"
	/** The user was asked about this version of the notice, or a newer one, and did not agree. */
	| "asked_before"
	| "consent_unreadable"
	| "site_policy"
	| EnvironmentRefusal
	/** In CI, a batch job, Galaxy, or a workflow. */
	| Attendant
	/** Standard input or standard error is no terminal, or the process is in the background. */
	| "no_terminal"
	/** The person was typing something else. */
	| "typed_ahead"
	/** Ctrl-C, or the terminal went away. */
	| "interrupted"
	/** The answer could not be kept, so that the question would come again. */
	| "unwritable"
	| "no_home"
	| "invalid_manifest"
	| "internal_error";

export type AskConsentResult =
	| { status: "answered"; answer: "yes" | "no" | "not_now" }
	| { status: "not_asked"; reason: NotAsked };

/** What the question needs, once it may be asked. */
interface Question {
	context: ClientContext;
	folders: Directories;
	source: ManifestSource;
	manifest: Manifest;
	former: ConsentRecord | null;
}

/** Only a grant for an older notice leaves something to ask; any other decision stands, and an older script asks nothing. */
function decisionOn(manifest: Manifest, record: ConsentRecord | null): NotAsked | null {
	if (record === null) return null;
	if (record.mode !== "granted" || record.grant === null) return "decided";
	return awaitsAnswer(record.grant, manifest) ? null : "granted";
}

function ruling(manifest: Manifest, { env }: ClientContext, { sitePolicy }: Directories): NotAsked | null {
	const policy = process.platform === "win32" ? NO_POLICY : readSitePolicy(sitePolicy);
	return policyAllows(policy, manifest.endpoint) ? environmentRefusal(env) : "site_policy";
}

const STDIN = 0;
const STDERR = 2;

function hasPerson(): boolean {
	const { isatty } = process.getBuiltinModule("node:tty");
	return isatty(STDIN) && isatty(STDERR) && isInForeground();
}

/** Whether a decision could be written; nothing is, to find out. */
function isWritable(folder: string): boolean {
	let place = folder;
	while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
	try {
		accessSync(place, constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

/** Why the person may not be asked; null where they may. In the order in which a reason says most to an author. */
function whyNot({ context, folders, manifest, former }: Question): NotAsked | null {
	const ruled = ruling(manifest, context, folders) ?? decisionOn(manifest, former);
	if (ruled !== null) return ruled;
	const asked = readAsked(folders.consent, manifest.project);
	if (asked !== null && asked.notice >= manifest.notice.version) return "asked_before";
	const attendant = attendantOf(context.env);
	if (attendant !== null) return attendant;
	if (!hasPerson()) return "no_terminal";
	return isWritable(folders.consent) ? null : "unwritable";
}

const LINE_COLUMNS = 76;
const MOST_PURPOSE = 2 * LINE_COLUMNS;
const MOST_DECLARED = 2 * LINE_COLUMNS;

const cut = (text: string, most: number): string => {
	const plain = plainText(text, most + 1);
	return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
};

const indented = (text: string): string => text.replace(/(.{1,76})(?:\s+|$)/gu, "  $1\n");

function whatIsCollected({ inputs, data }: Manifest): string {
	const sizes = Object.keys(inputs).map((name) => `size of ${name}`);
	const keys = Object.keys(data).map((key) => (key === ANY_KEY ? "whatever else the script gives" : key));
	return cut(
		["run time", "CPU time", "memory", "platform", "outcome", "place of an error", ...sizes, ...keys].join(", "),
		MOST_DECLARED,
	);
}

/** How `et explain` is told which notice. */
function explained({ source, manifest }: Question): string {
	if (typeof source === "object" && !(source instanceof URL)) return manifest.project;
	const path = cut(source instanceof URL ? fileURLToPath(source) : source, MOST_DECLARED);
	return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function questionText(question: Question): string {
	const { manifest, former } = question;
	const { project, endpoint, notice } = manifest;
	const asks = former === null ? "asks to send" : "has changed its notice and asks anew to send";
	return [
		`${project} ${asks} reports of its runs:\n`,
		indented(cut(notice.purpose, MOST_PURPOSE)),
		indented(`To: ${cut(endpoint, MOST_DECLARED)}`),
		indented(`Sent: ${whatIsCollected(manifest)}.`),
		indented(`Never: ${NEVER_COLLECTED}.`),
		`The whole notice: et explain ${explained(question)}\n`,
		"Send them? y: yes   n: no   any other key: not now ",
	].join("");
}

const ANSWERS = { yes: "yes\n", no: "no\n", not_now: "not now\n" } as const;

type Answer = keyof typeof ANSWERS;

/** @throws the system's error where there is no terminal after all */
function answerTo(question: Question): Answer | Extract<NotAsked, "typed_ahead" | "interrupted"> {
	let isAsked = false;
	const reading = keystroke(() => {
		writeSync(STDERR, questionText(question));
		isAsked = true;
	});
	if (reading.kind === "typed_ahead") return "typed_ahead";
	if (reading.kind === "key") {
		const answer: Answer = /^y$/i.test(reading.key) ? "yes" : /^n$/i.test(reading.key) ? "no" : "not_now";
		writeSync(STDERR, ANSWERS[answer]);
		return answer;
	}
	if (isAsked) writeSync(STDERR, "\n");
	if (reading.kind === "signal") signalGroup(reading.signal);
	return "interrupted";
}

/** How a decision says that it was given here. */
const HOW = "question of the script";

/**
 * Yes is a grant. No is a no to the project, but where there is a grant for an older notice: that stands, and this one
 * is not asked about again. Anything else is no decision.
 */
function keep({ context, folders, source, manifest, former }: Question, answer: Answer): void {
	const store = new ConsentStore(folders.consent);
	const now = context.now();
	if (answer === "yes") {
		const id = eraseKey(context.random(ERASE_KEY_BYTES));
		const { text } = readManifestFile(source);
		store.write(grant(manifest, "granted", former, id, { now, how: HOW, source: text }));
	} else if (answer === "no" && former === null) {
		store.write(deny({ project: manifest.project, now, how: HOW }));
	} else {
		const { project, notice } = manifest;
		writeAsked(folders.consent, { et: 1, project, notice: notice.version, answer, at: now.toISOString() });
	}
}

const notAsked = (reason: NotAsked): AskConsentResult => ({ status: "not_asked", reason });

function ask(context: ClientContext, { manifest: source }: AskConsentOptions): AskConsentResult {
	const manifest = loadManifest(source);
	const { folders } = context;
	if (folders === null) return notAsked("no_home");
	const reading = new ConsentStore(folders.consent).read(manifest.project);
	if (reading.state === "unreadable") return notAsked("consent_unreadable");
	const former = reading.state === "decided" ? reading.record : null;
	const question = { context, folders, source, manifest, former };
	const reason = whyNot(question);
	if (reason !== null) return notAsked(reason);
	const answer = answerTo(question);
	if (!Object.hasOwn(ANSWERS, answer)) return notAsked(answer as NotAsked);
	keep(question, answer as Answer);
	return { status: "answered", answer: answer as Answer };
}

/** {@link askConsent} on a given machine. */
export function askConsentIn(context: ClientContext, options: AskConsentOptions): AskConsentResult {
	try {
		return ask(context, options);
	} catch (error) {
		const code = error instanceof EtError ? error.code : null;
		if (code === "ET_CONSENT_UNWRITABLE") return notAsked("unwritable");
		return notAsked(code?.startsWith("ET_MANIFEST") === true ? "invalid_manifest" : "internal_error");
	}
}
