/**
 * Runs a command as if it had been started without us: the same descriptors, the same process group
 * and terminal, the same end.
 *
 * Signals: what is typed at a terminal (Ctrl-C, Ctrl-\, Ctrl-Z) reaches the whole process group, and so
 * the command itself; what is sent to this process alone is passed on. Stopping and continuing is left
 * as it is, so that the shell's job control works on the group.
 */
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { systemErrorCode } from "../errors.js";
import { forbidCoreDump } from "../host/core-dump.js";
import { inheritedDescriptors } from "../host/descriptors.js";
import { isInForeground, outlivesTerminal, usesTerminal } from "../host/terminal.js";
import { exactWords } from "./exact-words.js";
import { EXIT_CODES, SIGNAL_EXIT_BASE } from "./exit-codes.js";

/** How a command ended. */
export type ChildEnd = { signal: NodeJS.Signals } | { code: number };

export interface ChildOptions {
	env: NodeJS.ProcessEnv;
	/** Called with the command's pid, once it runs. */
	onStart: (pid: number) => void;
}

/** Passed on; SIGUSR1 would otherwise open Node.js' debugger. */
const PASSED_ON = ["SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"] as const;
/** Passed on unless they were typed, and have reached the command. */
const TYPED = ["SIGINT", "SIGQUIT"] as const;

/** From before the command starts to the end of this process: it waits for the command, whatever comes. */
function passSignalsOn(target: () => ChildProcess | null): void {
	const pass = (signal: NodeJS.Signals) => target()?.kill(signal);
	for (const signal of PASSED_ON) process.on(signal, () => pass(signal));
	for (const signal of TYPED) process.on(signal, () => isInForeground() || pass(signal));
}

type StdioSlot = "inherit" | "ignore" | number;

/** "ignore" opens nothing from descriptor 3 on. */
function stdioWith(descriptors: readonly number[]): StdioSlot[] {
	const highest = Math.max(2, ...descriptors);
	const slot = (index: number): StdioSlot => (index < 3 ? "inherit" : descriptors.includes(index) ? index : "ignore");
	return Array.from({ length: highest + 1 }, (_, index) => slot(index));
}

/** The command line to start; a command that is to outlive its terminal is told anew, by the program that is for it. */
function asStarted(command: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
	const words = exactWords(command, env);
	return outlivesTerminal(env) && !usesTerminal() ? ["nohup", "--", ...words] : words;
}

/** Whether a command's name leads to a file. */
function isThere(program: string, env: NodeJS.ProcessEnv): boolean {
	if (program.includes("/")) return true;
	return (env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** What a shell ends with where a command can't be started. */
function startFailure(error: unknown, program: string, env: NodeJS.ProcessEnv): ChildEnd {
	// A folder of PATH that this user may not look into makes the system say EACCES of a command that is nowhere.
	const isMissing = systemErrorCode(error) === "ENOENT" || !isThere(program, env);
	return { code: isMissing ? EXIT_CODES.noCommand : EXIT_CODES.notExecutable };
}

/** To be called before any file is opened. Never rejects. */
export function prepareChild(command: readonly string[], { env, onStart }: ChildOptions): () => Promise<ChildEnd> {
	const stdio = stdioWith(inheritedDescriptors(env));
	const [program = "", ...args] = asStarted(command, env);
	const { spawn } = process.getBuiltinModule("node:child_process");
	return () =>
		new Promise((resolve) => {
			let child: ChildProcess | null = null;
			passSignalsOn(() => child);
			try {
				child = spawn(program, args, { stdio, env });
			} catch (error) {
				resolve(startFailure(error, program, env));
				return;
			}
			// A command of another user's (sudo) can't be signalled; that is an error too, and no end.
			child.on("error", (error) => child?.pid ?? resolve(startFailure(error, program, env)));
			child.on("exit", (code, signal) => resolve(signal === null ? { code: code ?? EXIT_CODES.failed } : { signal }));
			if (child.pid !== undefined) onStart(child.pid);
		});
}

const DUMPS_CORE: ReadonlySet<NodeJS.Signals> = new Set([
	"SIGQUIT",
	"SIGILL",
	"SIGTRAP",
	"SIGABRT",
	"SIGBUS",
	"SIGFPE",
	"SIGSEGV",
	"SIGXCPU",
	"SIGXFSZ",
	"SIGSYS",
]);

/** A signal that has not ended this process by then is one that the system does not let it die of. */
const DELIVERY_MS = 1000;

/** Dies of a signal as the command did. Returns only where the system did not let it. */
function dieOf(signal: NodeJS.Signals): void {
	// Our image over the command's core file would hide what its author needs.
	if (DUMPS_CORE.has(signal) && !forbidCoreDump()) return;
	try {
		// Adding a listener and removing it is Node.js' only way to the default, also for SIGPIPE, which it ignores.
		process.on(signal, () => {});
		process.removeAllListeners(signal);
	} catch {
		// SIGKILL and SIGSTOP can have no listener, and need none.
	}
	process.kill(process.pid, signal);
	// It may be delivered through another thread, a moment later.
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DELIVERY_MS);
}

/** Ends this process as the command ended. */
export function endLike(end: ChildEnd): never {
	// Node.js puts a terminal back as it found it; the command may have meant to change it (stty).
	for (const descriptor of [0, 1, 2]) {
		try {
			closeSync(descriptor);
		} catch {
			// It was closed from the start.
		}
	}
	if ("code" in end) process.exit(end.code);
	dieOf(end.signal);
	process.exit(SIGNAL_EXIT_BASE + (process.getBuiltinModule("node:os").constants.signals[end.signal] ?? 0));
}
