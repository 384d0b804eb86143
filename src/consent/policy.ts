/** The administrator's rules for a machine: they stand above what any user decides. */
import { readFileSync, statSync } from "node:fs";

export interface SitePolicy {
	/** Nothing is recorded and nothing leaves. */
	deny: boolean;
	/** Where alone reports may go; null for anywhere. */
	endpoints: readonly string[] | null;
}

export const NO_POLICY: SitePolicy = { deny: false, endpoints: null };
/** A policy that is there and can't be understood means no, not yes. */
const UNREADABLE_POLICY: SitePolicy = { deny: true, endpoints: null };

function parsePolicy(value: unknown): SitePolicy {
	if (typeof value !== "object" || value === null) return UNREADABLE_POLICY;
	const { deny = false, endpoints = null } = value as Record<string, unknown>;
	if (typeof deny !== "boolean") return UNREADABLE_POLICY;
	if (endpoints === null) return { deny, endpoints };
	if (!Array.isArray(endpoints) || !endpoints.every((e) => typeof e === "string")) return UNREADABLE_POLICY;
	return { deny, endpoints: endpoints.map((endpoint: string) => endpoint.replace(/\/+$/, "")) };
}

/** The site's policy; {@link NO_POLICY} where there is no file. Never throws. */
export function readSitePolicy(path: string): SitePolicy {
	try {
		// Asked first, since it is rarely there, and a script pays 0.1 ms for its first exception.
		if (statSync(path, { throwIfNoEntry: false }) === undefined) return NO_POLICY;
		return parsePolicy(JSON.parse(readFileSync(path, "utf8")));
	} catch {
		return UNREADABLE_POLICY;
	}
}

/** Whether the policy lets reports for this endpoint be kept and sent. */
export function policyAllows(policy: SitePolicy, endpoint: string): boolean {
	return !policy.deny && (policy.endpoints === null || policy.endpoints.includes(endpoint));
}
