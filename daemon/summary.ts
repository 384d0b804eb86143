/** What a round has to say to people: a line or a few. Pure. */
import { plainText } from "../src/report/scrub.js";
import type { FlushSummary } from "./flush.js";
import type { Stay } from "./source.js";
import type { RoundResult } from "./uploader.js";

const reports = (count: number): string => `${count.toLocaleString("en")} ${count === 1 ? "report" : "reports"}`;

const runs = (count: number): string => `${count.toLocaleString("en")} ${count === 1 ? "run" : "runs"}`;

/** What keeps reports that no server was asked about, for people. */
export const KEEPERS: Record<Stay, string> = {
	held: "your word is awaited (et release, et approve)",
	not_approved: "your word is awaited (et approve)",
	review_delay: "you want time to look at them",
	local: "you keep them for your own eyes",
	no_decision: "there is no consent to send them",
	notice_changed: "your consent is for another endpoint",
	denied: "you denied it",
	withdrawn: "you withdrew your consent",
	consent_unreadable: "what you consented to can't be read",
	do_not_track: "DO_NOT_TRACK is set",
	et_disabled: "ET_DISABLED is set",
	site_policy: "the policy of this machine does not allow it",
};

const MAX_LENGTH = 400;
const plain = (text: string): string => plainText(text, MAX_LENGTH);

/** Whether a round did anything that a log should tell. */
export function isNews(result: RoundResult): boolean {
	if (result.kind !== "flushed") return false;
	const { delivered, rejected, corrupt, lost, vanished, requests, failed } = result.summary;
	return vanished + delivered + rejected + corrupt + lost + requests.done + requests.refused + failed.length > 0;
}

const requestCount = (count: number): string => `${count.toLocaleString("en")} ${count === 1 ? "request" : "requests"}`;

function requestLines({ done, refused, kept }: FlushSummary["requests"]): string[] {
	const lines: string[] = [];
	if (done > 0) lines.push(`Answered: ${requestCount(done)} to erase or redact (et forget shows the receipts).`);
	if (refused > 0) lines.push(`Refused: ${requestCount(refused)} to erase or redact (et forget says why).`);
	for (const [stay, count] of kept) {
		lines.push(`Not asked: ${requestCount(count)} to erase or redact, since ${KEEPERS[stay]}.`);
	}
	return lines;
}

export function summaryText(result: RoundResult): string {
	if (result.kind === "busy") return "Another uploader is at work on this spool.";
	if (result.kind === "no_spool") return "Nothing waits: nothing was ever recorded here.";
	const { delivered, rejected, corrupt, lost, kept, folded, vanished, requests, failed, notDue } = result.summary;
	const lines = [`Delivered ${reports(delivered)}.`];
	if (vanished > 0) lines.push(`Gone without an end: ${runs(vanished)}, now reported as vanished.`);
	if (rejected > 0)
		lines.push(`Refused by their server: ${reports(rejected)} (kept in rejected/, each with its reason).`);
	if (corrupt > 0) lines.push(`No reports: ${corrupt} files (kept in corrupt/, the reason is in the name).`);
	if (lost > 0) lines.push(`Dropped: ${reports(lost)} (et-uploader status says why).`);
	for (const [stay, count] of kept) lines.push(`Not sent: ${reports(count)}, since ${KEEPERS[stay]}.`);
	lines.push(...requestLines(requests));
	for (const { endpoint, why } of failed) {
		lines.push(`Not delivered to ${plain(endpoint)}: ${plain(why)}. Nothing is lost; it is tried again later.`);
	}
	if (folded > 0) lines.push(`Folded ${reports(folded)} that still wait into fewer files.`);
	for (const endpoint of notDue) {
		lines.push(`Not tried: ${plain(endpoint)} is backing off after a failure (--now tries it).`);
	}
	return lines.join("\n");
}
