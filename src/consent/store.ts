/**
 * Where users' decisions are kept: one lowdb document a project, so that two decisions at once never
 * undo each other, and a script reads a single small file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { LowSync } from "lowdb";
import { DurableJson, makeFolder } from "../document/durable.js";
import { EtError, systemErrorCode } from "../errors.js";
import { isName } from "../report/limits.js";
import { type ConsentRecord, parseRecord } from "./record.js";

/** No decision; a decision; or a file that can't be read, which means "do not record, do not send". */
export type ConsentReading =
	| { state: "none" }
	| { state: "decided"; record: ConsentRecord }
	| { state: "unreadable"; why: string };

/** @throws EtError `ET_USAGE` for what is no project's name, and so might lead out of the folder */
function recordPath(folder: string, project: string): string {
	if (!isName(project)) throw new EtError("ET_USAGE", `"${project}" can't be the name of a project.`);
	return `${folder}${sep}${project}.json`;
}

/** What was read last, and what it says: a process asks for the same decision again and again. */
let last: { text: string; project: string; reading: ConsentReading } | null = null;

function parseReading(text: string, project: string): ConsentReading {
	const record = parseRecord(JSON.parse(text));
	if (record?.project === project) return { state: "decided", record };
	return { state: "unreadable", why: "it is not a decision of this version's format" };
}

/** What the user decided about a project; the file is read each time. Never throws. */
export function readConsent(folder: string, project: string): ConsentReading {
	try {
		const text = readFileSync(recordPath(folder, project), "utf8");
		if (last?.text !== text || last.project !== project) last = { text, project, reading: parseReading(text, project) };
		return last.reading;
	} catch (error) {
		const code = systemErrorCode(error);
		if (code === "ENOENT") return { state: "none" };
		return { state: "unreadable", why: code ?? "it is not JSON" };
	}
}

export class ConsentStore {
	/** @param folder of the user's, such as ~/.config/et/consent; made at the first decision */
	constructor(readonly folder: string) {}

	path(project: string): string {
		return recordPath(this.folder, project);
	}

	/** What the user decided. Never throws. */
	read(project: string): ConsentReading {
		return readConsent(this.folder, project);
	}

	/** Keeps a decision. @throws EtError `ET_CONSENT_UNWRITABLE`; the former decision then stands */
	write(record: ConsentRecord): void {
		const target = this.path(record.project);
		const temporary = join(this.folder, `.${record.project}.${process.pid}.${Date.now()}.tmp`);
		try {
			makeFolder(this.folder);
			new LowSync<ConsentRecord>(new DurableJson(temporary, target), record).write();
		} catch (error) {
			throw new EtError(
				"ET_CONSENT_UNWRITABLE",
				`The decision about ${record.project} could not be written to ${target} (${systemErrorCode(error)}). ` +
					"What was decided before still holds. Make the folder writable, and decide again.",
				{ cause: error },
			);
		}
	}

	/** The projects that there is a decision about, in the order of their names. @throws EtError `ET_CONSENT_UNREADABLE` */
	projects(): string[] {
		try {
			const names = readdirSync(this.folder).filter((name) => name.endsWith(".json") && !name.startsWith("."));
			return names.map((name) => name.slice(0, -".json".length)).sort();
		} catch (error) {
			const code = systemErrorCode(error);
			if (code === "ENOENT") return [];
			throw new EtError(
				"ET_CONSENT_UNREADABLE",
				`Your decisions in ${this.folder} can't be read (${code}), so nothing is recorded and nothing leaves. Give back access to that folder.`,
				{ cause: error },
			);
		}
	}
}
