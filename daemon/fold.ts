/**
 * Folding: where many loose reports still wait after a flush, they go into few files. Scripts never
 * fold; the uploader does, under its lease.
 */

import { randomUUID } from "node:crypto";
import { clearGraves } from "../src/spool/gone.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { namedAtMs } from "../src/spool/layout.js";
import { writerName } from "../src/spool/line-file.js";
import { countReports, readLoose, reportNames } from "../src/spool/read.js";
import { remove } from "../src/spool/remove.js";
import {
	fold,
	isWhole,
	type LooseReport,
	segmentEntries,
	segmentNames,
	setAsideDamaged,
} from "../src/spool/segments.js";
import type { Policy } from "./policy.js";
import type { Removal } from "./removal.js";

export interface FoldOptions {
	folders: SpoolFolders;
	policy: Policy;
	removal: Removal;
	now: () => Date;
	host: string;
	/** No new segment after this. */
	stop: AbortSignal;
}

/** Removes segments of which nothing is left, sets aside those of which no more can be read, and tombstones that nothing needs. */
export function dropEmptySegments({ folders, removal, now, stop }: FoldOptions): void {
	// What was withdrawn in this flush shall not lie about until the next one.
	removal.lookForTombstones();
	for (const segment of segmentNames(folders)) {
		let isEmpty = true;
		for (const { name, envelope } of segmentEntries(folders, segment)) {
			if (removal.isGone(envelope.report.id, name)) continue;
			isEmpty = false;
			break;
		}
		if (!isEmpty) continue;
		if (isWhole(folders, segment)) remove(folders.segments, segment);
		else setAsideDamaged(folders, segment);
	}
	// A loose copy that is gone, and whose file is still there, goes in a pass: its tombstone has to last until then.
	if (segmentNames(folders).length === 0 && !stop.aborted) clearGraves(folders, now().getTime());
}

/** Loose reports that can be folded, as many as fit into one segment. */
function nextLoose(
	{ folders, policy, removal }: FoldOptions,
	after: string,
): { reports: LooseReport[]; last: string | null } {
	const reports: LooseReport[] = [];
	let bytes = 0;
	let last: string | null = null;
	for (const name of reportNames(folders.new, policy.segmentReports, after)) {
		last = name;
		// A stranger's name might hold a line break, which the segment's format has no room for.
		const loose = namedAtMs(name) === null ? null : readLoose(folders.new, name);
		if (loose === null || removal.isGone(loose.id, name)) continue;
		reports.push({ name, text: loose.text });
		bytes += loose.text.length;
		if (bytes >= policy.segmentBytes) break;
	}
	return { reports, last };
}

/** A name that no other segment has: containers share host names and process numbers, so that chance must part them. */
function segmentName({ host, now }: FoldOptions, part: number): string {
	return `${writerName(host, process.pid, now().getTime())}-${part}-${randomUUID()}`;
}

/** @returns how many reports were folded. @throws the system's error; what is loose then is loose still */
export function foldLoose(options: FoldOptions): number {
	const { folders, policy, stop } = options;
	if (countReports(folders.new).count <= policy.foldFromReports) return 0;
	let folded = 0;
	let after = "";
	for (let part = 0; !stop.aborted; part++) {
		const { reports, last } = nextLoose(options, after);
		if (last === null) break;
		if (reports.length > 0) fold(folders, segmentName(options, part), reports);
		folded += reports.length;
		after = last;
	}
	return folded;
}
