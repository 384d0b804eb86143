/** What the uploader is doing, and how its endpoints fare: for people, and as JSON. */
import pidusage from "pidusage";
import { readSitePolicy } from "../src/consent/policy.js";
import { type PolicyStatus, policyLines, policyStatus } from "../src/consent/policy-words.js";
import type { Directories } from "../src/host/directories.js";
import { plainText } from "../src/report/scrub.js";
import { ERASURES_PATH } from "../src/report/wire.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { lostByReason } from "../src/spool/lost.js";
import { markerNames } from "../src/spool/open-runs.js";
import { countReports } from "../src/spool/read.js";
import { corruptFiles } from "../src/spool/remove.js";
import { requestEntries } from "../src/spool/requests.js";
import { type EndpointState, readState, type UploaderState } from "../src/spool/state.js";
import { countWaiting } from "../src/spool/waiting.js";
import { type NewNotice, newNotices } from "./new-notices.js";
import type { Stay } from "./source.js";
import { KEEPERS } from "./summary.js";

/** The daemon's own weight. */
export interface Footprint {
	pid: number;
	rss_bytes: number;
	/** CPU seconds since it began, and how long that is. */
	cpu_s: number;
	elapsed_s: number;
}

export interface Status {
	spool: string;
	/** Null where no uploader of this host runs. */
	uploader: Footprint | null;
	last_looked_at: string | null;
	pending: number;
	/** Runs under way, or not yet found to be gone. */
	open: number;
	/** Requests to erase or redact that wait. */
	requests: number;
	rejected: number;
	/** How many files were set aside, by reason. */
	corrupt: Record<string, number>;
	/** How many reports went that no server has, by project and reason. */
	lost: Record<string, Record<string, number>>;
	/** What the last flush let stay without asking a server, by what keeps it. */
	kept: Record<string, number>;
	/** When the first report leaves that waits for time alone. */
	next_leaves_at: string | null;
	endpoints: Record<string, EndpointState>;
	/** Notices that have changed and wait for an answer. */
	new_notices: NewNotice[];
	/** What this machine's administrator rules; null where that is nothing. */
	site_policy: PolicyStatus | null;
}

const MILLISECONDS = 1000;
/** A process that began later than this after the state named it is another one with the same pid. */
const PID_REUSE_SLACK_MS = 5000;

async function footprint(state: UploaderState, host: string): Promise<Footprint | null> {
	if (state.pid === null || state.host !== host || state.alive_at === null) return null;
	try {
		const { memory, ctime, elapsed, timestamp } = await pidusage(state.pid);
		if (timestamp - elapsed > Date.parse(state.alive_at) + PID_REUSE_SLACK_MS) return null;
		return { pid: state.pid, rss_bytes: memory, cpu_s: ctime / MILLISECONDS, elapsed_s: elapsed / MILLISECONDS };
	} catch {
		return null;
	} finally {
		pidusage.clear();
	}
}

function countBy(names: readonly string[]): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
	return counts;
}

/**
 * @param host `hostHash` of this machine
 * @param directories where the user's decisions are, and the site's policy; not told of where they are not given
 */
export async function readStatus(
	folders: SpoolFolders,
	host: string,
	directories: Pick<Directories, "consent" | "sitePolicy"> | null = null,
): Promise<Status> {
	const { consent, sitePolicy } = directories ?? { consent: null, sitePolicy: null };
	const state = readState(folders);
	const lost = [...lostByReason(folders)].map(([project, reasons]) => [project, Object.fromEntries(reasons)]);
	return {
		spool: folders.root,
		uploader: await footprint(state, host),
		last_looked_at: state.alive_at,
		pending: countWaiting(folders),
		open: markerNames(folders).length,
		requests: requestEntries(folders).filter(({ request }) => request.answered_at === null).length,
		rejected: countReports(folders.rejected).count,
		corrupt: countBy(corruptFiles(folders).map(({ reason }) => reason)),
		lost: Object.fromEntries(lost),
		kept: state.kept,
		next_leaves_at: state.next_leaves_at,
		endpoints: state.endpoints,
		new_notices: consent === null ? [] : newNotices(folders, consent),
		site_policy: sitePolicy === null ? null : policyStatus(readSitePolicy(sitePolicy), sitePolicy),
	};
}

const MEBIBYTE = 1024 * 1024;
const MAX_LINE = 400;

function endpointLines(endpoint: string, state: EndpointState, now: Date): string[] {
	const lines = [`  ${plainText(endpoint, MAX_LINE)}`];
	if (!endpoint.endsWith(ERASURES_PATH)) {
		lines.push(`    delivered ${state.delivered.toLocaleString("en")}, refused ${state.rejected.toLocaleString("en")}`);
	}
	if (state.last_success_at !== null) lines.push(`    last success ${state.last_success_at}`);
	if (state.held !== null) {
		lines.push(`    HELD since ${state.held.at}: ${plainText(state.held.why, MAX_LINE)}`);
		lines.push("    Nothing is lost, and it is tried again by itself.");
		lines.push("    Is the address right, and the network open?");
	} else if (state.failures > 0 && state.last_error !== null) {
		lines.push(`    ${state.failures} failures in a row, the last: ${plainText(state.last_error.why, MAX_LINE)}`);
	}
	if (state.next_at !== null && Date.parse(state.next_at) > now.getTime()) {
		lines.push(`    next try after ${state.next_at} (et-uploader --once --now tries at once)`);
	}
	return lines;
}

function keptLines({ kept, next_leaves_at }: Status): string[] {
	const lines = Object.entries(kept).map(([why, count]) => {
		const words = Object.hasOwn(KEEPERS, why) ? KEEPERS[why as Stay] : plainText(why, MAX_LINE);
		return `  ${count.toLocaleString("en")} stay, since ${words}`;
	});
	return next_leaves_at === null ? lines : [...lines, `  the first of those leaves after ${next_leaves_at}`];
}

function noticeLines({ project, version, agreed_version }: NewNotice): string[] {
	return [
		`New notice of ${plainText(project, MAX_LINE)}: version ${version} waits for your answer (you agreed to ${agreed_version})`,
		`  et explain ${plainText(project, MAX_LINE)} --new`,
	];
}

function ruleLines(policy: PolicyStatus | null): string[] {
	return policyLines(policy).map((line) => (line.startsWith(" ") ? "  " : "") + plainText(line, MAX_LINE));
}

/** The status as text, a line an item. Pure. */
export function statusText(status: Status, now: Date): string {
	const { uploader } = status;
	const lines = [
		uploader === null
			? "Uploader: none runs here (start it: et-uploader; send once: et-uploader --once)"
			: `Uploader: runs as process ${uploader.pid}, ${(uploader.rss_bytes / MEBIBYTE).toFixed(0)} MiB, ` +
				`${uploader.cpu_s.toFixed(1)} s of CPU in ${uploader.elapsed_s.toFixed(0)} s`,
		`Last looked: ${status.last_looked_at ?? "never"}`,
		`Spool: ${status.spool}`,
		`Pending: ${status.pending.toLocaleString("en")}`,
		...keptLines(status),
		...(status.open === 0 ? [] : [`Runs under way: ${status.open.toLocaleString("en")} (et pending names them)`]),
		...(status.requests === 0
			? []
			: [`Requests to erase or redact that wait: ${status.requests.toLocaleString("en")}`]),
		`Refused by a server: ${status.rejected.toLocaleString("en")}${status.rejected > 0 ? " (in rejected/, each with its reason)" : ""}`,
	];
	const corrupt = Object.entries(status.corrupt).map(([reason, count]) => `${count} ${plainText(reason, MAX_LINE)}`);
	lines.push(`No reports, set aside: ${corrupt.length === 0 ? "0" : `${corrupt.join(", ")} (in corrupt/)`}`);
	const lost = Object.entries(status.lost).flatMap(([project, reasons]) =>
		Object.entries(reasons).map(
			([reason, count]) => `  ${plainText(project, MAX_LINE)}: ${count} ${plainText(reason, MAX_LINE)}`,
		),
	);
	lines.push(`Dropped: ${lost.length === 0 ? "0" : ""}`.trim(), ...lost);
	const endpoints = Object.entries(status.endpoints);
	lines.push(endpoints.length === 0 ? "Endpoints: none yet" : "Endpoints:");
	for (const [endpoint, state] of endpoints) lines.push(...endpointLines(endpoint, state, now));
	lines.push(...status.new_notices.flatMap(noticeLines));
	lines.push(...ruleLines(status.site_policy));
	return `${lines.join("\n")}\n`;
}
