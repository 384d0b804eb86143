/** The command `et-server` as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";

export const ET_SERVER = fileURLToPath(new URL("../../src/server/main.js", import.meta.url));

export interface ServerProcess {
	child: ChildProcess;
	url: string;
	/** What it has printed so far. */
	output(): string;
	/** Sends a signal and waits for the end: the exit code, or the signal that ended it. */
	end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/**
 * Starts the command, for every project's reports, on a free port and waits until it listens; it is killed if the test
 * ends first.
 */
export async function startServerProcess(
	t: ExecutionContext,
	database: string,
	more: readonly string[] = [],
): Promise<ServerProcess> {
	const child = spawn(process.execPath, [ET_SERVER, "--port", "0", "--open", "--database", database, ...more], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	t.teardown(() => child.kill("SIGKILL"));
	const exited = once(child, "exit").then(([code, signal]) => code ?? signal);
	let output = "";
	const url = await new Promise<string>((resolve, reject) => {
		const read = (text: string) => {
			output += text;
			const line = /listens on (\S+)\n[\s\S]*Stop:/.exec(output);
			if (line?.[1] !== undefined) resolve(line[1]);
		};
		child.stdout.setEncoding("utf8").on("data", read);
		child.stderr.setEncoding("utf8").on("data", read);
		exited.then((code) => reject(new Error(`et-server ended with ${code} before it listened: ${output}`)), reject);
	});
	return {
		child,
		url,
		output: () => output,
		end: (signal) => {
			child.kill(signal);
			return exited;
		},
	};
}
