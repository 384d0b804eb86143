/** `et explain`: what a project asks for, for whoever is asked. */
import { leftOut } from "../../consent/left-out.js";
import { NO_POLICY, readSitePolicy } from "../../consent/policy.js";
import { ConsentStore } from "../../consent/store.js";
import { explanationOf } from "../../report/explanation.js";
import type { Manifest } from "../../report/manifest.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import { agreedManifest, findTarget, type Target } from "../consent-target.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { explainedMarkdown } from "../markdown.js";
import { changesText, explainedText, fieldsText } from "../notice.js";
import { shown } from "../shown.js";
import { userFolders } from "../spool-view.js";
import { standardTerminal } from "../terminal.js";
import { waitingNotice } from "../waiting-notice.js";

const options = {
	manifest: { value: "FILE", help: "the author's et.json (default: ./et.json, where it is the project's)" },
	fields: { help: "field by field: what each says, why, and an example" },
	new: { help: "the notice that waits for your answer, and what has changed" },
	markdown: { help: "as Markdown, for the author's README" },
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "explain",
	summary: "say what a project asks for: what, why, where to, for how long",
	usage: ["PROJECT|FILE [--manifest FILE] [--fields|--markdown|--json]", "PROJECT --new [--fields|--markdown|--json]"],
	details: [
		"What is collected and why, an example of a report as it would leave, what is never collected, where reports go and how long they are kept, who to write to, and how to say no, look, change your mind and erase. It is made from the author's et.json by the code that makes reports. Where no et.json is at hand, it is of the notice that you agreed to.",
	],
	options,
	examples: [
		["et explain dunovo/et.json", "on a screen, before you decide"],
		["et explain dunovo --fields", "each field, with its reason"],
		["et explain et.json --markdown >>README.md", "for an author"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

interface Known {
	manifest: Manifest;
	/** The notice that was agreed to, where that is another. */
	agreed: Manifest | null;
	/** The version of a notice that waits for an answer and is not this one. */
	waiting: number | null;
	/** Of this user's reports. */
	without: readonly string[];
}

/** @throws EtError `ET_USAGE` where there is nothing to explain */
function known(context: CliContext, target: Target, isNew: boolean): Known {
	const { project } = target;
	const { consent, sitePolicy } = userFolders(context);
	const reading = new ConsentStore(consent).read(project);
	const without = leftOut(process.platform === "win32" ? NO_POLICY : readSitePolicy(sitePolicy), reading);
	const record = reading.state === "decided" ? reading.record : null;
	const note = waitingNotice(context, project, record);
	const agreed = agreedManifest(record);
	if (isNew) {
		if (note !== null) return { manifest: note.manifest, agreed, waiting: null, without };
		throw usageError(spec.name, `No new notice of ${project} waits for your answer.`);
	}
	const manifest = target.manifest ?? agreed;
	const waiting = note?.manifest.notice.version ?? null;
	if (manifest !== null) return { manifest, agreed: target.manifest && agreed, waiting, without };
	throw usageError(
		spec.name,
		`You have agreed to no notice of ${project}, and there is no et.json of it here. Name the path of the one that its author ships beside the script: et explain PATH/et.json.`,
	);
}

function inText(context: CliContext, { manifest, agreed, waiting, without }: Known, fields: boolean): string {
	const terminal = standardTerminal(context.client.env);
	const explanation = explanationOf(manifest, without);
	if (fields) return fieldsText(explanation, terminal);
	const changes = agreed === null ? "" : changesText(agreed, manifest, terminal);
	const project = shown(manifest.project);
	const more =
		waiting === null ? "" : `Version ${waiting} of this notice waits for your answer: et explain ${project} --new\n`;
	return explainedText(explanation, terminal) + (changes === "" ? "" : `\n${changes}`) + more;
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [name, surplus] = positionals;
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	if ([given.fields, given.markdown, given.json].filter(Boolean).length > 1) {
		throw usageError(spec.name, "--fields, --markdown and --json are three ways to print it: choose one.");
	}
	const found = known(context, findTarget(spec.name, name, given.manifest, "."), given.new);
	if (given.json) context.out.line(JSON.stringify(explanationOf(found.manifest, found.without)));
	else if (given.markdown) context.out.write(explainedMarkdown(explanationOf(found.manifest)));
	else context.out.write(inText(context, found, given.fields));
	return EXIT_CODES.ok;
}
