/** `et-server restore`: a backup in the place of what a database has. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { EtError } from "../../errors.js";
import { isPostgresUrl, shownDatabase } from "../store/database-name.js";
import type { Merged } from "../store/merge-erasures.js";
import { databaseOf, databaseOption, existingDatabaseOf } from "./database-option.js";
import { contents, number, progress, say } from "./say.js";

const HELP = `
What users erased or redacted since the backup stays erased and redacted: it is read from the database that is replaced,
and from files given with --erased (later backups, whole or made with --erasures). If that database cannot be read any
more, move it away and give the newest of those files.

A database that has something is replaced only with --replace. All is done or nothing. An SQLite file must not be open
in et-server meanwhile; with PostgreSQL, servers may run, and wait.

Examples:
  et-server restore --from et-2026-01-31.sqlite
  et-server restore --from et-2026-01-31.sqlite --replace
  et-server restore --from old.sqlite --erased erasures.sqlite --database postgres://et@db/et
  et-server restore --erased erasures.sqlite     after the database itself was restored by other means
`;

interface Options {
	from?: string;
	erased: string[];
	replace?: true;
}

export function addRestore(program: Command): void {
	program
		.command("restore")
		.description("Put a backup in the place of what a database has; what users took back since stays so.")
		.option("--from <file>", "file that et-server backup wrote")
		.option("--erased <file...>", "files in which to look for what was taken back since", [])
		.option("--replace", "replace what the database has")
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(async (options: Options, command: Command) => run(command, options));
}

async function run(command: Command, { from, erased, replace }: Options): Promise<void> {
	if (from !== undefined) return restoreFrom(from, databaseOf(command), erased, replace === true);
	if (erased.length === 0) command.error("error: --from or --erased is needed");
	const database = existingDatabaseOf(command);
	const { heed } = await import("../store/backup.js");
	const { counts, merged } = await heed(database, erased);
	say(
		`Taken back in ${erased.join(", ")}, and now in ${shownDatabase(database)}: ${told(merged)}.`,
		`It has ${contents(counts)}.`,
	);
}

async function restoreFrom(from: string, database: string, erased: readonly string[], replace: boolean): Promise<void> {
	const { restore } = await import("../store/backup.js");
	const isThere = await hasReports(database);
	if (isThere && !replace) {
		throw new EtError(
			"ET_STORE_UNAVAILABLE",
			`${shownDatabase(database)} has reports. It was left as it is. Give --replace to put the backup in their place.`,
		);
	}
	const { counts, merged } = await restore(from, database, erased, progress());
	say(`${shownDatabase(database)} has what ${from} had: ${contents(counts)}.`);
	say(`Taken back since the backup, and not restored: ${told(merged)}.`);
	if (!isThere && erased.length === 0) {
		say(
			"Nothing is known of what was taken back after the backup, for no database was replaced. If there is a later file",
			`of et-server backup, restore again with --replace --erased FILE.`,
		);
	}
}

function told({ runs, reports }: Merged): string {
	return `${number(runs)} runs, and fields of ${number(reports)} reports`;
}

async function hasReports(database: string): Promise<boolean> {
	if (!isPostgresUrl(database) && !existsSync(database)) return false;
	const { openStore } = await import("../store/open.js");
	const store = await openStore(database);
	try {
		const { events, erased } = await store.counts();
		return events + erased > 0;
	} finally {
		await store.close();
	}
}
