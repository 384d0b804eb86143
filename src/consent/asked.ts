/**
 * What a user was asked and did not decide: kept so that nobody asks again. It is no decision, and allows nothing.
 * One document a project, in a folder beside the decisions.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import { isName } from "../report/limits.js";

export interface Asked {
	et: 1;
	project: string;
	/** The version of the notice that was asked about. */
	notice: number;
	answer: "no" | "not_now";
	/** ISO 8601, UTC. */
	at: string;
}

const FOLDER = "asked";

/** Null where nothing was asked, and where it can't be read. Never throws. */
export function readAsked(consentFolder: string, project: string): Asked | null {
	try {
		if (!isName(project)) return null;
		const asked = JSON.parse(
			readFileSync(join(consentFolder, FOLDER, `${project}.json`), "utf8"),
		) as Partial<Asked> | null;
		const isOurs =
			asked?.et === 1 &&
			asked.project === project &&
			Number.isSafeInteger(asked.notice) &&
			typeof asked.at === "string";
		return isOurs ? (asked as Asked) : null;
	} catch {
		return null;
	}
}

/** @throws the system's error */
export function writeAsked(consentFolder: string, asked: Asked): void {
	const folder = join(consentFolder, FOLDER);
	makeFolder(folder);
	const temporary = join(folder, `.${asked.project}.${process.pid}.tmp`);
	new LowSync<Asked>(new DurableJson(temporary, join(folder, `${asked.project}.json`)), asked).write();
}
