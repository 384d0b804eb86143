/**
 * Holds biome.json to its fixture: each global that reaches the network or prints must be refused in a client's
 * room, line by line, by the rules as they stand. (`npm run lint` then holds the sources to them.)
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const FIXTURE = fileURLToPath(new URL("../test/fixtures/globals", import.meta.url));
const BIOME = fileURLToPath(new URL("../node_modules/@biomejs/biome/bin/biome", import.meta.url));
const FILE = "src/client/send.ts";
/** A line of the fixture says which rule must refuse it. */
const EXPECTATION = /\/\/ (no\w+)$/;

async function refusals() {
	const args = [BIOME, "lint", "--reporter=json", FILE];
	// biome fails, as it must; what it found is on stdout either way.
	const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: FIXTURE }).catch((error) => error);
	return JSON.parse(stdout).diagnostics.map(({ category, location }) => ({
		line: location.start.line,
		rule: category.split("/").at(-1),
	}));
}

const lines = (await readFile(join(FIXTURE, FILE), "utf8")).split("\n");
const expected = lines.flatMap((text, index) => {
	const rule = text.match(EXPECTATION)?.[1];
	return rule === undefined ? [] : [{ line: index + 1, rule }];
});
const found = await refusals();
const missed = expected.filter(({ line, rule }) => !found.some((each) => each.line === line && each.rule === rule));
for (const { line, rule } of missed) console.error(`globals: ${FILE}:${line} is not refused by ${rule}`);
if (missed.length > 0 || expected.length === 0) process.exitCode = 1;
else console.log(`globals: ${expected.length} uses refused, as they must be`);
