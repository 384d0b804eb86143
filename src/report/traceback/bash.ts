/** Errors of bash and sh: `script.sh: line N: what: why`, and stacks as `caller` prints them. */
import type { Place, Trace } from "./frames.js";

/** A syntax error says in a second line, in a backtick, what it could not read. */
const FAILED = /^(\S.*?): (?:-c: )?(?:line )?(\d+): (?!`)(.*)$/;
/** bash itself, and what a login shell puts before its name. */
const SHELL = /^-?(?:ba|da|k|z)?sh$/;
/** `caller N`: line, function, file. */
const CALLER = /^\s*(?:at |#\d+ )?(\d+) ([\w.:-]+) (\S.*)$/;
/** What handlers make of it: `at f (script.sh:12)`, `f() script.sh:12`, `script.sh:12 in f`. */
const HANDLER = [
	/^\s*(?:#?\d+[:.)]? )?(?:at |in |from )?([\w.:-]+)(?:\(\))? ?(?:\(|at |in |@ ?)?(\S+?):(\d+)\)?$/,
	/^\s*(?:#?\d+[:.)]? )?(?:at |in |from )?(\S+?):(\d+):? (?:in )?([\w.:-]+)(?:\(\))?$/,
] as const;
/** What `set -x` prints of each command, with all that it was given. */
const TRACED = /^\++ ?/;

/** bash's own words, each of them for one kind of failure. */
const KINDS: readonly [pattern: RegExp, type: string][] = [
	[/command not found|: not found$/, "command not found"],
	[/unbound variable|parameter (?:null or )?not set/, "unbound variable"],
	[/syntax error|unexpected EOF/, "syntax error"],
	[/No such file or directory/, "no such file"],
	[/Permission denied/, "permission denied"],
	[/Argument list too long/, "argument list too long"],
	[/No space left on device/, "no space left"],
	[/Cannot allocate memory/, "cannot allocate memory"],
	[/Segmentation fault/, "segmentation fault"],
	[/Killed/, "killed"],
	[/Aborted/, "aborted"],
	[/division by 0/, "division by 0"],
	[/ambiguous redirect/, "ambiguous redirect"],
];

const typeOf = (message: string): string => KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? "error";

function placeOf(line: string): Place | null {
	const called = CALLER.exec(line);
	if (called !== null) return { path: called[3] ?? null, line: Number(called[1]), function: called[2] ?? null };
	const named = HANDLER[0].exec(line);
	if (named !== null) return { path: named[2] ?? null, line: Number(named[3]), function: named[1] ?? null };
	const placed = HANDLER[1].exec(line);
	return placed === null ? null : { path: placed[1] ?? null, line: Number(placed[2]), function: placed[3] ?? null };
}

export function parseBash(lines: readonly string[]): Trace | null {
	const told = lines.filter((line) => !TRACED.test(line));
	// A script goes on after most errors: the last is the one that ended it.
	const at = told.findLastIndex((line) => FAILED.test(line));
	const [, path, line, message] = FAILED.exec(told[at] ?? "") ?? [];
	const stack = told.slice(at + 1).flatMap((each) => placeOf(each) ?? []);
	if (path === undefined) return stack.length === 0 ? null : { type: "error", places: [stack] };
	const place: Place = { path, line: Number(line), function: null };
	const isAgain = stack[0]?.line === place.line;
	const own = SHELL.test(path.slice(path.lastIndexOf("/") + 1)) || isAgain ? stack : [place, ...stack];
	return { type: typeOf(message ?? ""), places: [own] };
}
