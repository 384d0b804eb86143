import type { Migration } from "./migration.js";

/**
 * What is kept of the addresses that events came from.
 *
 * - `address` and `source` are what was left of it before the event was stored. Neither is known where nothing was kept.
 * - The policy is the database's, so that all servers that share it keep the same. Each change has a number of its own
 *   (`epoch`): an event that was prepared under another one is stored without its address. `pending` says that what was
 *   stored before may hold more than the policy allows now.
 * - The keys of hashes, each with the end of its window, are in no copy of a database: one that is destroyed here is
 *   nowhere else.
 */
export const addresses: Migration = {
	number: 40,
	name: "addresses",
	sql: ({ bytes, integer, text, strict, keyed }) => `
		ALTER TABLE events ADD COLUMN address ${text};
		ALTER TABLE events ADD COLUMN source ${text};
		CREATE INDEX events_with_source ON events (seq) WHERE source IS NOT NULL;

		CREATE TABLE address_policy (
			id        ${integer} NOT NULL PRIMARY KEY,
			policy    ${text} NOT NULL,
			window_ms ${integer} NOT NULL,
			epoch     ${integer} NOT NULL,
			pending   ${integer} NOT NULL
		) ${strict};

		CREATE TABLE address_keys (
			until ${integer} NOT NULL PRIMARY KEY,
			key   ${bytes} NOT NULL
		) ${keyed};
	`,
};
