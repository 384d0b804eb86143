/** Programs that a test starts, and sees to the end of. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { ExecutionContext } from "ava";

export interface ChildOptions {
	/** The child's environment; by default nothing but PATH. */
	env?: NodeJS.ProcessEnv;
	cwd?: string;
	/** @defaultValue nothing */
	input?: string;
	/** When this is aborted, the child is killed. */
	kill?: AbortSignal;
}

export interface ChildResult {
	code: number | null;
	signal: NodeJS.Signals | null;
	stdout: string;
	stderr: string;
}

/** Starts a program; it is killed if the test ends first. */
function start(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	{ env, cwd }: ChildOptions,
): ChildProcessWithoutNullStreams {
	const child = spawn(program, args, { cwd, env: { PATH: process.env["PATH"], ...env } });
	t.teardown(() => child.kill("SIGKILL"));
	// A program that ends without reading its input is no failure of the test's.
	child.stdin.on("error", () => {});
	return child;
}

function result(child: ChildProcessWithoutNullStreams): Promise<ChildResult> {
	let stdout = "";
	let stderr = "";
	child.stdout.setEncoding("utf8").on("data", (text) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text) => {
		stderr += text;
	});
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
	});
}

/** Runs a program to its end. */
export function runProgram(
	t: ExecutionContext,
	program: string,
	args: readonly string[],
	options: ChildOptions = {},
): Promise<ChildResult> {
	const child = start(t, program, args, options);
	options.kill?.addEventListener("abort", () => child.kill("SIGKILL"));
	child.stdin.end(options.input ?? "");
	return result(child);
}

const EVALUATE = ["--input-type=module", "--eval"];

/** Runs an ES module given as text, with Node.js. */
export function runScript(
	t: ExecutionContext,
	script: string,
	options: ChildOptions = {},
	args: readonly string[] = [],
): Promise<ChildResult> {
	return runProgram(t, process.execPath, [...EVALUATE, script, ...args], options);
}

/** Runs scripts in as many processes, which begin together: each waits for the end of its input, once all stand. */
export async function runTogether(
	t: ExecutionContext,
	scripts: readonly string[],
	options: ChildOptions = {},
): Promise<ChildResult[]> {
	const gate = `await new Promise((go) => { process.stdin.on("end", go).resume(); process.stderr.write("."); });`;
	const children = scripts.map((script) => start(t, process.execPath, [...EVALUATE, `${gate}\n${script}`], options));
	const results = children.map(result);
	await Promise.all(children.map((child) => once(child.stderr, "data")));
	for (const child of children) child.stdin.end();
	return (await Promise.all(results)).map((each) => ({ ...each, stderr: each.stderr.slice(1) }));
}
