import type { Migration } from "./migration.js";

/** What a database has to remember of itself: that it is being filled from another one, and from which. */
export const marks: Migration = {
	number: 3,
	name: "marks",
	sql: ({ text, keyed }) => `
		CREATE TABLE marks (
			name  ${text} NOT NULL PRIMARY KEY,
			value ${text} NOT NULL
		) ${keyed};
	`,
};
