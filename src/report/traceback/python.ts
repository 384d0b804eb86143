/** Tracebacks of Python: the most recent call last, causes before what they caused, groups behind bars. */
import type { Place, Trace } from "./frames.js";

/** What an ExceptionGroup draws before each of its lines. */
const BARS = /^[\s|]*\+?[\s|]*(?=\S)/;
const GROUP_RULE = /^[\s|+]*\+-+ *(?:\d+|\.\.\.)? *-*\+?-*$/;
const HEADER = /^[\s|+]*(?:Exception Group )?Traceback \(most recent call last\):/;
const FRAME = /^[\s|]*File "([^"]+)", line (\d+)(?:, in (.+))?$/;
const TYPE = /^([A-Za-z_][\w.]{0,200})(?::(?: |$)|$)/;
const FRAME_INDENT = 2;

interface Block {
	type: string | null;
	places: Place[];
	/** How far its header stands from the margin: what stands there again ends it. */
	indent: number;
	/** Within a group: what it holds did not end the run, the group did. */
	isMember: boolean;
}

const indentOf = (line: string): number => BARS.exec(line)?.[0].length ?? 0;

function blockAt(line: string): Block {
	const indent = indentOf(line);
	return { type: null, places: [], indent, isMember: line.includes("|") && indent > FRAME_INDENT + 2 };
}

/** The exception's name: it stands where the header stood, behind frames that stand further in. */
function typeIn(line: string, { indent }: Block): string | null {
	return indentOf(line) === indent ? (TYPE.exec(line.slice(indent))?.[1] ?? null) : null;
}

function blocksOf(lines: readonly string[]): Block[] {
	const blocks: Block[] = [];
	let open: Block | null = null;
	for (const line of lines) {
		const frame = FRAME.exec(line);
		if (HEADER.test(line)) {
			open = blockAt(line);
			blocks.push(open);
		} else if (frame !== null) {
			// A file that does not parse has no header.
			if (open === null) {
				open = { ...blockAt(line), indent: Math.max(0, indentOf(line) - FRAME_INDENT) };
				blocks.push(open);
			}
			const [, path = null, number, name] = frame;
			open.places.unshift({ path, line: Number(number), function: name ?? null });
		} else if (open !== null && !GROUP_RULE.test(line)) {
			open.type = typeIn(line, open);
			if (open.type !== null) open = null;
		}
	}
	return blocks;
}

export function parsePython(lines: readonly string[]): Trace | null {
	const blocks = blocksOf(lines).filter(({ type, places }) => type !== null || places.length > 0);
	const outer = blocks.filter(({ isMember }) => !isMember);
	const last = outer.at(-1) ?? blocks.at(-1);
	if (last === undefined) return null;
	const causes = outer.filter((block) => block !== last).reverse();
	const members = blocks.filter((block) => block.isMember && block !== last);
	return { type: last.type ?? "Exception", places: [last, ...members, ...causes].map(({ places }) => places) };
}
