/** The uploader as tests use it: a flush in this process, or the program in one of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { type FlushOptions, type FlushSummary, flush } from "../../daemon/flush.js";
import { POLICY, type Policy } from "../../daemon/policy.js";
import type { RoundOptions } from "../../daemon/uploader.js";
import type { Directories } from "../../src/host/directories.js";
import { DEFAULT_BOUNDS } from "../../src/spool/bounds.js";
import { hostHash, type SpoolFolders } from "../../src/spool/layout.js";
import type { RejectedEnvelope } from "../../src/spool/remove.js";
import { waiting } from "../../src/spool/waiting.js";
import type { ChildResult } from "./child.js";
import { moduleUrl } from "./modules.js";
import { namesIn } from "./spool.js";

/** This machine, as tests name it. */
export const HOST = hostHash("test");

/** The real policy with short waits, so that a test of one takes no longer than it has to. */
export const QUICK: Policy = {
	...POLICY,
	patienceMs: 50,
	quickRetryMinMs: 1,
	quickRetryMaxMs: 5,
};

/** Gives up on a server that hangs after half a second. */
export const IMPATIENT: Policy = { ...QUICK, requestMs: 500 };

/** The user's folders around a spool, all within what the test removes. */
export function directoriesOf(folders: SpoolFolders): Directories {
	const beside = (name: string): string => join(folders.root, "..", name);
	return { spool: folders.root, consent: beside("config/consent"), sitePolicy: beside("policy.json") };
}

/** Options of a round on a spool: real clock, no environment, and no jitter in the back-off. */
export function roundOptions(folders: SpoolFolders, changes: Partial<RoundOptions> = {}): RoundOptions {
	return {
		directories: directoriesOf(folders),
		env: {},
		policy: QUICK,
		bounds: DEFAULT_BOUNDS,
		now: () => new Date(),
		random: () => 1,
		host: HOST,
		userAgent: "et-uploader/test",
		evenIfNotDue: false,
		stop: new AbortController().signal,
		abort: new AbortController().signal,
		...changes,
	};
}

/** Flushes a spool in this process, without a lease. */
export function flushSpool(folders: SpoolFolders, changes: Partial<FlushOptions> = {}): Promise<FlushSummary> {
	return flush(roundOptions(folders, changes));
}

/** Ids of the reports that wait, loose or folded, in the order of time. */
export function pendingIds(folders: SpoolFolders): string[] {
	return [...waiting(folders)].map(({ envelope }) => envelope.report.id);
}

/** What was refused: each report's id, with the server's reason. */
export function rejections(folders: SpoolFolders): { id: string; code: string; message: string }[] {
	return namesIn(folders.rejected).map((name) => {
		const { report, rejected } = JSON.parse(readFileSync(join(folders.rejected, name), "utf8")) as RejectedEnvelope;
		return { id: report.id, code: rejected.code, message: rejected.message };
	});
}

/** The environment of a program that is to work on a spool. */
export function uploaderEnv(folders: SpoolFolders): NodeJS.ProcessEnv {
	return {
		PATH: process.env["PATH"],
		ET_SPOOL: folders.root,
		ET_CONFIG: join(folders.root, "..", "config"),
	};
}

/** `et-uploader`, running. */
export interface RunningUploader {
	child: ChildProcess;
	/** What it has written so far, to both streams. */
	output: () => string;
	/** Resolves once its output holds a text; rejects if it ends before. */
	said: (text: string) => Promise<void>;
	ended: Promise<ChildResult>;
}

const PROGRAM = fileURLToPath(moduleUrl("daemon/main.js"));

/** Starts `et-uploader` on a spool; it is killed if the test ends first. */
export function startUploader(
	t: ExecutionContext,
	folders: SpoolFolders,
	args: readonly string[],
	env: NodeJS.ProcessEnv = {},
): RunningUploader {
	const child = spawn(process.execPath, [PROGRAM, ...args], {
		env: { ...uploaderEnv(folders), ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const ended = once(child, "close").then(([code, signal]): ChildResult => ({ code, signal, stdout, stderr }));
	t.teardown(async () => {
		child.kill("SIGKILL");
		await ended;
	});
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
	});
	const output = (): string => stdout + stderr;
	return { child, output, ended, said: (text) => untilSaid(child, output, text) };
}

function untilSaid(child: ChildProcess, output: () => string, text: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const look = (): void => {
			if (output().includes(text)) resolve();
		};
		child.stdout?.on("data", look);
		child.stderr?.on("data", look);
		child.once("close", () => reject(new Error(`et-uploader ended without saying "${text}": ${output()}`)));
		look();
	});
}

/** Runs `et-uploader` to its end. */
export function runUploader(
	t: ExecutionContext,
	folders: SpoolFolders,
	args: readonly string[],
	env: NodeJS.ProcessEnv = {},
): Promise<ChildResult> {
	return startUploader(t, folders, args, env).ended;
}
