import type { Migration } from "./migration.js";

/**
 * For how long runs are kept.
 *
 * - What a notice promised stays so when its project is not registered any more: its reports are still here.
 * - `duration` is the operator's own; null where the notices alone count. `runs` and `events` are how many have gone.
 */
export const retention: Migration = {
	number: 41,
	name: "retention",
	sql: ({ engine, integer, text, keyed }) => `
		CREATE TABLE promises (
			project   ${text} NOT NULL,
			notice    ${integer} NOT NULL,
			retention ${text} NOT NULL,
			PRIMARY KEY (project, notice)
		) ${keyed};
		INSERT INTO promises (project, notice, retention)
			SELECT project, notice, ${
				engine === "sqlite"
					? "json_extract(manifest, '$.notice.retention')"
					: "manifest::json -> 'notice' ->> 'retention'"
			} FROM manifests;

		CREATE TABLE retentions (
			project    ${text} NOT NULL PRIMARY KEY,
			duration   ${text},
			checked_at ${integer},
			runs       ${integer} NOT NULL,
			events     ${integer} NOT NULL
		) ${keyed};
	`,
};
