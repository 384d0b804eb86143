/** Sentences for people, in lines that the place where they go can show. */
import type { CliContext } from "./context.js";
import { standardTerminal, textWidth, wrapped } from "./terminal.js";

const INDENT = /^ */;

/** Says each line as it is, or in several where it is too long for a terminal; those keep its indent. */
export function say({ out, client }: CliContext, lines: readonly string[]): void {
	const { width } = standardTerminal(client.env);
	for (const line of lines) {
		const indent = INDENT.exec(line)?.[0] ?? "";
		const pieces = textWidth(line) <= width ? [line] : wrapped(line.trim(), width, indent);
		for (const piece of pieces) out.line(piece);
	}
}
