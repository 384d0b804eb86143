/** What every entry of a request's body is asked first, whatever it should be. */
import { MAX_ECHOED_ID_LENGTH } from "../config.js";

export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The id as it was sent, or null where there is none that could be told back. */
export function readId(value: unknown): string | null {
	if (!isObject(value) || typeof value.id !== "string") return null;
	return value.id.length <= MAX_ECHOED_ID_LENGTH ? value.id : null;
}
