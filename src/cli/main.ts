#!/usr/bin/env node
/** `et`: finds the command, and turns what goes wrong into a message and an exit code. */
import { EtError } from "../errors.js";
import { asksForHelp, type CommandModule } from "./command.js";
import { COMMANDS } from "./commands/index.js";
import { type CliContext, systemCli } from "./context.js";
import { EXIT_CODES } from "./exit-codes.js";
import { ReaderLeft } from "./output.js";
import { shown } from "./shown.js";
import { nearest } from "./suggest.js";

async function loaded(name: string): Promise<CommandModule> {
	const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
	if (load !== undefined) return load();
	const suggestion = nearest(name, Object.keys(COMMANDS));
	const hint = suggestion === null ? "" : ` Did you mean "et ${suggestion}"?`;
	throw new EtError("ET_USAGE", `There is no command "${name}".${hint} Nothing was done. See: et --help`);
}

async function printOverview({ out, client }: CliContext): Promise<number> {
	const modules = await Promise.all(Object.keys(COMMANDS).map(loaded));
	const { overview } = await import("./help.js");
	const { standardTerminal } = await import("./terminal.js");
	const specs = modules.map(({ spec }) => spec);
	out.write(overview(specs, standardTerminal(client.env)));
	return EXIT_CODES.ok;
}

async function printHelp({ out, client }: CliContext, { spec }: CommandModule): Promise<number> {
	const { commandHelp } = await import("./help.js");
	const { standardTerminal } = await import("./terminal.js");
	out.write(commandHelp(spec, standardTerminal(client.env)));
	return EXIT_CODES.ok;
}

async function printVersion({ out }: CliContext): Promise<number> {
	const { packageVersion } = await import("./version.js");
	out.line(packageVersion());
	return EXIT_CODES.ok;
}

async function dispatch(context: CliContext, [name, ...argv]: readonly string[]): Promise<number> {
	if (name === undefined) {
		throw new EtError("ET_USAGE", "There is no command to carry out. Nothing was done. See: et --help");
	}
	if (name === "--version" || name === "-V") return printVersion(context);
	if (name === "--help" || name === "-h") return printOverview(context);
	if (name === "help")
		return argv[0] === undefined ? printOverview(context) : printHelp(context, await loaded(argv[0]));
	const command = await loaded(name);
	return asksForHelp(command.spec, argv) ? printHelp(context, command) : command.run(context, argv);
}

function exitCodeOf(error: unknown): number {
	if (!(error instanceof EtError)) return EXIT_CODES.failed;
	if (error.code === "ET_USAGE") return EXIT_CODES.usage;
	const isNotFound = error.code === "ET_REPORT_NOT_FOUND" || error.code === "ET_REPORT_AMBIGUOUS";
	return isNotFound ? EXIT_CODES.notFound : EXIT_CODES.failed;
}

function messageOf(error: unknown): string {
	if (error instanceof EtError) return error.message;
	const what = error instanceof Error ? error.message : String(error);
	if (error instanceof Error && "syscall" in error) {
		return `The system did not let et go on: ${what}. What was done by then stays done, and the rest is as it was. Give access, or room, and do the same again.`;
	}
	return `Something went wrong that et did not foresee: ${what}. Reports in the spool are as they were; please tell ET's authors.`;
}

async function main(argv: readonly string[]): Promise<number> {
	const context = systemCli();
	try {
		return await dispatch(context, argv);
	} catch (error) {
		if (error instanceof ReaderLeft) return EXIT_CODES.ok;
		const lines = messageOf(error).split("\n").map(shown);
		context.err.line(`et: ${lines.join("\n")}`);
		return exitCodeOf(error);
	}
}

process.exitCode = await main(process.argv.slice(2));
