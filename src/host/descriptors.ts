/**
 * Which descriptors this process was started with, so that a command that it starts has them too:
 * `et run -- sort 3<list`, and the job server of make.
 *
 * Node.js sets close-on-exec on the low ones and mixes its own among them. Its own are of two kinds,
 * both easy to tell: kernel objects without a name, and pipes of which it holds both ends.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const CLOSE_ON_EXEC = 0o2000000;
const ACCESS_MODE = 0o3;
const FIRST_UNNAMED = 3;

interface Descriptor {
	number: number;
	/** What it leads to: a path, or a kernel object such as `pipe:[4711]`. */
	target: string;
	/** As of open(2). */
	flags: number;
}

/** Null where it is gone: the folder of descriptors was read through it. */
function describe(number: number): Descriptor | null {
	try {
		const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))?.[1] ?? "0";
		return { number, target: readlinkSync(`/proc/self/fd/${number}`), flags: Number.parseInt(flags, 8) };
	} catch {
		return null;
	}
}

/** The two descriptors of make's job server, which is a pipe that make holds both ends of. */
function jobServer(env: NodeJS.ProcessEnv): number[] {
	const match = /--jobserver-(?:auth|fds)=(\d+),(\d+)/.exec(env["MAKEFLAGS"] ?? "");
	return match === null ? [] : [Number(match[1]), Number(match[2])];
}

/** Whether a descriptor is one that Node.js opened for itself. */
function isOwn({ target, flags }: Descriptor, all: readonly Descriptor[]): boolean {
	if (target.startsWith("anon_inode:")) return true;
	const isOtherEnd = (other: Descriptor): boolean =>
		other.target === target && (other.flags & ACCESS_MODE) !== (flags & ACCESS_MODE);
	return target.startsWith("pipe:") && all.some(isOtherEnd);
}

/**
 * Descriptors from 3 that were handed to this process and that a command would not get by itself. To
 * be asked before any file is opened. Never throws; empty where there is no /proc.
 */
export function inheritedDescriptors(env: NodeJS.ProcessEnv): number[] {
	try {
		const numbers = readdirSync("/proc/self/fd").map(Number);
		const unnamed = numbers.filter((number) => number >= FIRST_UNNAMED).map(describe);
		const all = unnamed.filter((descriptor) => descriptor !== null);
		const named = jobServer(env);
		return all
			.filter(({ flags }) => (flags & CLOSE_ON_EXEC) !== 0)
			.filter((descriptor) => named.includes(descriptor.number) || !isOwn(descriptor, all))
			.map(({ number }) => number);
	} catch {
		return [];
	}
}
