import type { Migration } from "./migration.js";

/**
 * Which projects' reports are taken, what each version of their notice declares, and the keys to send with.
 *
 * - A project is registered by its name: it may be so before any report of it has come, and `projects` says which have.
 * - A manifest is kept as JSON, one a version of the notice: a report is held to the notice that its user agreed to.
 * - Of a key its SHA-256 is kept. Keys are long and random, so that no slow hash is needed; a revoked one stays in the
 *   list that its operator sees.
 */
export const registry: Migration = {
	number: 10,
	name: "registry",
	sql: ({ key, bytes, integer, text, strict, keyed }) => `
		CREATE TABLE registrations (
			project       ${text} NOT NULL PRIMARY KEY,
			registered_at ${integer} NOT NULL
		) ${keyed};

		CREATE TABLE manifests (
			project       ${text} NOT NULL,
			notice        ${integer} NOT NULL,
			manifest      ${text} NOT NULL,
			registered_at ${integer} NOT NULL,
			PRIMARY KEY (project, notice)
		) ${keyed};

		CREATE TABLE ingest_keys (
			id         ${key},
			project    ${text} NOT NULL,
			digest     ${bytes} NOT NULL UNIQUE,
			made_at    ${integer} NOT NULL,
			revoked_at ${integer}
		) ${strict};
		CREATE INDEX ingest_keys_by_project ON ingest_keys (project);
	`,
};
