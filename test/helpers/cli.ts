import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { WireReport } from "../../src/report/types.js";
import { entries } from "../../src/spool/read.js";
import { type ChildOptions, type ChildResult, runProgram } from "./child.js";
import { grantAt, type Home, temporaryHome } from "./home.js";

export const ET = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

/** `et`, as a shell is told to run it. */
export const ET_WORDS: readonly string[] = [process.execPath, ET];

/** Runs `et` at a home, with its input and output in pipes. */
export function et(
	t: ExecutionContext,
	home: Home,
	args: readonly string[],
	options: ChildOptions = {},
): Promise<ChildResult> {
	return runProgram(t, process.execPath, [ET, ...args], { ...options, env: { ...home.env, ...options.env } });
}

/** Runs a line of bash in which `et` is at hand. */
export function inBash(
	t: ExecutionContext,
	home: Home,
	line: string,
	options: ChildOptions = {},
): Promise<ChildResult> {
	const define = `et() { "${ET_WORDS.join('" "')}" "$@"; }`;
	return runProgram(t, "bash", ["-c", `${define}\n${line}`], { ...options, env: { ...home.env, ...options.env } });
}

/** A home at which the manifest's reports are kept. */
export function grantedHome(t: ExecutionContext): Home {
	const home = temporaryHome(t);
	grantAt(home);
	return home;
}

export function reportsIn(home: Home): WireReport[] {
	return [...entries(home.spool.new)].map(({ envelope }) => envelope.report);
}

/** What a person at the terminal does: waits until something is shown, then types. */
export interface TerminalStep {
	/** A part of what is shown behind what the last step waited for. */
	see: string;
	/** @defaultValue nothing */
	type?: string;
	/** Another command that runs to its end first. @defaultValue none */
	run?: readonly string[];
	/** The terminal gets so many columns. @defaultValue as it is */
	columns?: number;
	/** The number of a signal that the command gets. @defaultValue none */
	signal?: number;
}

export interface TerminalOptions {
	env?: NodeJS.ProcessEnv;
	cwd?: string;
	/** @defaultValue 80 */
	columns?: number;
}

export interface TerminalResult {
	/** All that was shown; lines end with CR LF, as at every terminal. */
	shown: string;
	/** Exit code, or minus the signal's number. */
	status: number;
	/** Whether the terminal reads lines and shows what is typed, as it did before. */
	cooked: boolean;
}

const TERMINAL = `
import fcntl, json, os, pty, signal, struct, subprocess, sys, termios
told = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(told["cwd"])
    os.execvpe(told["command"][0], told["command"], told["env"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, told["columns"], 0, 0))
shown, seen, steps = b"", 0, told["steps"]
signal.alarm(60)
while True:
    while steps and steps[0]["see"].encode() in shown[seen:]:
        step = steps.pop(0)
        seen = shown.index(step["see"].encode(), seen) + len(step["see"].encode())
        if "run" in step:
            subprocess.run(step["run"], env=told["env"], stdin=subprocess.DEVNULL, capture_output=True)
        if "columns" in step:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, step["columns"], 0, 0))
        if "signal" in step:
            os.kill(pid, step["signal"])
        os.write(terminal, step.get("type", "").encode())
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        piece = b""
    if not piece:
        break
    shown += piece
status = os.waitpid(pid, 0)[1]
status = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
cooked = termios.ICANON | termios.ECHO
cooked = termios.tcgetattr(terminal)[3] & cooked == cooked
print(json.dumps({"cooked": cooked, "shown": shown.decode("utf-8", "replace"), "status": status, "missed": steps}))
`;

/** Runs a command at a terminal of its own. Fails the test where a step waited for what never came. */
export async function atTerminal(
	t: ExecutionContext,
	command: readonly string[],
	steps: readonly TerminalStep[] = [],
	{ env = {}, cwd = "/", columns = 80 }: TerminalOptions = {},
): Promise<TerminalResult> {
	const told = { command, steps, columns, cwd, env: { TERM: "xterm", PATH: process.env["PATH"], ...env } };
	const { stdout, stderr } = await runProgram(t, "python3", ["-c", TERMINAL, JSON.stringify(told)]);
	if (stdout === "") throw new Error(`the terminal failed: ${stderr}`);
	const { missed, ...result } = JSON.parse(stdout) as TerminalResult & { missed: TerminalStep[] };
	t.deepEqual(missed, [], `never shown; what was shown: ${JSON.stringify(result.shown)}`);
	return result;
}
