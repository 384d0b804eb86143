/** A question to a person at a terminal. */
import type { Output } from "./output.js";
import { readLine } from "./stdin.js";

/** Whether the answer is yes; no answer is no. */
export function agrees(err: Output, question: string): boolean {
	err.write(`${question} [y/N] `);
	return /^\s*y(?:es)?\s*$/i.test(readLine());
}
