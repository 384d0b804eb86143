/** How a database is named on the command line: the path of an SQLite file, or a URL of PostgreSQL. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EtError } from "../../errors.js";
import { defaultDatabase } from "../files.js";
import { isPostgresUrl } from "../store/database-name.js";

const ANY_URL = /^[a-z]+:\/\//i;

export function databaseOption(): Option {
	const database = defaultDatabase({ env: process.env, platform: process.platform, home: homedir() });
	return new Option("--database <database>", "SQLite file, made where it is missing, or postgres://user@host/database")
		.env("ET_SERVER_DATABASE")
		.argParser(toDatabase)
		.default(database);
}

/** The database of a command, which may be named before or after it. */
export function databaseOf(command: Command): string {
	const { parent } = command;
	const isGiven = command.getOptionValueSource("database") === "cli";
	return !isGiven && parent?.getOptionValueSource("database") === "cli"
		? parent.getOptionValue("database")
		: command.getOptionValue("database");
}

/** The same, for a command that reads it: a file that is not there must not be made by a slip of the pen. */
export function existingDatabaseOf(command: Command): string {
	const database = databaseOf(command);
	if (isPostgresUrl(database) || existsSync(database)) return database;
	throw new EtError(
		"ET_STORE_UNAVAILABLE",
		`There is no database ${database}. Nothing was done. Name it with --database.`,
	);
}

export function toDatabase(text: string): string {
	if (text !== "" && (isPostgresUrl(text) ? URL.canParse(text) : !ANY_URL.test(text))) return text;
	throw new InvalidArgumentError("It is the path of a file, or postgres://user@host/database.");
}
