/** `et-server register`, `list` and `unregister`: whose reports are taken, and what they may hold. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { EtError, systemErrorCode } from "../../errors.js";
import { isName } from "../../report/limits.js";
import { ANY_KEY, type Manifest, parseManifest } from "../../report/manifest.js";
import { type ManifestChange, manifestChanges } from "../../report/manifest-changes.js";
import { consoleAct } from "../access/console.js";
import type { Registration } from "../store/types.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { say, sayJson } from "./say.js";

const SERVER_NOTICES = "A server that runs takes notice within 5 seconds.";

export function addRegistrations(program: Command): void {
	program
		.command("register")
		.description("Take a project's reports, and of each what its notice declares.")
		.argument("[manifest]", "the project's et.json")
		.option("--project <name>", "a project without a manifest: of its reports nothing is stripped", toProject)
		.addOption(databaseOption())
		.addHelpText("after", REGISTER_HELP)
		.action(register);

	program
		.command("list")
		.description("Show which projects are registered, with the versions of their notices and how many keys.")
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.action(list);

	program
		.command("unregister")
		.description("Take no more of a project's reports. What is stored stays; its manifests and keys go.")
		.argument("<project>", "its name", toProject)
		.option("--notice <version>", "forget this version of its notice alone", toNotice)
		.addOption(databaseOption())
		.action(unregister);
}

const REGISTER_HELP = `
Register each version of the notice, also one whose script is not released yet: a report is held to
the notice that its user agreed to. Under a version that is not registered, a report is taken too,
with what the newest registered one declares.
`;

async function register(file: string | undefined, options: { project?: string }, command: Command): Promise<void> {
	if ((file === undefined) === (options.project === undefined)) {
		command.error("error: name either an et.json or a project with --project", { exitCode: EXIT.usage });
	}
	const manifest = file === undefined ? null : readManifest(file);
	const project = manifest?.project ?? options.project ?? "";
	const registered = await inStore(command, async (store) => {
		const done = await store.register({ project, manifest, at: Date.now() });
		if (done.result === "registered") await store.record(consoleAct("project_registered", project));
		return done;
	});
	if (manifest === null) {
		say(`${project} is registered, without a manifest. ${SERVER_NOTICES}`);
	} else if (registered.result === "registered") {
		say(`Registered ${titleOf(manifest)}. Of its reports is kept, beside the standard fields: ${declared(manifest)}.`);
		say(SERVER_NOTICES);
	} else {
		const changes = manifestChanges(registered.manifest, manifest);
		if (changes.length > 0) throw changed(manifest, changes);
		say(`${titleOf(manifest)} was registered already. Nothing was changed.`);
	}
}

async function list({ json }: { json?: true }, command: Command): Promise<void> {
	const registrations = await inStore(command, (store) => store.registrations(null));
	if (json) {
		sayJson(registrations.map(toJson));
		return;
	}
	if (registrations.length === 0) say("No project is registered. Register one: et-server register et.json");
	for (const registration of registrations) {
		const { project, manifests, keys } = registration;
		const notices = manifests.map(({ manifest }) => manifest.notice.version).join(", ");
		say(`${project}: ${notices === "" ? "no manifest" : `notice ${notices}`}, ${keysInWords(keys)}`);
	}
}

async function unregister(project: string, { notice }: { notice?: number }, command: Command): Promise<void> {
	const what = notice === undefined ? project : `${project}, notice version ${notice},`;
	const isDone = await inStore(command, async (store) => {
		const isGone = await store.unregister(project, notice ?? null);
		if (isGone)
			await store.record(
				consoleAct("project_unregistered", notice === undefined ? project : `${project}, notice ${notice}`),
			);
		return isGone;
	});
	if (!isDone) {
		throw new CommandError(
			EXIT.refused,
			`${what} is not registered. Nothing was changed. See which are: et-server list`,
		);
	}
	say(`${what} is not registered any more. What was stored of it stays. ${SERVER_NOTICES}`);
}

function readManifest(file: string): Manifest {
	try {
		return parseManifest(JSON.parse(readFileSync(file, "utf8")));
	} catch (error) {
		const known = error instanceof EtError ? undefined : systemErrorCode(error);
		const reason = known ?? (error instanceof Error ? error.message : String(error));
		throw new CommandError(EXIT.refused, `${file} cannot be registered: ${reason}\nNothing was changed. See: et check`);
	}
}

function changed(manifest: Manifest, changes: readonly ManifestChange[]): CommandError {
	const lines = changes.map(
		({ path, before, after }) => `  ${path.join(".")}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`,
	);
	return new CommandError(
		EXIT.refused,
		[
			`${titleOf(manifest)} is registered with another text. Nothing was changed.`,
			...lines,
			"Raise notice.version, so that users are asked anew. If nobody has agreed to the registered text yet, forget it:",
			`  et-server unregister ${manifest.project} --notice ${manifest.notice.version}`,
		].join("\n"),
	);
}

function titleOf({ project, notice }: Manifest): string {
	return `${project}, notice version ${notice.version}`;
}

function declared({ inputs, data }: Manifest): string {
	const names = [
		...Object.entries(inputs).map(([name, { unit }]) => `inputs.${name} (${unit})`),
		...Object.entries(data).map(([key, { type }]) => (key === ANY_KEY ? "any data" : `data.${key} (${type})`)),
	];
	return names.length === 0 ? "nothing" : names.join(", ");
}

function keysInWords(keys: number): string {
	if (keys === 0) return "no keys: anybody may send";
	return keys === 1 ? "1 key" : `${keys} keys`;
}

function toJson({ project, registeredAt, manifests, keys }: Registration) {
	return {
		project,
		registered_at: new Date(registeredAt).toISOString(),
		notices: manifests.map(({ manifest }) => manifest.notice.version),
		keys,
	};
}

export function toProject(text: string): string {
	if (isName(text)) return text;
	throw new InvalidArgumentError("A project is named with letters, digits, '.', '_' and '-' alone.");
}

function toNotice(text: string): number {
	const notice = Number(text);
	if (Number.isSafeInteger(notice) && notice > 0) return notice;
	throw new InvalidArgumentError("It is a whole number from 1.");
}
