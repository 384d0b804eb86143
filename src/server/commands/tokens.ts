/** `et-server tokens`: what programs read with. */
import { type Command, InvalidArgumentError } from "commander";
import { consoleAct } from "../access/console.js";
import { NAME_RULE, toName } from "../access/names.js";
import { digestOf, newSecret, TOKEN_PREFIX } from "../access/secrets.js";
import type { TokenRecord } from "../store/access-types.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { toProject } from "./registrations.js";
import { say, sayJson } from "./say.js";

const HELP = `
A token reads runs and events of one project, or of all, and changes nothing. It is sent as
Authorization: Bearer TOKEN. Keep it secret: unlike a key to send with, it opens what is stored.
`;

export function addTokenCommands(program: Command): void {
	const tokens = program
		.command("tokens")
		.description("Make, list and revoke the tokens that programs read with.")
		.addOption(databaseOption())
		.addHelpText("after", HELP);

	tokens
		.command("add")
		.description("Make a token. It is shown once: the database has only its hash.")
		.argument("<name>", "what it is for: a program, a place, a person", toTokenName)
		.option("--project <name>", "the one project that it may read; without it, all", toProject)
		.addOption(databaseOption())
		.action(add);

	tokens
		.command("list")
		.description("Show tokens by their numbers; the tokens themselves are nowhere.")
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(list);

	tokens
		.command("revoke")
		.description("Let nothing be read with a token any more.")
		.argument("<number>", "the token's number, as list shows it", toNumber)
		.addOption(databaseOption())
		.action(revoke);
}

async function add(name: string, { project = null }: { project?: string | null }, command: Command): Promise<void> {
	const token = newSecret(TOKEN_PREFIX);
	const kept = { name, project, digest: digestOf(token), madeBy: null, at: Date.now() };
	const id = await inStore(command, (store) => store.addToken(kept, consoleAct("token_made", name)));
	say(`Token ${id} for ${name}, which reads ${project ?? "all projects"}, shown this once: ${token}`);
	say(`Use: curl -H "Authorization: Bearer ${token}" http://127.0.0.1:8377/v1/runs`);
}

async function list({ json }: { json?: true }, command: Command): Promise<void> {
	const tokens = await inStore(command, (store) => store.tokens());
	if (json) sayJson(tokens.map(toJson));
	else if (tokens.length === 0) say("There are no tokens.");
	else for (const token of tokens) say(inWords(token));
}

async function revoke(id: number, _options: object, command: Command): Promise<void> {
	// What it is called is found with it.
	if (await inStore(command, (store) => store.revokeToken(id, consoleAct("token_revoked", null)))) {
		say(`Token ${id} is revoked: nothing can be read with it any more.`);
		return;
	}
	throw new CommandError(
		EXIT.refused,
		`There is no token ${id} that is not revoked. Nothing was changed. See which there are: et-server tokens list`,
	);
}

function inWords({ id, name, project, madeAt, madeBy, usedAt, revokedAt }: TokenRecord): string {
	const made = `token ${id} for ${name}, reads ${project ?? "all projects"}, made ${iso(madeAt)} by ${madeBy ?? "the console"}`;
	const used = usedAt === null ? "never used" : `last used ${iso(usedAt)}`;
	return revokedAt === null ? `${made}, ${used}` : `${made}, ${used}, revoked ${iso(revokedAt)}`;
}

function toJson({ id, name, project, madeAt, madeBy, usedAt, revokedAt }: TokenRecord) {
	return {
		number: id,
		name,
		project,
		made_at: iso(madeAt),
		made_by: madeBy,
		used_at: usedAt === null ? null : iso(usedAt),
		revoked_at: revokedAt === null ? null : iso(revokedAt),
	};
}

function iso(ms: number): string {
	return new Date(ms).toISOString();
}

function toTokenName(text: string): string {
	const name = toName(text);
	if (name !== undefined) return name;
	throw new InvalidArgumentError(NAME_RULE);
}

function toNumber(text: string): number {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number > 0) return number;
	throw new InvalidArgumentError("It is a number, as et-server tokens list shows it.");
}
