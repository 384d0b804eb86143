/** `et run`: a command, run as if there were no ET, and reported. */

import { endLike, prepareChild } from "../child.js";
import { type CommandSpec, type OptionValues, parseCommandLine, splitAtCommand, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { inWords } from "../results.js";
import { type RunReport, reportRun } from "../run-report.js";
import { shown } from "../shown.js";

const options = {
	manifest: { value: "FILE", help: "the author's et.json; without it nothing is reported" },
	command: { value: "NAME", help: "what to call the command in reports (default: the program's base name)" },
	"app-version": { value: "VERSION", help: "the version of what runs" },
	input: {
		value: "NAME=FILE:UNIT",
		multiple: true,
		help: "an input that the manifest declares, and its size: FILE is counted in bytes, lines, reads (FASTQ, FASTA or BAM) or records (FASTA or FASTQ), also where it is gzip'd; or NAME=NUMBER. Several of one name are added up",
	},
	data: { value: "KEY=VALUE", multiple: true, help: "free-form data that the manifest declares" },
	"phone-home": { help: "the user of your script asked for a report of this run: consent for this run alone" },
	test: { help: "a run of your own, kept apart from users' runs" },
	verbose: { help: "say on standard error what became of the reports (for authors)" },
} as const;

export const spec = {
	name: "run",
	summary: "run a command and report it",
	usage: ["[--manifest FILE] [OPTIONS] -- COMMAND [ARGUMENT...]"],
	details: [
		"Runs COMMAND with the same input, output, descriptors, process group and terminal, and ends as it ended: with its exit code, or of its signal. Signals that are sent to et are passed on to it. Where the user has agreed, a report of the run's start and one of its end are left in the spool; where not, nothing is written. Whatever goes wrong in ET, COMMAND runs all the same, and nothing is printed.",
		"An input's file is opened before COMMAND starts and counted while it runs. It is read once more for that; its name is not kept. What is too big to be counted (1 GiB, or 64 MiB of gzip), or is not yet when COMMAND ends, is estimated from its beginning or from pieces of it, and the report says so. A BAM file's reads are told by its index, where there is one that is not older. The size is unknown where the file is no ordinary file, where it breaks off or is not of the unit's format, and where the manifest declares another unit than the one counted in: a number in the wrong unit would be a lie.",
		"Little differs for COMMAND: as with all that Node.js starts, the soft limit of open files is raised to the hard one, and signals that were ignored are not, but for the hangup under nohup; and where et alone is killed by SIGKILL, COMMAND runs on.",
	],
	options,
	examples: [
		["et run --manifest et.json --input reads=a.fq:reads -- ./align.sh a.fq", "report how many reads it took"],
		["et run --manifest et.json --app-version 1.4 --data mode=fast -- make", "a version, and declared data"],
		["et run --manifest et.json --test --verbose -- true", "try it out, and see what is kept"],
	],
	exitCodes: ["usage", "notExecutable", "noCommand"],
	takesCommand: true,
} as const satisfies CommandSpec<typeof options>;

type Values = OptionValues<typeof options>;

interface Invocation {
	command: readonly string[];
	/** Null where the options can't be understood: the command is run all the same, without a report. */
	given: Values | null;
}

function understood(own: readonly string[]): Values | null {
	try {
		return parseCommandLine(spec, own).options;
	} catch {
		return null;
	}
}

/** @throws EtError `ET_USAGE` where there is no command, or a mistake hides where it begins */
function invocation(argv: readonly string[]): Invocation {
	const { own, command } = splitAtCommand(options, argv);
	const given = understood(own);
	const end = argv.indexOf("--");
	// Behind a mistake, what looks like the command may be an option's value: only "--" is certain.
	const certain = given !== null ? command : end === -1 ? [] : argv.slice(end + 1);
	if (certain[0] !== undefined && certain[0] !== "") return { command: certain, given };
	parseCommandLine(spec, own);
	throw usageError(spec.name, "There is no command to run.");
}

function report(context: CliContext, { command, given }: Invocation): RunReport | null {
	if (given?.manifest === undefined) return null;
	return reportRun(context.client, {
		manifest: given.manifest,
		phoneHome: given["phone-home"],
		test: given.test,
		command: given.command ?? command[0] ?? "",
		version: given["app-version"],
		inputs: given.input,
		data: given.data,
		tell: (event, result) => given.verbose && context.err.line(`et run: ${event}: ${shown(inWords(result))}`),
	});
}

export async function run(context: CliContext, argv: readonly string[]): Promise<never> {
	const invoked = invocation(argv);
	// The command outlives any fault of ours that was not foreseen.
	process.on("uncaughtException", () => {});
	let running: RunReport | null = null;
	const onStart = (pid: number) => running?.follow(pid);
	const start = prepareChild(invoked.command, { env: context.client.env, onStart });
	running = report(context, invoked);
	const end = await start();
	running?.end(end);
	endLike(end);
}
