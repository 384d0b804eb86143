/**
 * Holds the sources to the import rules of .dependency-cruiser.cjs, and the rules to their fixtures.
 *
 * A checker that sees nothing finds nothing: dependency-cruiser with a TypeScript that it does not know checks 0
 * modules and succeeds. So the number of modules that it saw is compared with the files on disk, and each rule must
 * catch the violation that test/fixtures/imports/ keeps for it.
 */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cruise } from "dependency-cruiser";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FIXTURES = join(ROOT, "test/fixtures/imports");
const FOLDERS = ["src", "daemon", "test", "tools"];
const SOURCE = /(?<!\.d)\.(?:ts|mjs|js)$/;

const rules = createRequire(import.meta.url)("../.dependency-cruiser.cjs");

/** Sources under the folders that exist, as paths relative to `base`; fixtures of violations are not sources. */
function sources(base) {
	const existing = readdirSync(base).filter((name) => FOLDERS.includes(name));
	const files = existing.flatMap((folder) =>
		readdirSync(join(base, folder), { recursive: true }).map((file) => join(folder, file)),
	);
	return files.filter((file) => SOURCE.test(file) && !file.startsWith(join("test", "fixtures")));
}

/** The modules and violations of the tree at `base`, by the rules as they stand. */
async function check(base) {
	const { options, ...ruleSet } = rules;
	const { enhancedResolveOptions, ...cruiseOptions } = options;
	const files = sources(base);
	const { output } = await cruise(
		files,
		{ ...cruiseOptions, baseDir: base, validate: true, ruleSet },
		enhancedResolveOptions,
	);
	return { files, modules: output.modules.map(({ source }) => source), violations: output.summary.violations };
}

function reason(ruleName) {
	return rules.forbidden.find(({ name }) => name === ruleName)?.comment;
}

async function checkTree() {
	const { files, modules, violations } = await check(ROOT);
	const unseen = files.filter((file) => !modules.includes(file));
	return [
		...unseen.map((file) => `${file} was not checked: dependency-cruiser does not read it`),
		...violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}\n    ${reason(rule.name)}`),
	].concat(files.length === 0 ? ["there is nothing to check"] : []);
}

/** What is wrong with one rule's fixture: it must be caught, by this rule and by no other. */
async function checkFixture(name) {
	const { violations } = await check(join(FIXTURES, name));
	const caught = new Set(violations.map(({ rule }) => rule.name));
	if (!caught.has(name)) return [`${name}: its fixture is not caught`];
	caught.delete(name);
	return caught.size === 0 ? [] : [`${name}: its fixture also breaks ${[...caught].join(", ")}`];
}

async function checkFixtures() {
	const names = rules.forbidden.map(({ name }) => name);
	const folders = readdirSync(FIXTURES);
	const problems = folders.filter((name) => !names.includes(name)).map((name) => `${name}: a fixture without a rule`);
	for (const name of names) {
		if (folders.includes(name)) problems.push(...(await checkFixture(name)));
		else problems.push(`${name}: a rule without a fixture`);
	}
	return problems;
}

const problems = [...(await checkTree()), ...(await checkFixtures())];
for (const problem of problems) console.error(`imports: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else
	console.log(`imports: ${sources(ROOT).length} files obey ${rules.forbidden.length} rules, each caught its fixture`);
