/** Help, made from what a command says of itself; docs/cli.md and docs/man/ are made from the same. */
import { type CommandSpec, type OptionSpec, withHelp } from "./command.js";
import { EXIT_CODE_MEANINGS, EXIT_CODES } from "./exit-codes.js";
import { styled, type Terminal, wrapped } from "./terminal.js";

/** Wider lines are hard to read. */
const MOST_COLUMNS = 100;
const INDENT = "  ";
/** Stands for a blank at which no line is broken: what is in brackets stays together. */
const NO_BREAK = "\u0001";
/** A name that is wider stands on a line of its own. */
const NAME_COLUMNS = 24;

const columnsOf = ({ width }: Terminal): number => (Number.isFinite(width) ? Math.min(width, MOST_COLUMNS) : 80);

/** A name, and what it means beside it. */
function definition(name: string, meaning: string, columns: number): string[] {
	const indent = " ".repeat(NAME_COLUMNS);
	const lines = wrapped(meaning, columns, indent);
	const head = INDENT + name;
	if (head.length + INDENT.length > NAME_COLUMNS) return [head, ...lines];
	return [head.padEnd(NAME_COLUMNS) + (lines[0] ?? "").trimStart(), ...lines.slice(1)];
}

/** A paragraph, or a line that is printed as it is. */
function paragraphLines(paragraph: string, columns: number): string[] {
	return paragraph.startsWith(" ") ? [INDENT + paragraph.slice(1)] : ["", ...wrapped(paragraph, columns)];
}

function optionName(name: string, { value, short }: OptionSpec): string {
	const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
	return value === undefined ? names : `${names} ${value}`;
}

function exitCodeLines({ exitCodes, takesCommand }: CommandSpec, columns: number): string[] {
	const listed = exitCodes.flatMap((code) => definition(String(EXIT_CODES[code]), EXIT_CODE_MEANINGS[code], columns));
	return takesCommand ? [...definition("any", "that of the command", columns), ...listed] : listed;
}

/** A form of the command line; where it is long, it goes on beneath what stands behind the name. */
function usageLines(name: string, usage: string, columns: number): string[] {
	const head = `${INDENT}et ${name} `;
	const indent = " ".repeat(head.length);
	const groups = usage.replace(/\[[^\]]*\]/g, (group) => group.replaceAll(" ", NO_BREAK));
	const [first = "", ...rest] = wrapped(groups, columns, indent).map((line) => line.replaceAll(NO_BREAK, " "));
	return [(head + first.slice(indent.length)).trimEnd(), ...rest];
}

/** `et NAME --help`. */
export function commandHelp(spec: CommandSpec, terminal: Terminal): string {
	const columns = columnsOf(terminal);
	const heading = (text: string) => ["", styled(terminal, "bold", text)];
	const lines = [
		...wrapped(`et ${spec.name} - ${spec.summary}`, columns),
		...heading("Usage"),
		...spec.usage.flatMap((usage) => usageLines(spec.name, usage, columns)),
		...spec.details.flatMap((paragraph) => paragraphLines(paragraph, columns)),
		...heading("Options"),
		...Object.entries(withHelp(spec.options)).flatMap(([name, option]) =>
			definition(optionName(name, option), option.help + (option.multiple ? "; may be repeated" : ""), columns),
		),
		...heading("Examples"),
		...spec.examples.flatMap(([line, does]) => [`${INDENT}${line}`, ...wrapped(does, columns, INDENT.repeat(3))]),
		...heading("Exit codes"),
		...exitCodeLines(spec, columns),
	];
	return `${lines.join("\n")}\n`;
}

/** `et --help`. */
export function overview(specs: readonly CommandSpec[], terminal: Terminal): string {
	const columns = columnsOf(terminal);
	const heading = (text: string) => ["", styled(terminal, "bold", text)];
	const lines = [
		"et - usage reports that you agree to, can read, and can take back",
		...heading("Usage"),
		`${INDENT}et COMMAND [OPTIONS]`,
		`${INDENT}et COMMAND --help`,
		`${INDENT}et --version`,
		...heading("Commands"),
		...specs.flatMap(({ name, summary }) => definition(name, summary, columns)),
		...heading("Examples"),
		`${INDENT}et consent grant dunovo --manifest et.json`,
		...wrapped("agree to a project's reports, after reading what it wants to know", columns, INDENT.repeat(3)),
		`${INDENT}et run --manifest et.json --input reads=a.fq:reads -- ./align.sh a.fq`,
		...wrapped("run a command as ever, and leave a report of it in your spool", columns, INDENT.repeat(3)),
		`${INDENT}et pending`,
		...wrapped("see what waits; et show ID prints exactly what would be sent", columns, INDENT.repeat(3)),
		...heading("Environment"),
		...definition("DO_NOT_TRACK=1", "nothing is recorded and nothing leaves; so does ET_DISABLED=1", columns),
		...definition("ET_SPOOL", "the folder in which reports wait", columns),
		...definition("ET_CONFIG", "the folder of your decisions", columns),
		...definition("NO_COLOR, FORCE_COLOR", "no colours; colours also in a pipe", columns),
		"",
		...wrapped(
			"et opens no connection: et-uploader sends what waits. Exit codes: " +
				"0 done, 1 failed, 2 wrong command line, 3 not agreed to, 4 not kept, 5 not found; et run ends as its command does.",
			columns,
		),
	];
	return `${lines.join("\n")}\n`;
}
