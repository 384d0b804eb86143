/** The site's policy in words, for those whom it rules. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { SitePolicy } from "./policy.js";

/** The policy as it is told; credentials of a proxy are not. */
export interface PolicyStatus {
	path: string;
	deny: boolean;
	endpoints: readonly string[] | null;
	without: readonly string[];
	proxy: string | null;
	/** Why it can't be understood; null where it can. */
	problem: string | null;
	/** Why somebody who is no administrator may have written it; null where nobody could. */
	risk: string | null;
}

/** @returns null where the policy rules nothing. Never throws */
export function policyStatus(policy: SitePolicy, path: string): PolicyStatus | null {
	const { deny, endpoints, without, proxy } = policy;
	if (!deny && endpoints === null && without.length === 0 && proxy === null) return null;
	return { path, ...policy, proxy: proxy === null ? null : withoutCredentials(proxy), risk: policyRisk(path) };
}

/** What the policy rules, a line each; none where it rules nothing. */
export function policyLines(status: PolicyStatus | null): string[] {
	if (status === null) return [];
	const { path, deny, endpoints, without, proxy, problem, risk } = status;
	const lines = [`This machine's administrator rules (${path}):`];
	if (problem !== null) lines.push("  can't be understood, so nothing is recorded or sent:", `  ${problem}`);
	else if (deny) lines.push("  nothing is recorded or sent");
	if (endpoints !== null) lines.push(`  only to ${endpoints.length === 0 ? "nowhere" : endpoints.join(", ")}`);
	if (without.length > 0) lines.push(`  left out of every report: ${without.join(", ")}`);
	if (proxy !== null) lines.push(`  everything is sent through the proxy ${proxy}`);
	if (risk !== null) lines.push(`  CAREFUL: ${risk}.`, "  Somebody else may have written this; it holds all the same.");
	return lines;
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
