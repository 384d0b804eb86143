/** Programs that a test starts, and sees to the end of. */
import { spawn } from "node:child_process";
import type { ExecutionContext } from "ava";

export interface ChildOptions {
	/** The child's whole environment; by default nothing but PATH. */
	env?: NodeJS.ProcessEnv;
	cwd?: string;
	/** @defaultValue nothing */
	input?: string;
}

export interface ChildResult {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

/** Runs a program to its end; it is killed if the test ends first. */
export function runProgram(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	options: ChildOptions = {},
): Promise<ChildResult> {
	const child = spawn(program, args, { cwd: options.cwd, env: { PATH: process.env["PATH"], ...options.env } });
	t.teardown(() => child.kill("SIGKILL"));
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text) => {
		stderr += text;
	});
	// A program that ends without reading its input is no failure of the test's.
	child.stdin.on("error", () => {});
	child.stdin.end(options.input ?? "");
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
	});
}

/** Runs an ES module given as text, with Node.js. */
export function runScript(
	t: ExecutionContext,
	script: string,
	options: ChildOptions = {},
	args: readonly string[] = [],
): Promise<ChildResult> {
	return runProgram(t, process.execPath, ["--input-type=module", "--eval", script, ...args], options);
}
