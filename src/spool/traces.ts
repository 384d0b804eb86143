/**
 * What else a spool holds of a run or a project beside its reports: files that are no reports, what writers that died
 * left in tmp/, markers of runs under way, copies of what has left. Found by what a file says, and by its name.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { forgetHistory } from "./history.js";
import { dropCopies } from "./kept.js";
import { namedRun, runDigits, type SpoolFolders } from "./layout.js";
import { remove } from "./remove.js";

/** What is to go. */
export interface Scope {
	/** Ids of runs. */
	runs: ReadonlySet<string>;
	/** All of one project, too. */
	project: string | null;
	/** All there is. */
	all: boolean;
}

export interface RemovedTraces {
	/** Files that were no reports. */
	corrupt: number;
	/** Files of writers that died. */
	unfinished: number;
	/** Markers of runs under way. */
	open: number;
	/** Copies of what has left. */
	copies: number;
	/** Lines of the history of the user's own runs. */
	history: number;
}

/** Larger files are none of a report's; only their names are looked at. */
const MOST_BYTES = 16 * 1024 * 1024;
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const RUN_ID = /[0-9a-f]{32}/g;

/** A file's text; empty where it is no file, too large, or can't be read. */
function textOf(path: string): string {
	try {
		const descriptor = openSync(path, READ_FLAGS);
		try {
			const stat = fstatSync(descriptor);
			return stat.isFile() && stat.size <= MOST_BYTES ? readFileSync(descriptor, "utf8") : "";
		} finally {
			closeSync(descriptor);
		}
	} catch {
		return "";
	}
}

/** Decides by text and by name whether a file is of what is to go. */
class Attribution {
	private readonly digits: ReadonlySet<string>;
	private readonly project: RegExp | null;

	constructor(private readonly scope: Scope) {
		this.digits = new Set([...scope.runs].map(runDigits));
		const name = scope.project?.replace(/[^\w]/g, "\\$&");
		this.project = name === undefined ? null : new RegExp(`"project"\\s*:\\s*"${name}"`);
	}

	covers(folder: string, name: string): boolean {
		if (this.scope.all || this.digits.has(namedRun(name) ?? "")) return true;
		const text = textOf(join(folder, name));
		if (this.project?.test(text) === true) return true;
		return [...text.matchAll(RUN_ID)].some(([id]) => this.scope.runs.has(id));
	}
}

/** Files of a folder; a folder in it is nobody's report. */
function filesOf(folder: string): string[] {
	try {
		return readdirSync(folder, { withFileTypes: true })
			.filter((item) => !item.isDirectory())
			.map(({ name }) => name);
	} catch {
		return [];
	}
}

function removeFrom(folder: string, names: readonly string[], attribution: Attribution): number {
	let removed = 0;
	for (const name of names) {
		if (attribution.covers(folder, name) && remove(folder, name)) removed++;
	}
	return removed;
}

/**
 * Removes all of that which can be told to be of what is to go.
 *
 * @param writer names the files of copies and lines that stay
 * @throws the system's error; what is left stays as it was
 */
export function removeTraces(folders: SpoolFolders, scope: Scope, writer: string): RemovedTraces {
	const attribution = new Attribution(scope);
	const { runs, project, all } = scope;
	const isGone = (line: { project: string; run_id: string }): boolean =>
		all || line.project === project || runs.has(line.run_id);
	const unfinished = filesOf(folders.tmp).filter((name) => namedRun(name) !== null);
	return {
		corrupt: removeFrom(folders.corrupt, filesOf(folders.corrupt), attribution),
		// Also where all goes: what says not whose it is may be a writer's who is at work.
		unfinished: removeFrom(folders.tmp, unfinished, new Attribution({ ...scope, all: false })),
		open: removeFrom(folders.open, filesOf(folders.open), attribution),
		copies: dropCopies(folders, writer, isGone),
		history: forgetHistory(folders, writer, isGone),
	};
}
