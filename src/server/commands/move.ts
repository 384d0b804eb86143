/** `et-server move`: a store into another, empty database, of either engine. */
import type { Command } from "commander";
import { EtError } from "../../errors.js";
import { shownDatabase } from "../store/database-name.js";
import { databaseOption, existingDatabaseOf, toDatabase } from "./database-option.js";
import { contents, number, progress, say } from "./say.js";

const HELP = `
Reports go some at a time. A move that was ended, however that was, goes on where it was when the same command is given
again; until it is done, et-server refuses to serve the new database. What the old one has is left as it is.

The old one may be served meanwhile. Then stop its servers and give the command once more: it takes what has come since.
After that start et-server with the new database, and remove the old one, for users erase their runs only in the new one.

Examples:
  et-server move --to postgres://et@db/et
  et-server move --database postgres://et@db/et --to et.sqlite
`;

export function addMove(program: Command): void {
	program
		.command("move")
		.description("Copy everything into another, empty database, from where it is then served.")
		.requiredOption("--to <database>", "SQLite file or postgres://user@host/database", toDatabase)
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(async ({ to }: { to: string }, command: Command) => run(existingDatabaseOf(command), to));
}

async function run(database: string, to: string): Promise<void> {
	const [{ openStore }, { move }] = await Promise.all([import("../store/open.js"), import("../store/move.js")]);
	const source = await openStore(database);
	try {
		const target = await openStore(to);
		try {
			const { reports, before } = await move(source, target, progress());
			if (before > 0) say(`${number(before)} reports were there from a move before.`);
			say(
				`${shownDatabase(database)} has ${number(reports.source)} reports; ${shownDatabase(to)} has ${number(reports.target)} of them.`,
			);
			if (reports.source !== reports.target) throw incomplete();
			say(`Moved: ${contents(await target.counts())}.`, `Next: et-server --database ${shownDatabase(to)}`);
		} finally {
			await target.close();
		}
	} finally {
		await source.close();
	}
}

function incomplete(): EtError {
	return new EtError(
		"ET_STORE_UNAVAILABLE",
		"The numbers differ, as when something is erased meanwhile. Nothing was changed where the reports come from. Stop its servers and give the same command again.",
	);
}
