/**
 * Holds biome.json to its fixture: what reaches the network or prints without an import must be refused in a
 * client's room, line by line, by the rules as they stand. (`npm run lint` then holds the sources to them.)
 */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BIOME = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
const FIXTURE = join(ROOT, "test/fixtures/globals");
const FILE = "src/client/send.ts";
/** A line of the fixture ends with the rule that must refuse it; a line without must pass. */
const EXPECTATION = /\/\/ (\w+)$/;

/** Which rule refuses which line, with the fixture standing where a real source would. */
async function refusals(folder) {
	for (const path of ["biome.json", "tools/lint"]) await cp(join(ROOT, path), join(folder, path), { recursive: true });
	await cp(FIXTURE, folder, { recursive: true });
	// biome fails, as it must; what it found is on stdout either way.
	const args = [BIOME, "lint", "--reporter=json", FILE];
	const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).catch((error) => error);
	return JSON.parse(stdout).diagnostics.map(
		({ category, location }) => `${location.start.line} ${category.split("/").at(-1)}`,
	);
}

async function expectations() {
	const lines = (await readFile(join(FIXTURE, FILE), "utf8")).split("\n");
	return lines.flatMap((text, index) => {
		const rule = text.match(EXPECTATION)?.[1];
		return rule === undefined ? [] : [`${index + 1} ${rule}`];
	});
}

const folder = await mkdtemp(join(tmpdir(), "et-globals-"));
try {
	const expected = await expectations();
	const found = await refusals(folder);
	const missed = expected.filter((each) => !found.includes(each));
	const wrong = found.filter((each) => !expected.includes(each));
	for (const each of missed) console.error(`globals: ${FILE}: not refused: line ${each}`);
	for (const each of wrong) console.error(`globals: ${FILE}: refused though it is allowed: line ${each}`);
	if (missed.length + wrong.length > 0 || expected.length === 0) process.exitCode = 1;
	else console.log(`globals: ${expected.length} uses refused, as they must be`);
} finally {
	await rm(folder, { recursive: true, force: true });
}
