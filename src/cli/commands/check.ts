/** `et check`: whether a manifest is one, for its author. */
import { readFileSync } from "node:fs";
import { noticeDigest } from "../../consent/change.js";
import { EtError, systemErrorCode } from "../../errors.js";
import { manifestProblems, parseManifest } from "../../report/manifest.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { plural } from "../quantities.js";
import { shown } from "../shown.js";

const options = {
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "check",
	summary: "check a manifest, for its author",
	usage: ["[FILE] [--json]"],
	details: [
		"FILE is ./et.json where it is not named. Everything that is wrong is listed, each with its place. A user's run is silent about a manifest that can't be used, and records nothing: check it before you ship it.",
		"A digest names what users agree to. Where it changes, they are asked anew, so raise the notice's version too.",
	],
	options,
	examples: [["et check", "the manifest of this folder"]],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

/** @throws EtError `ET_MANIFEST_UNREADABLE` */
function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		throw new EtError(
			"ET_MANIFEST_UNREADABLE",
			`The manifest ${path} can't be read (${systemErrorCode(error)}), and without it nothing is recorded. Name its path: et check FILE`,
			{ cause: error },
		);
	}
}

function problemsOf(text: string): { value: unknown; problems: string[] } {
	try {
		const value: unknown = JSON.parse(text);
		return { value, problems: manifestProblems(value) };
	} catch (error) {
		return { value: null, problems: [`et.json: is not JSON: ${(error as Error).message}`] };
	}
}

function wellFormed(path: string, value: unknown): { words: string[]; json: object } {
	const manifest = parseManifest(value);
	const { project, endpoint, inputs, data, notice, sample } = manifest;
	const digest = noticeDigest(manifest);
	const declared = `${plural(Object.keys(inputs).length, "input")} and ${plural(Object.keys(data).length, "key")} of data`;
	return {
		words: [
			`${shown(path)} is a manifest of ${project}: notice version ${notice.version}, ${declared}, to ${shown(endpoint)}.`,
			`digest ${digest}`,
			...(sample < 1 ? [`one run in ${1 / sample} reports`] : []),
		],
		json: { ok: true, project, endpoint, notice_version: notice.version, digest, sample, problems: [] },
	};
}

export function run({ out }: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [path = "et.json", surplus] = positionals;
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	const { value, problems } = problemsOf(read(path));
	if (problems.length === 0) {
		const { words, json } = wellFormed(path, value);
		out.line(given.json ? JSON.stringify(json) : words.join("\n"));
		return EXIT_CODES.ok;
	}
	const lines = problems.map((problem) => `  ${shown(problem)}`);
	const head = `${shown(path)} can't be used, and nothing is recorded under it:`;
	out.line(given.json ? JSON.stringify({ ok: false, problems }) : [head, ...lines].join("\n"));
	return EXIT_CODES.failed;
}
