/** `et-server migrate`: brings a database's tables up to date, without serving. */
import type { Command } from "commander";
import { shownDatabase } from "../store/database-name.js";
import { databaseOf, databaseOption } from "./database-option.js";

const HELP = `
et-server does the same when it starts, and several may start at once: one migrates, the others wait. Run it alone to
choose the moment, after a backup. A database that a newer version of ET wrote is left as it is.
`;

export function addMigrate(program: Command): void {
	program
		.command("migrate")
		.description("Bring a database's tables up to date, or make them.")
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(async (_options, command: Command) => migrate(databaseOf(command)));
}

async function migrate(database: string): Promise<void> {
	const { openStore } = await import("../store/open.js");
	const store = await openStore(database);
	const { from, to } = store.schema;
	await store.close();
	const done = from === to ? `is up to date: schema ${to}` : `was brought from schema ${from} to schema ${to}`;
	process.stdout.write(`${shownDatabase(database)} ${done}.\n`);
}
