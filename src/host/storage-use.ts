/** What was read from storage and written to it: not what came from the kernel's memory, nor from pipes. */
import { readdirSync, readFileSync } from "node:fs";

/** Bytes. */
export interface StorageUse {
	readBytes: number;
	writtenBytes: number;
}

/** proc_pid_io(5): what was fetched from storage, and what was to be written there. */
function useIn(path: string): StorageUse {
	const text = readFileSync(path, "latin1");
	const readBytes = Number(/^read_bytes: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
	const writtenBytes = Number(/^write_bytes: (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
	return { readBytes, writtenBytes };
}

/**
 * That of all children that were waited for, and of theirs, since this process began; null where the system
 * does not tell.
 *
 * The kernel adds a child's account to its parent's when it is waited for. Each thread of this process has an
 * account of its own as well: what they do not explain was the children's.
 */
export function reapedStorageUse(): StorageUse | null {
	try {
		let { readBytes, writtenBytes } = useIn("/proc/self/io");
		for (const thread of readdirSync("/proc/self/task")) {
			const own = useIn(`/proc/self/task/${thread}/io`);
			readBytes -= own.readBytes;
			writtenBytes -= own.writtenBytes;
		}
		return Number.isFinite(readBytes + writtenBytes) ? { readBytes, writtenBytes } : null;
	} catch {
		return null;
	}
}
