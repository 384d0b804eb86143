/** `et-server admin`: administrators, from the server's console; also where nobody can log in any more. */
import { type Command, InvalidArgumentError } from "commander";
import { consoleAct } from "../access/console.js";
import { bucketOf } from "../access/login-limit.js";
import { NAME_RULE, toName } from "../access/names.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { say, sayJson } from "./say.js";

const HELP = `
While there is no administrator, et-server listens on this machine only, and shows everything to who is
on it. Once there is one, pages and exports are for who logs in or has a token (et-server tokens), here
too; scripts go on sending. A password is asked for at the terminal, or is the first line of the input.

Examples:
  et-server admin add ada
  et-server admin reset-password ada < password.txt
`;

export function addAdminCommands(program: Command): void {
	const admin = program
		.command("admin")
		.description("Make, list and remove administrators, and set their passwords.")
		.addOption(databaseOption())
		.addHelpText("after", HELP);

	admin
		.command("add")
		.alias("create")
		.description("Make an administrator, with a password that is asked for.")
		.argument("<name>", "to log in with", toAdministrator)
		.addOption(databaseOption())
		.action(add);

	admin
		.command("list")
		.description("Show administrators.")
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(list);

	admin
		.command("reset-password")
		.description("Set a new password, and log the administrator out everywhere.")
		.argument("<name>", "an administrator", toAdministrator)
		.addOption(databaseOption())
		.action(resetPassword);

	admin
		.command("remove")
		.description("Remove an administrator, who is logged out everywhere. The last one stays.")
		.argument("<name>", "an administrator", toAdministrator)
		.addOption(databaseOption())
		.action(remove);
}

async function add(name: string, _options: object, command: Command): Promise<void> {
	await inStore(command, async (store) => {
		if ((await store.findAdministrator(name)) !== undefined) throw taken(name);
		const { askNewPassword } = await import("./ask-password.js");
		const password = await askNewPassword(name);
		if (!(await store.addAdministrator({ name, password }, consoleAct("administrator_added", name)))) throw taken(name);
	});
	say(`${name} is an administrator. From now on reading needs a login or a token, also on this machine.`);
}

async function list({ json }: { json?: true }, command: Command): Promise<void> {
	const administrators = await inStore(command, (store) => store.administrators());
	const made = (ms: number) => new Date(ms).toISOString();
	if (json) sayJson(administrators.map(({ name, madeAt }) => ({ name, made_at: made(madeAt) })));
	else if (administrators.length === 0) say("There is no administrator. Make one: et-server admin add NAME");
	else for (const { name, madeAt } of administrators) say(`${name}, made ${made(madeAt)}`);
}

async function resetPassword(name: string, _options: object, command: Command): Promise<void> {
	await inStore(command, async (store) => {
		if ((await store.findAdministrator(name)) === undefined) throw unknown(name);
		const { askNewPassword } = await import("./ask-password.js");
		const password = await askNewPassword(name);
		if (!(await store.setPassword({ name, password }, consoleAct("password_changed", name)))) throw unknown(name);
		// Who guessed at the old one must not keep the new one out.
		await store.forgetLogins([bucketOf("name", name)]);
	});
	say(`${name} has a new password, and is logged out everywhere.`);
}

async function remove(name: string, _options: object, command: Command): Promise<void> {
	const result = await inStore(command, (store) =>
		store.removeAdministrator(name, consoleAct("administrator_removed", name)),
	);
	if (result === "unknown") throw unknown(name);
	if (result === "last") {
		throw new CommandError(
			EXIT.refused,
			`${name} is the last administrator. Nothing was changed: without one, everybody on this machine would read everything. Add another one first.`,
		);
	}
	say(
		`${name} is no administrator any more, and is logged out everywhere. Tokens that ${name} made stay: see et-server tokens list`,
	);
}

function toAdministrator(text: string): string {
	const name = toName(text);
	if (name !== undefined) return name;
	throw new InvalidArgumentError(NAME_RULE);
}

function taken(name: string): CommandError {
	return new CommandError(
		EXIT.refused,
		`${name} is an administrator already. Nothing was changed. For a new password: et-server admin reset-password`,
	);
}

function unknown(name: string): CommandError {
	return new CommandError(
		EXIT.refused,
		`There is no administrator ${name}. Nothing was changed. See who there is: et-server admin list`,
	);
}
