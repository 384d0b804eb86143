/** What was decided about projects, and what rules above it, in words and as JSON. */

import { type Asked, readAsked } from "../consent/asked.js";
import { noticeDigest } from "../consent/change.js";
import { awaitsAnswer } from "../consent/covered.js";
import { environmentRefusal } from "../consent/environment.js";
import { NO_POLICY, policyAllows, readSitePolicy, type SitePolicy } from "../consent/policy.js";
import { type PolicyStatus, policyLines, policyStatus } from "../consent/policy-words.js";
import { type ConsentRecord, NO_REVIEW, type Review } from "../consent/record.js";
import { type ConsentReading, ConsentStore } from "../consent/store.js";
import type { Manifest } from "../report/manifest.js";
import type { CliContext } from "./context.js";
import { reviewLines } from "./review-options.js";
import { shown } from "./shown.js";
import { userFolders } from "./spool-view.js";
import { waitingNotice } from "./waiting-notice.js";

export interface ProjectStatus {
	project: string;
	mode: "granted" | "local" | "denied" | "withdrawn" | "none" | "unreadable";
	since: string | null;
	how: string | null;
	endpoint: string | null;
	notice: { version: number; digest: string } | null;
	/** Whether the author's notice has changed since; null where there is no manifest to tell. */
	notice_changed: boolean | null;
	/** The notice that waits for an answer. */
	new_notice: { version: number; digest: string } | null;
	/** What the user leaves out of reports. */
	without: readonly string[];
	review: Review;
	/** What rules above the decision: nothing is recorded or sent. */
	ruled_out_by: "site_policy" | "do_not_track" | "et_disabled" | null;
	/** Why a decision can't be read. */
	why: string | null;
	/** What a script asked, and was not told to decide; null where none did. */
	asked: Pick<Asked, "notice" | "answer" | "at"> | null;
	/** What the machine's administrator rules; null where that is nothing. */
	site_policy: PolicyStatus | null;
}

/** What a decision alone says; the rest is said of every project alike. */
type Decided = Omit<ProjectStatus, "ruled_out_by" | "site_policy" | "asked">;

function sitePolicyOf(context: CliContext): { policy: SitePolicy; path: string } {
	const { sitePolicy: path } = userFolders(context);
	return { policy: process.platform === "win32" ? NO_POLICY : readSitePolicy(path), path };
}

/** What the machine's administrator rules, in words; none where that is nothing. */
export function sitePolicyLines(context: CliContext): string[] {
	return policyLines(sitePolicyStatus(context)).map(shown);
}

export function sitePolicyStatus(context: CliContext): PolicyStatus | null {
	const { policy, path } = sitePolicyOf(context);
	return policyStatus(policy, path);
}

/** What rules above every decision about an endpoint; about any, where none is known. */
export function rulingOver(context: CliContext, endpoint: string | null): ProjectStatus["ruled_out_by"] {
	const { policy } = sitePolicyOf(context);
	const isAllowed = endpoint === null ? !policy.deny : policyAllows(policy, endpoint);
	return isAllowed ? environmentRefusal(context.client.env) : "site_policy";
}

function undecided(project: string, reading: ConsentReading): Decided {
	const isUnreadable = reading.state === "unreadable";
	const mode = isUnreadable ? "unreadable" : "none";
	const why = isUnreadable ? reading.why : null;
	const nothing = { since: null, how: null, endpoint: null, notice: null, notice_changed: null, new_notice: null };
	return { project, mode, ...nothing, without: [], review: NO_REVIEW, why };
}

/** What a project's scripts declare by now, where it is not what was agreed to. */
function noticeSince(context: CliContext, record: ConsentRecord, manifest: Manifest | null) {
	const { project, grant } = record;
	const present = manifest ?? waitingNotice(context, project, record)?.manifest ?? null;
	if (grant === null || present === null) return { notice_changed: null, new_notice: null };
	const digest = noticeDigest(present);
	const isNew = awaitsAnswer(grant, present);
	return {
		notice_changed: grant.notice.digest !== digest,
		new_notice: isNew ? { version: present.notice.version, digest } : null,
	};
}

function askedOf(context: CliContext, project: string): ProjectStatus["asked"] {
	const asked = readAsked(userFolders(context).consent, project);
	return asked === null ? null : { notice: asked.notice, answer: asked.answer, at: asked.at };
}

/** @param manifest the author's, where it is at hand */
export function statusOf(context: CliContext, project: string, manifest: Manifest | null): ProjectStatus {
	const reading = new ConsentStore(userFolders(context).consent).read(project);
	const around = { asked: askedOf(context, project), site_policy: sitePolicyStatus(context) };
	if (reading.state !== "decided") {
		const ruled_out_by = rulingOver(context, manifest?.endpoint ?? null);
		return { ...undecided(project, reading), ruled_out_by, ...around };
	}
	const { mode, since, how, grant } = reading.record;
	const endpoint = grant?.endpoint ?? null;
	return {
		project,
		mode,
		since,
		how,
		endpoint,
		notice: grant?.notice ?? null,
		...noticeSince(context, reading.record, manifest),
		without: grant?.without ?? [],
		review: grant?.review ?? NO_REVIEW,
		ruled_out_by: rulingOver(context, endpoint ?? manifest?.endpoint ?? null),
		why: null,
		...around,
	};
}

export const RULINGS: Readonly<Record<NonNullable<ProjectStatus["ruled_out_by"]>, string>> = {
	site_policy: "This machine's administrator rules that nothing is recorded or sent there.",
	do_not_track: "DO_NOT_TRACK is set: while it is, nothing is recorded and nothing is sent.",
	et_disabled: "ET_DISABLED is set: while it is, nothing is recorded and nothing is sent.",
};

const MODES: Readonly<Record<ProjectStatus["mode"], string>> = {
	granted: "granted: reports are kept and sent",
	local: "local: reports are kept for you and never sent",
	denied: "denied: nothing is recorded",
	withdrawn: "withdrawn: nothing is recorded",
	none: "no decision: nothing is recorded",
	unreadable: "the decision can't be read: nothing is recorded or sent",
};

/** What is kept while a notice is not the agreed one. */
function changedLines({ project, notice_changed, new_notice }: ProjectStatus): string[] {
	const meanwhile = "  only what both versions cover is kept, as you agreed to it.";
	if (new_notice !== null) {
		return [
			`  Version ${new_notice.version} of the notice waits for your answer. Until you give one,`,
			meanwhile,
			`  What has changed: et consent grant ${shown(project)}`,
		];
	}
	return notice_changed === true ? ["  That et.json is older than the one that you agreed to:", meanwhile] : [];
}

function askedLines({ asked, mode, notice }: ProjectStatus): string[] {
	if (asked === null || (mode !== "none" && asked.notice <= (notice?.version ?? asked.notice))) return [];
	const answer = asked.answer === "no" ? "no" : "not now";
	return [`  you were asked about notice version ${asked.notice} at ${shown(asked.at)}, and said ${answer}`];
}

/** A few lines about one project. */
export function statusLines(status: ProjectStatus): string[] {
	const { project, mode, since, how, endpoint, notice, why } = status;
	const lines = [`${shown(project)}: ${MODES[mode]}${why === null ? "" : ` (${shown(why)})`}`];
	if (since !== null) lines.push(`  since ${shown(since)}, by ${shown(how ?? "unknown")}`);
	if (endpoint !== null) lines.push(`  to ${shown(endpoint)}, notice version ${notice?.version}`);
	if (status.without.length > 0) lines.push(`  leaves out: ${status.without.map(shown).join(", ")}`);
	return [...lines, ...reviewLines(status.review), ...askedLines(status), ...changedLines(status)];
}
