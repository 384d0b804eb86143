/** What administrators and tokens may be called. */
import { MAX_LABEL_LENGTH } from "../../report/limits.js";

/** What is not seen, or acts on the text around it. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** The name as it is kept; undefined for what is none. */
export function toName(given: string): string | undefined {
	const name = given.normalize("NFKC").trim();
	return name === "" || name.length > MAX_LABEL_LENGTH || HIDDEN.test(name) ? undefined : name;
}

export const NAME_RULE = `A name has 1 to ${MAX_LABEL_LENGTH} characters, all of them visible.`;
