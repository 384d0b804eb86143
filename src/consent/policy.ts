/** The administrator's rules for a machine: they stand above what any user decides (docs/policy.md). */
import { readFileSync, statSync } from "node:fs";
import { isOptionalField } from "../report/optional-fields.js";

export interface SitePolicy {
	/** Nothing is recorded and nothing leaves. */
	deny: boolean;
	/** Where alone reports may go; null for anywhere. */
	endpoints: readonly string[] | null;
	/** What is left out of every report, by names of the wire: `platform`, `inputs.NAME`, `data.KEY`. */
	without: readonly string[];
	/** The HTTP proxy that everything the uploader sends goes through; null where the environment says. */
	proxy: string | null;
	/** Why it denies everything where that is not what it says: it can't be understood. Null where it can. */
	problem: string | null;
}

export const NO_POLICY: SitePolicy = { deny: false, endpoints: null, without: [], proxy: null, problem: null };

/** A policy that is there and can't be understood means no, not yes: its administrator wanted something ruled. */
const unclear = (problem: string): SitePolicy => ({ ...NO_POLICY, deny: true, problem });

const isListOf = (value: unknown, isGood: (text: string) => boolean): value is string[] =>
	Array.isArray(value) && value.every((each) => typeof each === "string" && isGood(each));

const isProxy = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);
const isEndpoint = (text: string): boolean => URL.canParse(text);

function parsePolicy(value: unknown): SitePolicy {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return unclear("it is no JSON object");
	const { deny = false, endpoints = null, without = [], proxy = null, ...rest } = value as Record<string, unknown>;
	const [unknown] = Object.keys(rest);
	if (unknown !== undefined) return unclear(`it has the key "${unknown}", which this version does not know`);
	if (typeof deny !== "boolean") return unclear('"deny" is neither true nor false');
	if (endpoints !== null && !isListOf(endpoints, isEndpoint)) return unclear('"endpoints" is no list of addresses');
	if (!isListOf(without, isOptionalField)) return unclear('"without" is no list of fields that may be left out');
	if (proxy !== null && !(typeof proxy === "string" && isProxy(proxy))) {
		return unclear('"proxy" is no address such as http://proxy.example.org:3128');
	}
	const allowed = endpoints?.map((endpoint) => endpoint.replace(/\/+$/, "")) ?? null;
	return { deny, endpoints: allowed, without, proxy, problem: null };
}

/** The site's policy; {@link NO_POLICY} where there is no file. Never throws. */
export function readSitePolicy(path: string): SitePolicy {
	try {
		// Asked first, since it is rarely there, and a script pays 0.1 ms for its first exception.
		if (statSync(path, { throwIfNoEntry: false }) === undefined) return NO_POLICY;
		return parsePolicy(JSON.parse(readFileSync(path, "utf8")));
	} catch {
		return unclear("it can't be read, or is not JSON");
	}
}

/** Whether the policy lets reports for this endpoint be kept and sent. */
export function policyAllows(policy: SitePolicy, endpoint: string): boolean {
	return !policy.deny && (policy.endpoints === null || policy.endpoints.includes(endpoint));
}
