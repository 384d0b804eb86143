/** What was thrown in this process, reduced like a traceback. */
import type { ExceptionInput } from "../types.js";
import { parseTraceback } from "./parse.js";

function nameOf(error: Error): string {
	const given = typeof error.name === "string" && error.name !== "" ? error.name : "Error";
	const ofClass = typeof error.constructor === "function" ? error.constructor.name : "";
	return given === "Error" && ofClass !== "" ? ofClass : given;
}

/** The stack's frames: the message stands before them, and may hold lines that look like some. */
function framesOf(error: Error): string {
	const stack = typeof error.stack === "string" ? error.stack : "";
	const at = stack.indexOf(error.message);
	return at === -1 || error.message === "" ? stack : stack.slice(at + error.message.length);
}

/** Never throws, though what was thrown may. */
export function thrownException(error: unknown, project?: string): ExceptionInput | null {
	if (error === undefined || error === null) return null;
	try {
		if (!(error instanceof Error)) return { type: typeof error, frames: [] };
		const parsed = parseTraceback(framesOf(error), { language: "node", ...(project === undefined ? {} : { project }) });
		const { cause } = error;
		const frames = parsed?.frames ?? [];
		const inner =
			frames.length === 0 && cause instanceof Error && cause !== error ? thrownException(cause, project) : null;
		return { type: nameOf(error), frames: inner?.frames ?? frames };
	} catch {
		return { type: "Error", frames: [] };
	}
}
