/** Keys of runs that their servers have erased: they erase nothing any more. */
import { dropKeys } from "./journal.js";
import type { SpoolFolders } from "./layout.js";
import { requestEntries } from "./requests.js";

const nameOf = (runId: string, endpoint: string): string => JSON.stringify([runId, endpoint]);

/**
 * Removes the keys of runs whose erasure was acknowledged, each at the endpoint that did. Under the lease.
 *
 * @param writer no other file may have it
 * @throws the system's error; the keys then stay for the next time
 */
export function dropSpentKeys(folders: SpoolFolders, writer: string): number {
	const erased = new Set<string>();
	for (const { request } of requestEntries(folders)) {
		if (request.kind === "erase" && request.verdict === "erased") erased.add(nameOf(request.run_id, request.endpoint));
	}
	if (erased.size === 0) return 0;
	return dropKeys(folders, writer, ({ run_id, endpoint }) => erased.has(nameOf(run_id, endpoint)));
}
