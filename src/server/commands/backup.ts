/** `et-server backup`: a consistent copy of a store, taken while it is served. */
import type { Command } from "commander";
import { shownDatabase } from "../store/database-name.js";
import { databaseOption, existingDatabaseOf } from "./database-option.js";
import { contents, progress, say } from "./say.js";

const HELP = `
The copy is of one moment, and servers go on meanwhile. It is an SQLite file in any case, also of PostgreSQL, and can be
restored into either, or looked at: et-server --database FILE. It is there whole or not at all.

What users erase after a backup is in it still. Keep backups no longer than the notice says that reports are kept, and
take one with --erasures often (it is small, and has only what was taken back): et-server restore heeds it.

Examples:
  et-server backup --to et-2026-01-31.sqlite
  et-server backup --to erasures.sqlite.new --erasures && mv erasures.sqlite.new erasures.sqlite
`;

interface Options {
	to: string;
	erasures?: true;
}

export function addBackup(program: Command): void {
	program
		.command("backup")
		.description("Copy a database as it is at one moment into a file, while it is served.")
		.requiredOption("--to <file>", "file to write, which must not be there yet")
		.option("--erasures", "only what users took back: erased runs, and redacted reports as they are now")
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(async (options: Options, command: Command) => run(existingDatabaseOf(command), options));
}

async function run(database: string, { to, erasures }: Options): Promise<void> {
	const { backup, backupErasures } = await import("../store/backup.js");
	const counts = await (erasures ? backupErasures : backup)(database, to, progress());
	say(`${to} has ${erasures ? "what was taken back in" : "all of"} ${shownDatabase(database)}: ${contents(counts)}.`);
}
