/** Where demonstrations, replays and benchmarks play: a home folder of their own, gone when the program ends. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SpoolFolders, spoolFolders } from "../src/spool/layout.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BINS: Record<string, string> = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).bin;

/** Variables of the user's that programs need, and that change nothing about ET. */
const KEPT_VARIABLES = ["PATH", "LANG", "LC_ALL", "TERM", "NO_COLOR", "FORCE_COLOR", "SystemRoot", "TMPDIR"];
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export type Program = "et" | "et-uploader" | "et-server";

/** Node.js's arguments that start one of the package's programs, as npm would link it. */
export function programArguments(program: Program): string[] {
	return [join(ROOT, BINS[program] ?? "")];
}

/** A file of this checkout. */
export function checkoutFile(path: string): string {
	return join(ROOT, path);
}

export interface Stage {
	/** Everything is in here. */
	folder: string;
	/** What programs get: this home, and none of the user's settings for ET or for proxies. */
	env: NodeJS.ProcessEnv;
	spool: SpoolFolders;
}

/** Builds a home folder; it is removed however the program ends, save by SIGKILL. */
export function openStage(name: string): Stage {
	const folder = mkdtempSync(join(realpathSync(tmpdir()), `et-${name}-`));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
	for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) process.on(signal, () => process.exit(code));
	const home = join(folder, "home");
	mkdirSync(home);
	const kept = KEPT_VARIABLES.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]]));
	const env: NodeJS.ProcessEnv = {
		...Object.fromEntries(kept),
		HOME: home,
		USERPROFILE: home,
		ET_SPOOL: join(home, "spool"),
		ET_CONFIG: join(home, "config"),
	};
	return { folder, env, spool: spoolFolders(join(home, "spool")) };
}

export interface Ended {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

export interface Running {
	ended: Promise<Ended>;
	kill: (signal: NodeJS.Signals) => void;
}

/** Starts a program of ours or of the machine's and gathers what it prints; it does not outlive this process. */
export function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
	const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
	const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
	const killAtExit = (): void => kill("SIGKILL");
	process.on("exit", killAtExit);
	const output = { stdout: "", stderr: "" };
	for (const name of ["stdout", "stderr"] as const) {
		child[name].setEncoding("utf8").on("data", (text: string) => {
			output[name] += text;
		});
	}
	const ended = new Promise<Ended>((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code, signal) => {
			process.off("exit", killAtExit);
			resolve({ code, signal, ...output });
		});
	});
	return { ended, kill };
}

/** Runs one of the package's programs to its end. */
export function runProgram(program: Program, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
	return start(process.execPath, [...programArguments(program), ...args], env).ended;
}
