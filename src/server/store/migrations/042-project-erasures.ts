import type { Migration } from "./migration.js";

/**
 * Projects that were erased as a whole.
 *
 * - What happened by `erased_at`, whenever it is sent, does not come back. So there is one row a project, and no tombstone a run.
 * - `erased_runs` has the runs that had not ended by then, so that their ends do not come back either. They are of their project
 *   alone, unlike tombstones: anybody may have sent a run's id under another project's name.
 */
export const projectErasures: Migration = {
	number: 42,
	name: "project erasures",
	sql: ({ bytes, integer, text, keyed }) => `
		CREATE TABLE project_erasures (
			project   ${text} NOT NULL PRIMARY KEY,
			erased_at ${integer} NOT NULL,
			runs      ${integer} NOT NULL,
			events    ${integer} NOT NULL,
			receipt   ${text} NOT NULL,
			blocked   ${integer} NOT NULL,
			done      ${integer} NOT NULL
		) ${keyed};

		CREATE TABLE erased_runs (
			project ${text} NOT NULL,
			run_id  ${bytes} NOT NULL,
			PRIMARY KEY (project, run_id)
		) ${keyed};
	`,
};
