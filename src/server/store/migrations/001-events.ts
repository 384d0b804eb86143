import type { Migration } from "./migration.js";

/**
 * Reports as they were validated, beside the columns by which they are found and counted.
 *
 * The order of `seq` is the order in which the server heard of things, and the key of every page.
 * Three indexes, each for one question:
 * - (project_id, id): was this event stored already? Ids are UUIDv7, so they grow with time and the
 *   index is written at its end.
 * - (project_id, run_id), and seq, which SQLite appends: what else is known of this run, and is
 *   anything newer? One step, however many events the run has.
 * - (project_id), and seq: the newest events of one project.
 * Ids are kept as 16 bytes: in hexadecimal both indexes on them would be twice the size.
 */
export const events: Migration = {
	number: 1,
	name: "events",
	sqlite: `
		CREATE TABLE projects (
			id   INTEGER PRIMARY KEY,
			name TEXT NOT NULL UNIQUE
		) STRICT;

		CREATE TABLE events (
			seq                INTEGER PRIMARY KEY,
			project_id         INTEGER NOT NULL REFERENCES projects (id),
			run_id             BLOB    NOT NULL,
			id                 BLOB    NOT NULL,
			event              TEXT    NOT NULL,
			received_at        INTEGER NOT NULL,
			occurred_at        INTEGER NOT NULL,
			occurred_at_client INTEGER NOT NULL,
			command            TEXT,
			version            TEXT,
			outcome            TEXT,
			test               INTEGER NOT NULL,
			wall_s             REAL,
			report             TEXT    NOT NULL
		) STRICT;
		CREATE UNIQUE INDEX events_by_id ON events (project_id, id);
		CREATE INDEX events_by_run ON events (project_id, run_id);
		CREATE INDEX events_by_project ON events (project_id);

		CREATE TABLE lost (
			project_id  INTEGER NOT NULL REFERENCES projects (id),
			id          TEXT    NOT NULL,
			reason      TEXT    NOT NULL,
			count       INTEGER NOT NULL,
			received_at INTEGER NOT NULL,
			PRIMARY KEY (project_id, id)
		) STRICT, WITHOUT ROWID;
	`,
};
