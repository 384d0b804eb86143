/** `et-server erase-project`: everything that is stored of a project. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { eraseProject } from "../upkeep/erase-project.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { toProject } from "./registrations.js";
import { number, say } from "./say.js";

const HELP = `
All its reports go, and the counts of what its users' spools had to drop; there is no way back but a backup from
before, into which et-server restore does not bring them either. What its users still send of the time before is
answered "erased". Reports of later runs are taken as before, unless it is blocked: then they are rejected, and
its manifests and keys go as well. Registering it again unblocks it.
`;

export function addEraseProject(program: Command): void {
	program
		.command("erase-project")
		.description("Erase everything that is stored of a project, also while servers run.")
		.argument("<project>", "its name", toProject)
		.option("--yes", "do it; without this, it only says what would go")
		.option("--block", "take no later reports of it either")
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(erase);
}

async function erase(project: string, options: { yes?: true; block?: true }, command: Command): Promise<void> {
	await inStore(command, async (store) => {
		const reports = await store.reportsOf(project);
		if (reports === undefined && !options.block) {
			throw new CommandError(
				EXIT.refused,
				`There is no project ${project}. Nothing was erased. See which there are: et-server retention`,
			);
		}
		if (!options.yes) {
			throw new CommandError(
				EXIT.refused,
				`${number(reports ?? 0)} reports of ${project} would be erased for good. Nothing was erased. To do it, add --yes`,
			);
		}
		await store.beginProjectErasure({ project, at: Date.now(), receipt: randomUUID(), block: options.block === true });
		const erased = await eraseProject(store, project);
		if (erased === undefined) throw new Error("an erasure that was begun is not there");
		say(
			`Erased ${project}: ${number(erased.events)} reports of ${number(erased.runs)} runs, and what was counted of it.`,
			`Receipt: ${erased.receipt}`,
			erased.isBlocked
				? "It is blocked: later reports of it are rejected. A server that runs takes notice within 5 seconds."
				: "Reports of later runs are taken as before. To take none: et-server erase-project --block",
		);
	});
}
