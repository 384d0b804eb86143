/** The site's policy in words, for those whom it rules. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { SitePolicy } from "./policy.js";

/** What the policy rules, a line each; none where it rules nothing. */
export function policyLines(policy: SitePolicy, path: string): string[] {
	const { deny, endpoints, without, proxy, problem } = policy;
	const lines: string[] = [];
	if (problem !== null) lines.push(`can't be understood, so nothing is recorded or sent: ${problem}`);
	else if (deny) lines.push("nothing is recorded or sent");
	if (endpoints !== null) lines.push(`only to ${endpoints.length === 0 ? "nowhere" : endpoints.join(", ")}`);
	if (without.length > 0) lines.push(`left out of every report: ${without.join(", ")}`);
	if (proxy !== null) lines.push(`everything is sent through the proxy ${withoutCredentials(proxy)}`);
	if (lines.length === 0) return [];
	const risk = policyRisk(path);
	if (risk !== null) lines.push(`CAREFUL: ${risk}, so somebody else may have written this. It holds all the same.`);
	return [`This machine's administrator rules (${path}):`, ...lines.map((line) => `  ${line}`)];
}

/** The policy as JSON tells it; null where it rules nothing. */
export interface PolicyStatus {
	path: string;
	deny: boolean;
	endpoints: readonly string[] | null;
	without: readonly string[];
	proxy: string | null;
	problem: string | null;
	risk: string | null;
}

export function policyStatus(policy: SitePolicy, path: string): PolicyStatus | null {
	if (policyLines(policy, path).length === 0) return null;
	const proxy = policy.proxy === null ? null : withoutCredentials(policy.proxy);
	return { path, ...policy, proxy, risk: policyRisk(path) };
}

function withoutCredentials(proxy: string): string {
	const url = new URL(proxy);
	return url.username === "" && url.password === "" ? proxy : `${url.protocol}//...@${url.host}`;
}

const WRITABLE_BY_OTHERS = 0o022;
const ROOT = 0;

/** Why somebody who is no administrator could write the policy; null where nobody can, and where there is none. Never throws. */
function policyRisk(path: string): string | null {
	try {
		for (const place of [path, dirname(path)]) {
			const { uid, mode } = statSync(place);
			if (uid !== ROOT) return `${place} is not root's`;
			if ((mode & WRITABLE_BY_OTHERS) !== 0) return `others than root can write ${place}`;
		}
		return null;
	} catch {
		return null;
	}
}
