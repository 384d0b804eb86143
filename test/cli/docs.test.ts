/** docs/cli.md is what the commands say of themselves. UPDATE=1 writes it anew. */
import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { COMMANDS } from "../../src/cli/commands/index.js";
import { EXIT_CODE_MEANINGS, EXIT_CODES, type ExitCode } from "../../src/cli/exit-codes.js";
import { commandHelp, overview } from "../../src/cli/help.js";
import { terminalFor } from "../../src/cli/terminal.js";

const PAGE = new URL("../../../docs/cli.md", import.meta.url);
const PLAIN = terminalFor(true, 80, { NO_COLOR: "1" });

const block = (text: string): string => `\`\`\`text\n${text}\`\`\`\n`;

function exitCodeTable(): string {
	const names = Object.keys(EXIT_CODES) as ExitCode[];
	const rows = names.map((name) => `| ${EXIT_CODES[name]} | ${EXIT_CODE_MEANINGS[name]} |`);
	return ["| code | meaning |", "|---|---|", ...rows, ""].join("\n");
}

async function page(): Promise<string> {
	const modules = await Promise.all(Object.values(COMMANDS).map((load) => load()));
	const specs = modules.map(({ spec }) => spec);
	const sections = specs.map((spec) => `## et ${spec.name}\n\n${block(commandHelp(spec, PLAIN))}`);
	return [
		"# The command line\n",
		"What `et --help` and each command's `--help` print, in one page. It is written by its test: build, then\n" +
			"`UPDATE=1 npx ava dist/test/cli/docs.test.js`.\n",
		block(overview(specs, PLAIN)),
		"## Exit codes\n",
		"A closed list. `et run` ends with the code of its command, or of its signal.\n",
		exitCodeTable(),
		...sections,
	].join("\n");
}

test("the page of the command line is up to date", async (t) => {
	const wanted = await page();
	if (process.env["UPDATE"] === "1") writeFileSync(PAGE, wanted);
	t.is(readFileSync(PAGE, "utf8"), wanted);
});
