/** Commands that come to a bad end: out of memory in a cgroup, out of CPU time, or killed with all that is about them. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CGROUP_V1 = "/sys/fs/cgroup/memory";
const CGROUP_V2 = "/sys/fs/cgroup";

/** How a command is confined: `argv` stands before its own words. */
export interface Confined {
	how: string;
	argv: string[];
	/** What the server is to hear of the run. */
	expected: { signal: string; kill_reason: string | null };
	/** Undoes it, once the command is gone. */
	release(): void;
}

/** A memory cgroup of its own, as a scheduler makes one for a job; null where this user may not. */
function memoryCgroup(bytes: number): Confined | null {
	const isV2 = existsSync(join(CGROUP_V2, "cgroup.controllers"));
	const folder = join(isV2 ? CGROUP_V2 : CGROUP_V1, `et-pipeline-${process.pid}`);
	try {
		mkdirSync(folder);
		writeFileSync(join(folder, isV2 ? "memory.max" : "memory.limit_in_bytes"), String(bytes));
	} catch {
		if (existsSync(folder)) rmdirSync(folder);
		return null;
	}
	return {
		how: `a memory cgroup (v${isV2 ? 2 : 1}) of ${bytes / 2 ** 20} MiB`,
		argv: ["sh", "-c", `echo $$ >"${join(folder, "cgroup.procs")}" && exec "$@"`, "sh"],
		expected: { signal: "SIGKILL", kill_reason: "oom" },
		release: () => rmdirSync(folder),
	};
}

const CPU_SECONDS = 1;

/** A memory cgroup where that is possible, else a limit of CPU time, of which the kernel kills as well. */
export function confined(bytes: number): Confined {
	return (
		memoryCgroup(bytes) ?? {
			how: `ulimit -t ${CPU_SECONDS}, since no memory cgroup can be made here`,
			argv: ["bash", "-c", `ulimit -St ${CPU_SECONDS} && exec "$@"`, "bash"],
			expected: { signal: "SIGXCPU", kill_reason: null },
			release: () => undefined,
		}
	);
}

function hasChild(pid: number, program: string): boolean {
	try {
		const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
		return children.some((child) => child !== "" && readFileSync(`/proc/${child}/cmdline`, "utf8").includes(program));
	} catch {
		return false;
	}
}

const LOOK_MS = 20;

/**
 * Starts a command in a process group of its own, waits until its program runs and `et run` has left its marker, and
 * kills the whole group.
 *
 * @returns whether there was something to kill
 */
export async function killAll(
	argv: readonly string[],
	program: string,
	markers: string,
	env: NodeJS.ProcessEnv,
): Promise<boolean> {
	const [file = "", ...args] = argv;
	const child: ChildProcess = spawn(file, args, { env, stdio: "ignore", detached: true });
	const ended = new Promise<boolean>((resolve) => child.on("exit", (_code, signal) => resolve(signal === "SIGKILL")));
	const { pid } = child;
	if (pid === undefined) return false;
	const timer = setInterval(() => {
		const isMarked = existsSync(markers) && readdirSync(markers).length > 0;
		if (isMarked && hasChild(pid, program)) process.kill(-pid, "SIGKILL");
	}, LOOK_MS);
	return ended.finally(() => clearInterval(timer));
}
