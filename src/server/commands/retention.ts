/** `et-server retention`: for how long runs are kept. */
import { type Command, InvalidArgumentError } from "commander";
import { durationInWords, isDuration, shorterAt } from "../../report/duration.js";
import { consoleAct } from "../access/console.js";
import { keptFor, keptInWords } from "../privacy/retention.js";
import type { Gone, ProjectRetention } from "../store/retention-types.js";
import { expireProject } from "../upkeep/expire.js";
import { databaseOption } from "./database-option.js";
import { CommandError, EXIT } from "./exit-codes.js";
import { inStore } from "./in-store.js";
import { toProject } from "./registrations.js";
import { number, say, sayJson } from "./say.js";

const BY_NOTICE = "notice";

const HELP = `
A run goes, whole, when its last report was received that long ago. The notice that its user agreed to says
how long; an operator may choose less (P1Y, P90D), or again what the notices say (${BY_NOTICE}). Under a
notice that is not registered, the shortest that any notice of the project says counts. A project without a
notice is kept until a time is chosen here. Servers look when they start and every day.

Examples:
  et-server retention                 show each project's
  et-server retention --dry-run       and count what would go now
  et-server retention dunovo P1Y      choose
  et-server retention --apply         let go now what has to, while servers run
`;

interface Options {
	dryRun?: true;
	apply?: true;
	json?: true;
}

export function addRetention(program: Command): void {
	program
		.command("retention")
		.description("Show or choose for how long a project's runs are kept.")
		.argument("[project]", "its name; without one, all", toProject)
		.argument("[duration]", `choose this: an ISO 8601 duration such as P1Y or P90D, or ${BY_NOTICE}`, toChoice)
		.option("--dry-run", "count what would go now")
		.option("--apply", "let go now what has to")
		.option("--json", "print JSON")
		.addOption(databaseOption())
		.addHelpText("after", HELP)
		.action(retention);
}

async function retention(
	project: string | undefined,
	choice: string | undefined,
	options: Options,
	command: Command,
): Promise<void> {
	if (options.apply && options.dryRun) command.error("error: give --apply or --dry-run", { exitCode: EXIT.usage });
	await inStore(command, async (store) => {
		const now = Date.now();
		if (project !== undefined && choice !== undefined) {
			await store.setRetention(project, choice === BY_NOTICE ? null : choice);
		}
		const all = await store.retentions(project === undefined ? null : [project]);
		if (project !== undefined && all.length === 0) throw unknown(project);
		if (project !== undefined && choice !== undefined) {
			await store.record(consoleAct("retention_set", `${choice} of ${project}`));
		}
		const mode = options.apply ? "erase" : "count";
		const looked = options.apply || options.dryRun;
		const counted: Counted[] = [];
		for (const each of all) {
			counted.push({ ...each, now: looked ? await expireProject(each, { store, now, mode }) : undefined });
		}
		if (options.json) sayJson(counted.map((each) => toJson(each, now)));
		else sayAll(counted, now, options);
	});
}

interface Counted extends ProjectRetention {
	/** What goes now, where that was asked. */
	now: Gone | undefined;
}

function sayAll(all: readonly Counted[], now: number, options: Options): void {
	if (all.length === 0) say("No project is registered, and none has sent reports.");
	for (const each of all) {
		say(`${each.project}: ${keptInWords(each, now)}`);
		for (const line of notes(each, now)) say(`  ${line}`);
		if (each.now !== undefined) say(`  ${options.apply ? "Gone now" : "Would go now"}: ${goneInWords(each.now)}.`);
		if (each.gone.runs > 0) say(`  Gone before: ${goneInWords(each.gone)}.`);
	}
}

function notes({ promises, duration }: ProjectRetention, now: number): string[] {
	if (duration === null) return [];
	const chosen = durationInWords(duration);
	const shorter = promises.filter(
		({ retention }) => shorterAt(now, retention, duration) === retention && retention !== duration,
	);
	return [
		`Chosen here: ${chosen}.`,
		...shorter.map(
			({ notice, retention }) =>
				`Notice version ${notice} says ${durationInWords(retention)}, which is less: that counts for its reports, whatever is chosen.`,
		),
	];
}

function goneInWords({ runs, events }: Gone): string {
	return `${number(runs)} runs (${number(events)} reports)`;
}

function toJson(retention: Counted, now: number) {
	const { project, promises, duration, checkedAt, gone } = retention;
	const { ofNotice, otherwise } = keptFor(retention, now);
	return {
		project,
		chosen: duration,
		notices: promises.map(({ notice, retention: said }) => ({
			version: notice,
			says: said,
			kept_for: ofNotice.find((each) => each.notice === notice)?.retention ?? null,
		})),
		kept_for: otherwise,
		checked_at: checkedAt === null ? null : new Date(checkedAt).toISOString(),
		gone,
		...(retention.now === undefined ? {} : { now: retention.now }),
	};
}

function unknown(project: string): CommandError {
	return new CommandError(
		EXIT.refused,
		`${project} is not registered and has sent no reports. Nothing was changed. See which are: et-server retention`,
	);
}

function toChoice(text: string): string {
	if (text === BY_NOTICE || isDuration(text)) return text;
	throw new InvalidArgumentError(
		`It is an ISO 8601 duration in years, months, weeks or days, such as P1Y, or ${BY_NOTICE}.`,
	);
}
