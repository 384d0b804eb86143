/**
 * `npm start`: the whole way of a report before one's eyes, with nothing that is not real: a server, commands over
 * files, the spool, what would leave, the uploader, the page. Loopback and a temporary folder are all it touches.
 *
 *     npm start             stays until Ctrl-C, so that the page can be looked at
 *     npm start -- --once   ends by itself: exit code 0 if every run was recorded, 1 if not
 */
import { spawn } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import { startServer } from "../src/server/serve.js";
import { journalLines } from "../src/spool/journal.js";
import { checkoutFile, openStage, programArguments, runProgram, type Stage, start } from "./stage.js";

const PROJECT = "demo";
const FILES = ["LICENSE", "README.md", "package-lock.json", "node_modules/typescript/lib/typescript.js"];
const COMMANDS: [program: string, ...args: string[]][] = [["sha256sum"], ["gzip", "-c"], ["sort"]];
const WORDS_SCRIPT = fileURLToPath(new URL("./demo-words.js", import.meta.url));
const COLUMNS = 80;
const SHOWN_REPORTS = 6;

const isColoured = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
const styled = (style: "bold" | "dim", text: string): string => (isColoured ? styleText(style, text) : text);
const print = (line = ""): void => void process.stdout.write(`${line}\n`);

/** A chapter's heading, and what it is about, wrapped. */
function tell(heading: string, text: string): void {
	print();
	print(styled("bold", heading));
	let line = "";
	for (const word of text.split(" ")) {
		if (line.length + word.length >= COLUMNS) {
			print(line);
			line = "";
		}
		line += line === "" ? word : ` ${word}`;
	}
	print(line);
	print();
}

const command = (line: string): void => print(styled("dim", `  $ ${line}`));
const indented = (text: string): void => {
	for (const line of text.trimEnd().split("\n")) print(`  ${line}`);
};

function writeManifest(stage: Stage, endpoint: string): string {
	const manifest = {
		et: 1,
		project: PROJECT,
		endpoint,
		notice: {
			version: 1,
			purpose: "To show what ET does, on this machine alone.",
			contact: "you@localhost",
			retention: "P1D",
			addresses: "none",
		},
		inputs: { input: { unit: "bytes", why: "Run time depends on the size of the file." } },
		data: { words: { type: "integer", why: "To show a figure that only the script knows." } },
	};
	const path = join(stage.folder, "et.json");
	writeFileSync(path, JSON.stringify(manifest, null, "\t"));
	return path;
}

function isInstalled(program: string): boolean {
	return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

const sizeText = (path: string): string => `${(statSync(path).size / 1024).toFixed(1)} KiB`;

async function grantConsent(stage: Stage, manifest: string): Promise<void> {
	tell(
		"The user agrees",
		"Nothing is recorded before that. The notice says what is collected, why, for how long and by whom.",
	);
	command(`et consent grant ${PROJECT} --manifest et.json --yes`);
	const { code, stdout, stderr } = await runProgram(
		"et",
		["consent", "grant", PROJECT, "--manifest", manifest, "--yes"],
		stage.env,
	);
	indented(stdout + stderr);
	if (code !== 0) throw new Error(`et consent ended with exit code ${code}`);
}

/** One run of a command over a file, timed. @returns whether it ran */
async function runOne(stage: Stage, line: string, file: string, args: readonly string[]): Promise<boolean> {
	const path = checkoutFile(file);
	const begun = performance.now();
	const { code, stderr } = await start(process.execPath, args, stage.env).ended;
	const seconds = ((performance.now() - begun) / 1000).toFixed(2);
	const name = file.slice(file.lastIndexOf("/") + 1);
	print(`  ${line.padEnd(12)}${name.padEnd(22)}${sizeText(path).padStart(12)}${seconds.padStart(8)} s`);
	if (code !== 0) print(`    ended with exit code ${code}: ${stderr.trim()}`);
	return code === 0;
}

/** Runs every command over every file. @returns how many runs there were */
async function runCommands(stage: Stage, manifest: string): Promise<number> {
	tell(
		"Real commands over real files",
		"Each leaves its reports in the spool and ends at once. `et run` stands before any command; the script `words` calls startRun() itself.",
	);
	const files = FILES.filter((file) => existsSync(checkoutFile(file)));
	let runs = 0;
	for (const [program, ...args] of COMMANDS) {
		if (!isInstalled(program)) {
			print(`  ${program}: skipped, since this machine does not have it`);
			continue;
		}
		for (const file of files) {
			const path = checkoutFile(file);
			const et = [...programArguments("et"), "run", "--manifest", manifest, "--input", `input=${path}:bytes`, "--"];
			if (await runOne(stage, program, file, [...et, program, ...args, path])) runs++;
		}
	}
	for (const file of files) {
		if (await runOne(stage, "words", file, [WORDS_SCRIPT, manifest, checkoutFile(file)])) runs++;
	}
	return runs;
}

interface Pending {
	reports: { id: string; event: string }[];
}

/** On a terminal the program prints there itself, as it would for the user. */
async function showProgram(stage: Stage, args: readonly string[]): Promise<void> {
	command(`et ${args.join(" ")}`);
	const child = spawn(process.execPath, [...programArguments("et"), ...args], { env: stage.env, stdio: "inherit" });
	await new Promise<void>((resolve, reject) => child.on("error", reject).on("close", () => resolve()));
	print();
}

async function inspect(stage: Stage): Promise<void> {
	const { stdout } = await runProgram("et", ["pending", "--json"], stage.env);
	const { reports } = JSON.parse(stdout) as Pending;
	tell(
		"What waits",
		`${reports.length} reports lie in the spool as plain files. The user can read and remove each of them; here are the first.`,
	);
	await showProgram(stage, ["pending", "--limit", String(SHOWN_REPORTS)]);
	const last = reports.findLast(({ event }) => event === "end");
	if (last === undefined) return;
	tell("What would leave", "Exactly this, for the last of them, and nothing else:");
	await showProgram(stage, ["show", last.id, "--pretty"]);
}

/** Sends what waits. @returns whether the uploader found all well */
async function flush(stage: Stage): Promise<boolean> {
	tell("Sending", "The uploader, the user's own daemon, sends what waits in batches. It alone speaks to servers.");
	command("et-uploader --once");
	const { code, stdout, stderr } = await runProgram("et-uploader", ["--once"], stage.env);
	indented(stdout + stderr);
	const verdicts = new Map<string, number>();
	for (const line of journalLines(stage.spool)) {
		if (!("verdicts" in line)) continue;
		for (const verdict of Object.values(line.verdicts)) verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
	}
	const counted = [...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
	print(`  The server's verdicts, one for each report: ${counted || "none"}.`);
	return code === 0;
}

async function play(stage: Stage, isOnce: boolean): Promise<number> {
	const server = await startServer({
		port: 0,
		database: join(stage.folder, "et.sqlite"),
		config: { openIntake: true },
	});
	try {
		print(styled("bold", "ET, phone home: the way of a report, from a script to its author"));
		tell("The author's server", `It listens on ${server.url} and keeps what it gets in an SQLite file.`);
		const manifest = writeManifest(stage, server.url);
		await grantConsent(stage, manifest);
		const runs = await runCommands(stage, manifest);
		await inspect(stage);
		const isFlushed = await flush(stage);
		const recorded = (await server.store.counts()).runs;
		tell("On the author's page", `${server.url}/ shows each run once, whatever number of reports it sent.`);
		print(`${recorded} runs recorded`);
		if (recorded !== runs || runs === 0 || !isFlushed) {
			print(`That is wrong: ${runs} commands ran. Is there a site policy on this machine that forbids reports?`);
			return 1;
		}
		if (!isOnce) await untilStopped();
		return 0;
	} finally {
		await server.close();
	}
}

function untilStopped(): Promise<void> {
	print("Look at the page; Ctrl-C stops the server and removes everything.");
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
			process.removeAllListeners(signal).once(signal, () => resolve());
		}
	});
}

try {
	const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
	process.exitCode = await play(openStage("demo"), values.once);
} catch (error) {
	process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 1;
}
