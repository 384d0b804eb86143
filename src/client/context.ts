/** What the client takes from the machine, in one place, so that a test can give another. */
import { type Directories, directories } from "../host/directories.js";
import { hostName } from "../host/identity.js";
import { randomBytes } from "../host/random.js";

export interface ClientContext {
	env: NodeJS.ProcessEnv;
	/** Null where the user has no home and no variable names a place. */
	folders: Directories | null;
	now: () => Date;
	/** Seconds on a clock that never jumps; only differences mean anything. */
	monotonicS: () => number;
	random: (length: number) => Uint8Array;
	hostName: () => string;
	pid: number;
	/**
	 * Whether a report may start the uploader, where the user chose that.
	 * @defaultValue true
	 */
	startsUploader?: boolean;
	/**
	 * Whether the limits of the job are looked up also where no variable says that this is a job: files are read.
	 * @defaultValue false
	 */
	readsLimits?: boolean;
}

const NANOSECONDS = 1e9;

/** Loading `performance` costs a script 0.7 ms, this nothing. */
function monotonicS(): number {
	const [seconds, nanoseconds] = process.hrtime();
	return seconds + nanoseconds / NANOSECONDS;
}

/** Null also where `ET_SPOOL` is relative to a working directory that is gone. */
function foldersOf(env: NodeJS.ProcessEnv): Directories | null {
	try {
		return directories({ env });
	} catch {
		return null;
	}
}

function now(): Date {
	return new Date();
}

/** This process on this machine. */
export function systemContext(env: NodeJS.ProcessEnv = process.env): ClientContext {
	return {
		env,
		folders: foldersOf(env),
		now,
		monotonicS,
		random: randomBytes,
		hostName,
		pid: process.pid,
	};
}
