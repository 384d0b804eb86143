/**
 * Checks the package as its users get it: packs it, lets publint and are-the-types-wrong look at the tarball,
 * installs it into an empty folder as a script's user would, weighs what came along, starts each program once, and
 * carries out the README's examples. Nothing but a temporary folder is written.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const require = createRequire(import.meta.url);
const ATTW = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist/index.js");
const TSC = require.resolve("typescript/bin/tsc");
const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What a script's user installs beside the package itself: about a dozen packages and 2 MB. */
const MAX_PACKAGES = 14;
const MAX_BYTES = 2.25 * 1024 * 1024;
/** Of the package itself, unpacked. */
const MAX_OWN_BYTES = 2.75 * 1024 * 1024;
const EXECUTABLE = 0o755;
const NEVER_SHIPPED = /^dist\/(?:test|tools)\/|tsbuildinfo$|^(?:src|daemon|test|tools)\//;

const run = promisify(execFile);

/** A check that did not hold; its message says what to look at. */
class PackageError extends Error {}

function expect(condition, message) {
	if (!condition) throw new PackageError(message);
}

/** Runs a program to its end, whatever its exit code. */
async function outcome(file, args, options) {
	try {
		return { code: 0, ...(await run(file, args, options)) };
	} catch (error) {
		if (typeof error.code !== "number") throw error;
		return { code: error.code, stdout: error.stdout, stderr: error.stderr };
	}
}

async function mustRun(name, file, args, options) {
	const { code, stdout, stderr } = await outcome(file, args, options);
	expect(code === 0, `${name} failed (exit code ${code}):\n${stdout}${stderr}`);
	return stdout;
}

function npm(args, cwd) {
	const script = process.env.npm_execpath;
	const [file, before] = script === undefined ? ["npm", []] : [process.execPath, [script]];
	return mustRun(`npm ${args[0]}`, file, [...before, ...args], { cwd });
}

async function pack(folder) {
	const [packed] = JSON.parse(await npm(["pack", "--ignore-scripts", "--json", "--pack-destination", folder], ROOT));
	const strays = packed.files.map(({ path }) => path).filter((path) => NEVER_SHIPPED.test(path));
	expect(strays.length === 0, `the package ships ${strays.join(", ")}: see "files" in package.json`);
	expect(packed.unpackedSize <= MAX_OWN_BYTES, `the package itself has ${mebibytes(packed.unpackedSize)} unpacked`);
	console.log(`package: ${packed.files.length} files, ${mebibytes(packed.unpackedSize)} unpacked`);
	return join(folder, packed.filename);
}

async function lintTarball(tarball) {
	const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(await readFile(tarball)).buffer } });
	expect(messages.length === 0, `publint: ${messages.map((message) => formatMessage(message, pkg)).join("\n")}`);
	await mustRun("are-the-types-wrong", process.execPath, [ATTW, tarball, "--profile", "esm-only"]);
	console.log("package: publint and are-the-types-wrong find nothing");
}

async function install(tarball, folder) {
	await mkdir(folder);
	await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
	const quiet = ["--no-audit", "--no-fund", "--prefer-offline"];
	await npm(["install", ...quiet, "--omit=dev", "--omit=optional", "--omit=peer", tarball], folder);
}

async function bytesIn(folder) {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
	return sizes.reduce((sum, size) => sum + size, 0);
}

function mebibytes(bytes) {
	return `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

/** What came along, as npm itself recorded it. */
async function weigh(folder) {
	const lock = JSON.parse(await readFile(join(folder, "node_modules/.package-lock.json"), "utf8"));
	const paths = Object.keys(lock.packages).filter((path) => path !== "node_modules/et-phone-home");
	const sizes = await Promise.all(paths.map((path) => bytesIn(join(folder, path))));
	const bytes = sizes.reduce((sum, size) => sum + size, 0);
	const names = paths.map((path) => path.replace("node_modules/", "")).join(", ");
	console.log(`package: brings ${paths.length} packages, ${mebibytes(bytes)}: ${names}`);
	expect(
		paths.length <= MAX_PACKAGES,
		`a script's user installs ${paths.length} packages; ${MAX_PACKAGES} are allowed`,
	);
	expect(bytes <= MAX_BYTES, `a script's user installs ${mebibytes(bytes)}; ${mebibytes(MAX_BYTES)} are allowed`);
}

/** How programs are started where the package is installed, with a home of their own. */
function userOptions(folder, home) {
	const bin = join(folder, "node_modules/.bin");
	const PATH = [bin, dirname(process.execPath), process.env.PATH].join(delimiter);
	return { cwd: folder, env: { PATH, HOME: home, USERPROFILE: home }, shell: process.platform === "win32" };
}

async function expectUntouched(home, what) {
	const left = await readdir(home, { recursive: true });
	expect(left.length === 0, `${what} left files in the user's home: ${left.join(", ")}`);
}

/** Each program starts from what was installed, and leaves nothing in the user's home. */
async function start(options, home) {
	const script = "const et = await import('et-phone-home'); console.log(typeof et.enqueue, typeof et.startRun)";
	const types = await mustRun("import", process.execPath, ["--input-type=module", "-e", script], options);
	expect(types.trim() === "function function", `import("et-phone-home") offers: ${types}`);
	for (const program of ["et", "et-uploader"]) {
		const help = await mustRun(`${program} --help`, program, ["--help"], options);
		expect(help.includes(program), `${program} --help does not name ${program}:\n${help}`);
	}
	const { code, stdout, stderr } = await outcome("et-server", [], options);
	const lines = `${stdout}${stderr}`.trim().split("\n");
	expect(code !== 0 && lines.length === 1, `et-server must fail in one line without its packages:\n${stdout}${stderr}`);
	expect(lines[0].includes("npm install"), `et-server does not say what to install: ${lines[0]}`);
	await expectUntouched(home, "starting the programs");
	console.log("package: import, et, et-uploader and et-server start");
}

/** The first block of a language in the README. */
function example(readme, language) {
	const block = readme.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms"))?.[1];
	expect(block !== undefined, `README.md shows no ${language}`);
	return block;
}

/** Puts the README's examples where a reader would, and what they speak of beside them. */
async function writeExamples(folder) {
	const readme = await readFile(join(ROOT, "README.md"), "utf8");
	const compilerOptions = {
		strict: true,
		exactOptionalPropertyTypes: true,
		target: "es2023",
		module: "nodenext",
		types: ["node"],
		typeRoots: [join(ROOT, "node_modules/@types")],
	};
	const files = {
		"et.json": example(readme, "json"),
		"example.ts": example(readme, "ts"),
		"example.sh": example(readme, "bash"),
		"tsconfig.json": JSON.stringify({ compilerOptions, files: ["example.ts"] }),
		"align.sh": "#!/bin/sh\nwc -l < reads.fastq\nexit 3\n",
		"reads.fastq": "@one\nACGT\n+\n!!!!\n",
	};
	for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: EXECUTABLE });
}

/** Both examples, as a reader would start them; each as if ET were not there. */
async function runExamples(options) {
	const shell = await outcome("sh", ["example.sh"], options);
	expect(shell.code === 3 && shell.stdout.trim() === "4", `et run is not transparent: ${JSON.stringify(shell)}`);
	const script = await outcome(process.execPath, ["example.js"], options);
	expect(script.code === 0, `the README's script failed: ${script.stderr}`);
	const printed = `${shell.stderr}${script.stdout}${script.stderr}`;
	expect(printed === "", `ET printed in a user's run: ${printed}`);
}

/** The README's examples compile, leave nothing before the user agrees, and are reported afterwards. */
async function carryOutExamples(folder, options, home) {
	await writeExamples(folder);
	await mustRun("tsc over the README's example", process.execPath, [TSC, "-p", folder]);
	await runExamples(options);
	await expectUntouched(home, "running without consent");
	await mustRun("et consent grant", "et", ["consent", "grant", "et.json", "--yes"], options);
	await runExamples(options);
	const { reports } = JSON.parse(await mustRun("et pending", "et", ["pending", "--json"], options));
	const ends = reports.filter(({ event }) => event === "end").map(({ command }) => command);
	expect(ends.join() === "align.sh,align", `the examples left ${JSON.stringify(reports)}`);
	console.log("package: the README's examples do what it says");
}

const folder = await mkdtemp(join(tmpdir(), "et-package-"));
try {
	const consumer = join(folder, "consumer");
	const tarball = await pack(folder);
	await lintTarball(tarball);
	await install(tarball, consumer);
	await weigh(consumer);
	const home = join(folder, "home");
	await mkdir(home);
	const options = userOptions(consumer, home);
	await start(options, home);
	await carryOutExamples(consumer, options, home);
} catch (error) {
	if (!(error instanceof PackageError)) throw error;
	console.error(`package: ${error.message}`);
	process.exitCode = 1;
} finally {
	await rm(folder, { recursive: true, force: true });
}
