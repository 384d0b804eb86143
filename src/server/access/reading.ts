/** The store as a reader has it: all of it, or what is of one project and nothing else, whatever is asked. */
import type { FastifyRequest } from "fastify";
import type { Store } from "../store/types.js";
import { visitorOf } from "./visitor.js";

/** What pages and exports ask of the store. */
export type Reading = Pick<
	Store,
	| "settlingMs"
	| "events"
	| "listRuns"
	| "runEvents"
	| "projects"
	| "hasProject"
	| "hasTests"
	| "lostTotals"
	| "retentions"
>;

/** Gives the store that the one who asks may read. Who may read nothing does not come so far. */
export type ReadingOf = (request: FastifyRequest) => Reading;

export function readingOf(store: Store): ReadingOf {
	return (request) => {
		const visitor = visitorOf(request);
		if (visitor.kind === "stranger") throw new Error("A stranger came past the gate.");
		return visitor.kind === "token" && visitor.project !== null ? ofOneProject(store, visitor.project) : store;
	};
}

/** Another project is not there. */
function ofOneProject(store: Reading, project: string): Reading {
	const isOther = (asked: string | undefined) => asked !== undefined && asked !== project;
	return {
		settlingMs: store.settlingMs,
		events: async (query) => (isOther(query.project) ? [] : store.events({ ...query, project })),
		listRuns: async (query) =>
			isOther(query.project)
				? { asOf: query.asOf ?? 0, runs: [], hasOlder: false, hasNewer: false }
				: store.listRuns({ ...query, project }),
		runEvents: async (asked, runId) => (isOther(asked) ? [] : store.runEvents(project, runId)),
		projects: async () => ((await store.hasProject(project)) ? [project] : []),
		hasProject: async (asked) => !isOther(asked) && store.hasProject(project),
		hasTests: async (asked) => !isOther(asked) && store.hasTests(project),
		lostTotals: async (asked) => (isOther(asked) ? [] : store.lostTotals(project)),
		retentions: async (only) => (only === null || only.includes(project) ? store.retentions([project]) : []),
	};
}
