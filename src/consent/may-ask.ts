/**
 * May a request to erase or redact be sent? It takes back what has left, so that no consent is needed for it, and none
 * that was taken back stands in its way; DO_NOT_TRACK asks for no less. What turns off all of ET's traffic, or names
 * the only places where any may go, holds for it too. Pure.
 */
import { environmentRefusal } from "./environment.js";
import { policyAllows, type SitePolicy } from "./policy.js";

/** Why a request waits that no server was asked. */
export type AskRefusal = "et_disabled" | "site_policy";

/** @returns null where it may be sent */
export function askRefusal(endpoint: string, env: NodeJS.ProcessEnv, policy: SitePolicy): AskRefusal | null {
	if (!policyAllows(policy, endpoint)) return "site_policy";
	return environmentRefusal({ ET_DISABLED: env["ET_DISABLED"] }) === null ? null : "et_disabled";
}
