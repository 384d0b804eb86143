/** The notice of a project that waits for its user's answer, as scripts have noted it. */
import { awaitsAnswer } from "../consent/covered.js";
import type { ConsentRecord } from "../consent/record.js";
import { spoolFolders } from "../spool/layout.js";
import { forgetNotice, type NoticeNote, noticeNote } from "../spool/notices.js";
import { unsafeSpool } from "../spool/put.js";
import type { CliContext } from "./context.js";
import { userFolders } from "./spool-view.js";

/** Null also where the spool is not the user's alone: anyone could have left it there. */
export function waitingNotice(context: CliContext, project: string, record: ConsentRecord | null): NoticeNote | null {
	const grant = record?.grant ?? null;
	if (grant === null) return null;
	const { spool } = userFolders(context);
	try {
		if (unsafeSpool(spool) !== null) return null;
	} catch {
		return null;
	}
	const note = noticeNote(spoolFolders(spool), project);
	return note !== null && awaitsAnswer(grant, note.manifest) ? note : null;
}

/** A notice that has found its answer waits no longer. Never throws: the decision stands in any case. */
export function settleNotice(context: CliContext, project: string): void {
	try {
		forgetNotice(spoolFolders(userFolders(context).spool), project);
	} catch {
		// It is compared with the decision whenever it is read.
	}
}
