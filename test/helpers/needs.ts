/** Tests of what not every machine has: where it is missing they are skipped, and their names say what they need. */
import { spawnSync } from "node:child_process";
import test, { type ExecutionContext } from "ava";

type Body = (t: ExecutionContext) => void | Promise<void>;

/** Declares a test, or names it as skipped. */
export type Declare = (title: string, body: Body) => void;

/**
 * @param isThere asked once, when the first such test is declared
 * @param declare how a test is declared where all is there; `test.serial` for tests that share something
 */
export function needing(what: string, isThere: () => boolean, declare: Declare = test): Declare {
	let found: boolean | undefined;
	return (title, body) => {
		found ??= isThere();
		if (found) declare(title, body);
		else test.skip(`${title} (needs ${what})`, body);
	};
}

/** Declares tests that need what this machine is known to lack; null where it lacks nothing. */
export const unlessLacking = (what: string | null): Declare => needing(what ?? "nothing", () => what === null);

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** Python plays the terminal: see `atTerminal`. */
export const onTerminal = needing("python3 with pty", () => runs("python3", "-c", "import pty"));
export const withPython = needing("python3", () => runs("python3", "--version"));
export const withPerl = needing("perl", () => runs("perl", "-v"));
export const underStrace = needing("strace", () => runs("strace", "-o", "/dev/null", "true"));
export const withSamtools = needing("samtools", () => runs("samtools", "--version"));
export const onUnix = needing("a system with Unix permissions", () => process.platform !== "win32");
export const onLinux = needing("Linux", () => process.platform === "linux");
export const asRoot = needing("root", () => process.geteuid?.() === 0);
export const asOrdinaryUser = needing("another user than root", () => (process.geteuid?.() ?? 0) !== 0);
