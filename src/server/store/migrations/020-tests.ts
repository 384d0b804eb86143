import type { Migration } from "./migration.js";

/** Test runs are few among users' runs, and looked at apart from them: those of a project, the newest first. */
export const tests: Migration = {
	number: 20,
	name: "tests",
	sql: () => "CREATE INDEX events_of_tests ON events (project_id, seq) WHERE test = 1;",
};
