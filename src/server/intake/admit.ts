/** Whether a valid report is taken now, and with what of it: by what the operator said of its project. Pure. */
import type { ProjectRules } from "../registry/registry.js";
import { manifestFor, stripUndeclared } from "../registry/strip.js";
import type { IngestKey } from "../store/types.js";
import type { JudgedReport } from "./batch.js";
import type { LaterCode } from "./codes.js";

/** What a batch is admitted by. */
export interface Admission {
	/** Of every project in the batch. */
	rules: ReadonlyMap<string, ProjectRules>;
	/** The key that it came with. */
	key: IngestKey | undefined;
	/** Reports of projects that are not registered are taken as well. */
	isOpen: boolean;
}

/** Whether nothing of a project is taken any more, for good. */
function isBlocked(project: string, { rules }: Admission): boolean {
	return rules.get(project)?.isBlocked === true;
}

/** Whether what is counted of a project is taken, as its reports are. */
export function isTaken(project: string, admission: Admission): boolean {
	return !isBlocked(project, admission) && refusalOf(project, admission) === undefined;
}

/** Why nothing of a project is taken; undefined where it is. */
function refusalOf(project: string, { rules, key, isOpen }: Admission): LaterCode | undefined {
	const ofProject = rules.get(project);
	if (!isOpen && ofProject?.isRegistered !== true) return "project_not_registered";
	return ofProject?.needsKey === true && key?.project !== project ? "key_required" : undefined;
}

const WORDS: Readonly<Record<LaterCode, (project: string) => string>> = {
	project_not_registered: (project) =>
		`this server does not take reports of ${project} until its operator registers it`,
	key_required: (project) => `this server takes reports of ${project} with one of its keys only; its et.json has one`,
};

/**
 * A report that may be stored, without what its project's manifest does not declare; or one that is put off: what the
 * operator says of its project may change, and the report waits with its user until then.
 */
export function admit(judged: JudgedReport, admission: Admission): JudgedReport {
	if ("verdict" in judged) return judged;
	const { id, report, record } = judged;
	if (isBlocked(record.project, admission)) {
		const message = `Not stored: the operator of this server has erased ${record.project}, and takes no more of it.`;
		return { verdict: { id, verdict: "rejected", code: "project_blocked", message } };
	}
	const code = refusalOf(record.project, admission);
	if (code !== undefined) {
		return { verdict: { id, verdict: "later", code, message: `Not stored: ${WORDS[code](record.project)}` } };
	}
	const manifest = manifestFor(report, admission.rules.get(record.project)?.manifests ?? []);
	const kept = manifest === undefined ? report : stripUndeclared(report, manifest);
	return kept === report ? judged : { id, report: kept, record: { ...record, report: JSON.stringify(kept) } };
}
