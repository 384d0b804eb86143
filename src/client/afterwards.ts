/**
 * What a script does now and then once its report is safe. Most of the client's code serves this alone, so the bundle
 * keeps upkeep and detached in a file of their own and loads it only here (tools/bundle.mjs).
 */
import { DETACHED } from "../consent/record.js";
import type { SpoolFolders } from "../spool/layout.js";
import type { ClientContext } from "./context.js";
import { flushDetached } from "./detached.js";
import { keepHouse } from "./upkeep.js";

/** One byte in 256 is this one. */
const TURN = 0;

/** @param flushChosen the grant asks for a detached flush. Never throws */
export function afterwards(folders: SpoolFolders, context: ClientContext, flushChosen: boolean): void {
	try {
		if (context.random(1)[0] === TURN) keepHouse(folders, context);
		const isChosen = flushChosen || context.env["ET_FLUSH"] === DETACHED;
		if (isChosen && context.startsUploader !== false) flushDetached(folders, context, isChosen);
	} catch {
		// The report is safe; the next writer whose turn it is tries again.
	}
}
