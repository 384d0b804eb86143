/**
 * What a command is, and how its command line is read. A command says once what it takes: the parser
 * and the help text are both made from that.
 *
 * node:util's parseArgs does the reading: it costs a script 1 ms where a package costs 10.
 */
import { parseArgs } from "node:util";
import { EtError } from "../errors.js";
import type { CliContext } from "./context.js";
import type { ExitCode } from "./exit-codes.js";
import { nearest } from "./suggest.js";

export interface OptionSpec {
	/** The name of its value, as help prints it; an option without is a switch. */
	readonly value?: string;
	/** May be given several times. */
	readonly multiple?: true;
	readonly short?: string;
	readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface CommandSpec<Options extends OptionSpecs = OptionSpecs> {
	readonly name: string;
	/** One line. */
	readonly summary: string;
	/** What stands behind `et NAME`, a line a form. */
	readonly usage: readonly string[];
	/** Paragraphs; a paragraph that begins with a space is printed as it is. */
	readonly details: readonly string[];
	readonly options: Options;
	/** A command line, and what it does. */
	readonly examples: readonly (readonly [line: string, does: string])[];
	readonly exitCodes: readonly ExitCode[];
	/** Its options end where the command begins that it is to run. */
	readonly takesCommand?: true;
}

type OptionValue<O extends OptionSpec> = O extends { value: string; multiple: true }
	? readonly string[]
	: O extends { value: string }
		? string | undefined
		: boolean;

export type OptionValues<Options extends OptionSpecs> = {
	readonly [Name in keyof Options]: OptionValue<Options[Name]>;
};

export interface Parsed<Options extends OptionSpecs> {
	readonly options: OptionValues<Options>;
	readonly positionals: readonly string[];
}

export interface CommandModule {
	readonly spec: CommandSpec;
	/**
	 * @param argv what stands behind the command's name
	 * @returns the exit code
	 * @throws EtError with a message for the user
	 */
	run(context: CliContext, argv: readonly string[]): number | Promise<number>;
}

/** A command that is asked for its help prints it and does nothing else. */
const HELP_OPTION: OptionSpec = { short: "h", help: "print this help" };

export const withHelp = (options: OptionSpecs): OptionSpecs => ({ ...options, help: HELP_OPTION });

/** A command line that can't be understood. */
export function usageError(command: string, what: string): EtError {
	return new EtError("ET_USAGE", `${what} Nothing was done. See: et ${command} --help`);
}

function parserOptions(options: OptionSpecs): NonNullable<Parameters<typeof parseArgs>[0]>["options"] {
	const entries = Object.entries(withHelp(options)).map(([name, { value, multiple, short }]) => [
		name,
		{
			type: value === undefined ? "boolean" : "string",
			...(multiple === undefined ? {} : { multiple }),
			...(short === undefined ? {} : { short }),
		},
	]);
	return Object.fromEntries(entries);
}

type Token = NonNullable<ReturnType<typeof tokensOf>>[number];

function tokensOf(options: OptionSpecs, argv: readonly string[]) {
	const config = { args: [...argv], options: parserOptions(options), strict: false, tokens: true } as const;
	return parseArgs({ ...config, allowPositionals: true }).tokens;
}

/** What is wrong with one option as it was given, or null. */
function optionProblem(token: Extract<Token, { kind: "option" }>, options: OptionSpecs): string | null {
	const known = withHelp(options);
	const spec = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
	if (spec === undefined) {
		const suggestion = nearest(token.name, Object.keys(known));
		return `There is no option ${token.rawName}${suggestion === null ? "." : `: did you mean --${suggestion}?`}`;
	}
	if (spec.value === undefined) return token.value === undefined ? null : `The option ${token.rawName} takes no value.`;
	const isMissing = token.value === undefined || (!token.inlineValue && token.value.startsWith("--"));
	return isMissing ? `The option ${token.rawName} needs a value: ${token.rawName} ${spec.value}.` : null;
}

/** Reads what stands behind a command's name. @throws EtError `ET_USAGE` */
export function parseCommandLine<Options extends OptionSpecs>(
	spec: CommandSpec<Options>,
	argv: readonly string[],
): Parsed<Options> {
	const values: Record<string, unknown> = {};
	for (const [name, { value, multiple }] of Object.entries(spec.options)) {
		values[name] = value === undefined ? false : multiple ? [] : undefined;
	}
	const positionals: string[] = [];
	for (const token of tokensOf(spec.options, argv)) {
		if (token.kind === "positional") positionals.push(token.value);
		if (token.kind !== "option") continue;
		const problem = optionProblem(token, spec.options);
		if (problem !== null) throw usageError(spec.name, problem);
		const { value, multiple } = spec.options[token.name] ?? {};
		if (value === undefined) values[token.name] = true;
		else if (multiple) (values[token.name] as string[]).push(token.value ?? "");
		else values[token.name] = token.value;
	}
	return { options: values as OptionValues<Options>, positionals };
}

/** Whether the command line asks for the command's help. */
export function asksForHelp({ options, takesCommand }: CommandSpec, argv: readonly string[]): boolean {
	if (!argv.includes("--help") && !argv.includes("-h")) return false;
	const own = takesCommand ? splitAtCommand(options, argv).own : argv;
	return tokensOf(options, own).some((token) => token.kind === "option" && token.name === "help");
}

/** Where the command that is to be run begins: behind `--`, or at the first word that is no option's. */
export function splitAtCommand(
	options: OptionSpecs,
	argv: readonly string[],
): { own: readonly string[]; command: readonly string[] } {
	const start = tokensOf(options, argv).find(({ kind }) => kind !== "option");
	if (start === undefined) return { own: argv, command: [] };
	const skipped = start.kind === "option-terminator" ? 1 : 0;
	return { own: argv.slice(0, start.index), command: argv.slice(start.index + skipped) };
}
