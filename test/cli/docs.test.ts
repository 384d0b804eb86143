/** docs/cli.md and docs/man/ are what the commands say of themselves. UPDATE=1 writes them anew. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import test from "ava";
import { type CommandSpec, type OptionSpec, withHelp } from "../../src/cli/command.js";
import { COMMANDS } from "../../src/cli/commands/index.js";
import { EXIT_CODE_MEANINGS, EXIT_CODES, type ExitCode } from "../../src/cli/exit-codes.js";
import { overview } from "../../src/cli/help.js";
import { terminalFor } from "../../src/cli/terminal.js";

const DOCS = new URL("../../../docs/", import.meta.url);
const PLAIN = terminalFor(true, 80, { NO_COLOR: "1" });

/** Where more is told than how a command is called. */
const MORE: Readonly<Record<string, readonly string[]>> = {
	explain: ["manifest.md", "consent.md"],
	consent: ["consent.md", "policy.md", "review.md"],
	pending: ["review.md"],
	show: ["wire-format.md"],
	review: ["review.md"],
	hold: ["review.md"],
	release: ["review.md"],
	approve: ["review.md"],
	redact: ["review.md", "afterwards.md"],
	drop: ["consent.md"],
	sent: ["afterwards.md"],
	view: ["view.md"],
	forget: ["afterwards.md"],
	purge: ["afterwards.md"],
	status: ["uploader.md"],
	check: ["manifest.md"],
	run: ["consent.md", "inputs.md"],
	size: ["inputs.md"],
	enqueue: ["inputs.md", "scrubbing.md", "errors.md"],
	"run-key": ["spool-format.md"],
	export: ["uploader.md"],
	import: ["uploader.md"],
	doctor: ["platforms.md"],
};

const block = (lines: readonly string[]): string => ["```text", ...lines, "```"].join("\n");

function exitCodeTable(names: readonly ExitCode[]): string {
	const rows = names.map((name) => `| ${EXIT_CODES[name]} | ${EXIT_CODE_MEANINGS[name]} |`);
	return ["| code | meaning |", "|---|---|", ...rows].join("\n");
}

/** What Markdown would take for markup in a sentence of help. */
const prose = (text: string): string => text.replace(/[*_<>|[\]]/g, "\\$&");

/** Paragraphs; those that are printed as they are stand in blocks. */
function description({ details }: CommandSpec): string[] {
	const parts: string[][] = [];
	for (const paragraph of details) {
		const isAsItIs = paragraph.startsWith(" ");
		const last = parts.at(-1);
		if (isAsItIs && last?.[0]?.startsWith(" ") === true) last.push(paragraph);
		else parts.push([paragraph]);
	}
	return parts.map((part) => (part[0]?.startsWith(" ") === true ? block(part) : prose(part[0] ?? "")));
}

function optionLine([name, { value, short, help, multiple }]: [string, OptionSpec]): string {
	const names = `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
	return `- \`${names}\`: ${prose(help)}${multiple ? "; may be repeated" : ""}`;
}

function manPage(spec: CommandSpec): string {
	const { name, summary, usage, examples, exitCodes, takesCommand } = spec;
	const sections: [heading: string, text: string][] = [
		["NAME", `et ${name} - ${prose(summary)}`],
		["SYNOPSIS", block(usage.map((form) => `et ${name} ${form}`.trimEnd()))],
		["DESCRIPTION", description(spec).join("\n\n")],
		["OPTIONS", Object.entries(withHelp(spec.options)).map(optionLine).join("\n")],
		["EXAMPLES", examples.map(([line, does]) => `${block([line])}\n\n${prose(does)}`).join("\n\n")],
		["EXIT STATUS", `${takesCommand ? "That of the command; or:\n\n" : ""}${exitCodeTable(exitCodes)}`],
		["SEE ALSO", ["cli.md", ...(MORE[name] ?? [])].map((page) => `[${page}](../${page})`).join(", ")],
	];
	return `# et-${name}(1)\n\n${sections.map(([heading, text]) => `## ${heading}\n\n${text}\n`).join("\n")}`;
}

const pageName = ({ name }: CommandSpec): string => `man/et-${name}.md`;

function index(specs: readonly CommandSpec[]): string {
	const rows = specs.map((spec) => `| [et ${spec.name}](${pageName(spec)}) | ${prose(spec.summary)} |`);
	const lines = [
		"# The command line",
		"",
		"What `et --help` prints, and a page for each command. They are written by their test: build, then",
		"`UPDATE=1 npx ava dist/test/cli/docs.test.js`.",
		"",
		"| command | what it is for |",
		"|---|---|",
		...rows,
		"",
		block(overview(specs, PLAIN).trimEnd().split("\n")),
		"",
		"## Exit codes",
		"",
		"A closed list. `et run` ends with the code of its command, or of its signal.",
		"",
		exitCodeTable(Object.keys(EXIT_CODES) as ExitCode[]),
	];
	return `${lines.join("\n")}\n`;
}

test("the pages of the command line are up to date, and no other page lies among them", async (t) => {
	const modules = await Promise.all(Object.values(COMMANDS).map((load) => load()));
	const specs = modules.map(({ spec }) => spec as CommandSpec);
	t.deepEqual(Object.keys(MORE).sort(), specs.map(({ name }) => name).sort());
	const wanted = new Map([["cli.md", index(specs)], ...specs.map((spec) => [pageName(spec), manPage(spec)] as const)]);
	const man = new URL("man/", DOCS);
	if (process.env["UPDATE"] === "1") {
		rmSync(man, { recursive: true, force: true });
		mkdirSync(man);
		for (const [name, text] of wanted) writeFileSync(new URL(name, DOCS), text);
	}
	for (const [name, text] of wanted) t.is(readFileSync(new URL(name, DOCS), "utf8"), text, name);
	t.deepEqual(readdirSync(man).sort(), specs.map((spec) => pageName(spec).slice("man/".length)).sort());
});
