/**
 * Which tables are copied when a database is moved, backed up or restored: all but what a database says of itself, and
 * keys that have to be destroyed in time.
 */
import type { Schema } from "./schema.js";

interface Table {
	name: keyof Schema;
	/** What tells its rows apart. */
	key: readonly string[];
	/** Whether its key is a number that the database gives: it then has to know which were given. */
	isNumbered: boolean;
}

/** Each after those that it refers to. A test holds this list and the schema together. */
export const TABLES: readonly Table[] = [
	{ name: "projects", key: ["id"], isNumbered: true },
	{ name: "events", key: ["seq"], isNumbered: true },
	{ name: "lost", key: ["project_id", "id"], isNumbered: false },
	{ name: "tombstones", key: ["run_id"], isNumbered: false },
	{ name: "redactions", key: ["run_id", "report_id", "fields_digest"], isNumbered: false },
	{ name: "registrations", key: ["project"], isNumbered: false },
	{ name: "manifests", key: ["project", "notice"], isNumbered: false },
	{ name: "ingest_keys", key: ["id"], isNumbered: true },
	{ name: "administrators", key: ["id"], isNumbered: true },
	{ name: "setup_tokens", key: ["digest"], isNumbered: false },
	{ name: "sessions", key: ["digest"], isNumbered: false },
	{ name: "api_tokens", key: ["id"], isNumbered: true },
	{ name: "login_counts", key: ["bucket"], isNumbered: false },
	{ name: "audit", key: ["id"], isNumbered: true },
	{ name: "address_policy", key: ["id"], isNumbered: false },
	{ name: "project_erasures", key: ["project"], isNumbered: false },
	{ name: "erased_runs", key: ["project", "run_id"], isNumbered: false },
	{ name: "promises", key: ["project", "notice"], isNumbered: false },
	{ name: "retentions", key: ["project"], isNumbered: false },
];
