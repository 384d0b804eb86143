/** `et-server keys`: the keys that a project's reports come with. */
import { type Command, InvalidArgumentError } from "commander";
import { consoleAct } from "../access/console.js";
import { endpointWithKey, keyDigest, newKey } from "../registry/keys.js";
import type { KeyRecord } from "../store/types.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { toProject } from "./registrations.js";
import { say, sayJson } from "./say.js";

const HELP = `
A key is part of the endpoint in et.json, which everybody can read: it is a handle and no secret. It
lets its holder send reports of one project, and read or change nothing. Once a project has a key, its
reports are taken with one of its keys only; others wait with their users. A key that is misused is
revoked, and a new one goes out with the next release; since the endpoint is part of the notice, users
are asked anew.
`;

export function addKeyCommands(program: Command): void {
	const keys = program
		.command("keys")
		.description("Make, list and revoke the keys that a project's reports come with.")
		.addOption(databaseOption())
		.addHelpText("after", HELP);

	keys
		.command("add")
		.description("Make a key. It is shown once: the database has only its hash.")
		.argument("<project>", "a registered project", toProject)
		.addOption(databaseOption())
		.action(add);

	keys
		.command("list")
		.description("Show a project's keys by their numbers; the keys themselves are nowhere.")
		.argument("<project>", "its name", toProject)
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(list);

	keys
		.command("revoke")
		.description("Take no more reports that come with a key. With its last key gone, a project needs none.")
		.argument("<project>", "its name", toProject)
		.argument("<number>", "the key's number, as list shows it", toNumber)
		.addOption(databaseOption())
		.action(revoke);
}

async function add(project: string, _options: object, command: Command): Promise<void> {
	const key = newKey();
	const id = await inStore(command, async (store) => {
		const made = await store.addKey(project, keyDigest(key), Date.now());
		if (made !== undefined) await store.record(consoleAct("key_made", project));
		return made;
	});
	if (id === undefined) {
		throw new CommandError(
			EXIT.refused,
			`${project} is not registered. No key was made. Register it first: et-server register et.json`,
		);
	}
	say(`Key ${id} of ${project}, shown this once: ${key}`);
	say(`Put it behind the server's address in et.json: "endpoint": "${endpointWithKey("https://SERVER", key)}"`);
	say(`From now on reports of ${project} are taken with one of its keys only; others wait with their users.`);
}

async function list(project: string, { json }: { json?: true }, command: Command): Promise<void> {
	const keys = await inStore(command, (store) => store.keys(project));
	if (json) sayJson(keys.map(toJson));
	else if (keys.length === 0) say(`${project} has no keys.`);
	else for (const key of keys) say(inWords(key));
}

async function revoke(project: string, id: number, _options: object, command: Command): Promise<void> {
	const isDone = await inStore(command, async (store) => {
		const isRevoked = await store.revokeKey(project, id, Date.now());
		if (isRevoked) await store.record(consoleAct("key_revoked", `${id} of ${project}`));
		return isRevoked;
	});
	if (!isDone) {
		throw new CommandError(
			EXIT.refused,
			`${project} has no key ${id}. Nothing was changed. See which it has: et-server keys list ${project}`,
		);
	}
	say(`Key ${id} of ${project} is revoked. A server that runs takes notice within 5 seconds.`);
}

function inWords({ id, madeAt, revokedAt }: KeyRecord): string {
	const made = `key ${id}, made ${new Date(madeAt).toISOString()}`;
	return revokedAt === null ? made : `${made}, revoked ${new Date(revokedAt).toISOString()}`;
}

function toJson({ id, madeAt, revokedAt }: KeyRecord) {
	return {
		number: id,
		made_at: new Date(madeAt).toISOString(),
		revoked_at: revokedAt === null ? null : new Date(revokedAt).toISOString(),
	};
}

function toNumber(text: string): number {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number > 0) return number;
	throw new InvalidArgumentError("It is a number, as et-server keys list shows it.");
}
