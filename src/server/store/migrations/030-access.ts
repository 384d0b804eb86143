import type { Migration } from "./migration.js";

/**
 * Who may read what is stored, and what administrators did.
 *
 * - Of everything that lets somebody in, a hash is kept: of passwords a slow one with its parameters and salt, of what is
 *   long and random (sessions, tokens) its SHA-256.
 * - A token without a project reads all of them. A revoked one stays in the list that its administrator sees.
 * - Attempts to log in are counted in buckets, of which there are no more than 2 x 65,536 (login-limit.ts): whoever tries
 *   names and addresses without end does not fill the disk, and no address can be read out of them.
 * - The log of acts has no key to anything else: it outlives what it tells of.
 */
export const access: Migration = {
	number: 30,
	name: "access",
	sql: ({ key, bytes, integer, text, strict, keyed }) => `
		CREATE TABLE administrators (
			id       ${key},
			name     ${text} NOT NULL UNIQUE,
			password ${text} NOT NULL,
			made_at  ${integer} NOT NULL
		) ${strict};

		CREATE TABLE setup_tokens (
			digest     ${bytes} NOT NULL PRIMARY KEY,
			expires_at ${integer} NOT NULL
		) ${keyed};

		CREATE TABLE sessions (
			digest           ${bytes} NOT NULL PRIMARY KEY,
			administrator_id ${integer} NOT NULL,
			made_at          ${integer} NOT NULL,
			used_at          ${integer} NOT NULL
		) ${keyed};

		CREATE TABLE api_tokens (
			id         ${key},
			name       ${text} NOT NULL,
			project    ${text},
			digest     ${bytes} NOT NULL UNIQUE,
			made_by    ${text},
			made_at    ${integer} NOT NULL,
			used_at    ${integer},
			revoked_at ${integer}
		) ${strict};

		CREATE TABLE login_counts (
			bucket  ${text} NOT NULL PRIMARY KEY,
			count   ${integer} NOT NULL,
			ends_at ${integer} NOT NULL
		) ${keyed};

		CREATE TABLE audit (
			id     ${key},
			at     ${integer} NOT NULL,
			who    ${text},
			act    ${text} NOT NULL,
			what   ${text},
			source ${text}
		) ${strict};
	`,
};
