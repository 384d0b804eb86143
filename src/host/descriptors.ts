/**
 * Which descriptors this process was started with, so that a command that it starts has them too:
 * `et run -- sort 3<list`, and the job server of make.
 *
 * Node.js sets close-on-exec on the low ones and mixes its own among them. Its own are of two kinds,
 * both easy to tell: kernel objects without a name, and pipes of which it holds both ends.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const CLOSE_ON_EXEC = 0o2000000;
const FIRST_UNNAMED = 3;

/** The two descriptors of make's job server, which is a pipe that make holds both ends of. */
function jobServer(env: NodeJS.ProcessEnv): number[] {
	const match = /--jobserver-(?:auth|fds)=(\d+),(\d+)/.exec(env["MAKEFLAGS"] ?? "");
	return match === null ? [] : [Number(match[1]), Number(match[2])];
}

/** Whether the descriptor would be closed when a command starts; false where it is gone. */
function closesOnExec(descriptor: number): boolean {
	try {
		const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "latin1"))?.[1] ?? "0";
		return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
	} catch {
		return false;
	}
}

function targets(): Map<number, string> {
	const found = new Map<number, string>();
	for (const name of readdirSync("/proc/self/fd")) {
		try {
			found.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
		} catch {
			// The descriptor that the folder itself was read through.
		}
	}
	return found;
}

/**
 * Descriptors from 3 that were handed to this process and that a command would not get by itself. To
 * be asked before any file is opened. Never throws; empty where there is no /proc.
 */
export function inheritedDescriptors(env: NodeJS.ProcessEnv): number[] {
	try {
		const all = targets();
		const named = jobServer(env);
		const isOwn = (target: string): boolean =>
			target.startsWith("anon_inode:") ||
			(target.startsWith("pipe:") && [...all.values()].filter((other) => other === target).length > 1);
		return [...all]
			.filter(([descriptor, target]) => named.includes(descriptor) || !isOwn(target))
			.map(([descriptor]) => descriptor)
			.filter((descriptor) => descriptor >= FIRST_UNNAMED && closesOnExec(descriptor));
	} catch {
		return [];
	}
}
