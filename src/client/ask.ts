/** `askConsent()` as a script has it at hand: what it takes to ask is loaded when it is called (tools/bundle.mjs). */
import { type AskConsentOptions, type AskConsentResult, askConsentIn } from "./ask-consent.js";
import { systemContext } from "./context.js";

/**
 * Asks the person at the terminal whether reports of this project may be sent: once, with one key, and only where there
 * is a person to ask. Whatever the answer, it is remembered, and the question does not come again.
 *
 * Synchronous. Never throws, and prints nothing but its question. It asks nobody in a pipe, in CI, in a batch job, in
 * Galaxy or a workflow, where a decision exists, and where DO_NOT_TRACK, ET_DISABLED or the site's policy rule; and
 * nothing is written without an answer.
 *
 * @example
 * askConsent({ manifest: new URL("./et.json", import.meta.url) });
 */
export function askConsent(options: AskConsentOptions): AskConsentResult {
	try {
		return askConsentIn(systemContext(), options);
	} catch {
		// The file that holds the question is not there.
		return { status: "not_asked", reason: "internal_error" };
	}
}
