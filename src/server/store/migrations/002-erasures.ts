import type { Migration } from "./migration.js";

/**
 * Runs that were erased, and fields that were taken out of reports afterwards.
 *
 * - The events are written anew, with AUTOINCREMENT: without it, the place (`seq`) of an erased newest event would be
 *   given to the next one, and a page that belongs to a moment would show what came after it.
 * - Who erases shows a run's key and names no project, so the run stands first in its index, and the id in its own:
 *   both are then found in one step, however many projects there are.
 * - A tombstone is the run id and nothing else of the run; it needs no project, for a run may be erased before this
 *   server has seen any of it. One a run, and so one receipt: asking again gives the same.
 * - `redacted` names the fields of which a report's user took out something, so that a page says so, and a total knows
 *   that it is not whole. Names of keys are kept nowhere: such a name may itself be what had to go.
 */
export const erasures: Migration = {
	number: 2,
	name: "erasures",
	sql: ({ engine, bytes, integer, text, keyed }) => `
		${engine === "sqlite" ? SQLITE_EVENTS : POSTGRES_EVENTS}
		CREATE TABLE tombstones (
			run_id    ${bytes} NOT NULL PRIMARY KEY,
			erased_at ${integer} NOT NULL,
			events    ${integer} NOT NULL,
			receipt   ${text} NOT NULL
		) ${keyed};

		CREATE TABLE redactions (
			run_id        ${bytes} NOT NULL,
			report_id     ${bytes} NOT NULL,
			fields_digest ${bytes} NOT NULL,
			redacted_at   ${integer} NOT NULL,
			events        ${integer} NOT NULL,
			receipt       ${text} NOT NULL,
			PRIMARY KEY (run_id, report_id, fields_digest)
		) ${keyed};
	`,
};

const POSTGRES_EVENTS = "ALTER TABLE events ADD COLUMN redacted text;";

const SQLITE_EVENTS = `
		CREATE TABLE events_anew (
			seq                INTEGER PRIMARY KEY AUTOINCREMENT,
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
			report             TEXT    NOT NULL,
			redacted           TEXT
		) STRICT;
		INSERT INTO events_anew
			SELECT seq, project_id, run_id, id, event, received_at, occurred_at, occurred_at_client,
				command, version, outcome, test, wall_s, report, NULL
			FROM events ORDER BY seq;
		DROP TABLE events;
		ALTER TABLE events_anew RENAME TO events;
		CREATE UNIQUE INDEX events_by_id ON events (id, project_id);
		CREATE INDEX events_by_run ON events (run_id, project_id);
		CREATE INDEX events_by_project ON events (project_id);
`;
