/** Notices of scripts that wait for their user's answer, as the status tells them. */
import { awaitsAnswer } from "../src/consent/covered.js";
import { ConsentStore } from "../src/consent/store.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { noticeNotes } from "../src/spool/notices.js";

export interface NewNotice {
	project: string;
	version: number;
	/** The version that was agreed to. */
	agreed_version: number;
}

/** @param consent folder of the user's decisions. Never throws */
export function newNotices(folders: SpoolFolders, consent: string): NewNotice[] {
	const store = new ConsentStore(consent);
	return noticeNotes(folders).flatMap(({ manifest }) => {
		const reading = store.read(manifest.project);
		const grant = reading.state === "decided" ? reading.record.grant : null;
		if (grant === null || !awaitsAnswer(grant, manifest)) return [];
		return [{ project: manifest.project, version: manifest.notice.version, agreed_version: grant.notice.version }];
	});
}
