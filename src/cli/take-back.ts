/** What follows from a no: what waits goes, what has left is said, and can be forgotten. */
import type { SpoolFolders } from "../spool/layout.js";
import { type RemovedTraces, removeTraces } from "../spool/traces.js";
import { agrees } from "./ask.js";
import type { CliContext } from "./context.js";
import { discard } from "./discard.js";
import { everyRun, type Forgotten, forget, isOnServer } from "./forget.js";
import { forgottenLines, tracesInWords } from "./forget-words.js";
import { ownWriter } from "./identity.js";
import { type Left, leftOf } from "./left.js";
import { namedLines, plural } from "./quantities.js";
import { shown } from "./shown.js";
import { canAsk } from "./terminal.js";

export interface TakenBack {
	removed: { waiting: number; rejected: number } & RemovedTraces;
	left: Left;
	/** How many runs may have left, and were not erased since. */
	erasable: number;
	/** Null where nothing was to be forgotten. */
	forgotten: Forgotten | null;
}

/** Removes what is here of a project: what waits, held or not, what was refused, and all that can be told to be of it. */
export function takeBack(context: CliContext, folders: SpoolFolders, project: string): TakenBack {
	const { runs, scope } = everyRun(folders, project);
	const gone = discard(context, folders, ({ envelope }) => envelope.report.project === project, "withdrawn");
	const traces = removeTraces(folders, scope, ownWriter(context));
	return {
		removed: { waiting: gone.waiting.length, rejected: gone.rejected.length, ...traces },
		left: leftOf(folders, project),
		erasable: runs.filter(isOnServer).length,
		forgotten: null,
	};
}

/** Has what may have left forgotten, where its user wants that. */
export function alsoForget(context: CliContext, folders: SpoolFolders, project: string, taken: TakenBack): TakenBack {
	const { runs, scope } = everyRun(folders, project);
	return { ...taken, forgotten: forget(context, folders, runs, scope) };
}

/** Asks at a terminal; elsewhere nobody is asked, and the lines say how. */
export function wantsToForget({ err }: CliContext, { erasable }: TakenBack): boolean {
	if (erasable === 0 || !canAsk()) return false;
	return agrees(err, `Have ${plural(erasable, "run")} that may have left erased by their servers, too?`);
}

function leftLines({ delivered, unanswered, in_flight: ids }: Left): string[] {
	const lines: string[] = [];
	if (delivered > 0) lines.push(`${plural(delivered, "report")} had left before: a server has them.`);
	if (unanswered > 0) lines.push(`${plural(unanswered, "report")} may have left: no server has said that it has them.`);
	if (ids.length === 0) return lines;
	const head = `In a request without an answer: ${plural(ids.length, "report")}, nothing of which is sent again:`;
	return [...lines, head, ...namedLines(ids.map(shown), " (et sent)")];
}

/** What was removed, and what has left. Pure. */
export function takenBackLines(project: string, { removed, left }: TakenBack): string[] {
	const { waiting, rejected } = removed;
	const waited = `${plural(waiting, "report")} of ${shown(project)} that waited: removed.`;
	const lines = [waiting === 0 ? `No report of ${shown(project)} waited.` : waited];
	if (rejected > 0) lines.push(`${plural(rejected, "report")} that a server had refused: removed.`);
	const traces = tracesInWords(removed);
	if (traces.length > 0) lines.push(`Removed, too: ${traces.join(", ")}.`);
	return [...lines, ...leftLines(left)];
}

/** What came of the offer to forget. Pure. */
export function offerLines(project: string, { erasable, forgotten }: TakenBack): string[] {
	if (forgotten !== null) return forgottenLines(forgotten);
	return erasable === 0 ? [] : [`To have what left erased by its servers: et forget --project ${shown(project)}`];
}
