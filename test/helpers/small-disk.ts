/** A small disk under a folder: a file system in memory, which only root can mount. */
import { spawnSync } from "node:child_process";
import { mkdirSync, statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @throws Error with what the system says */
function must(command: string, ...args: string[]): void {
	const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
	if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}

const SMALL_BYTES = 512 * 1024;

/** Mounts a small, empty disk. The caller unmounts it. @throws where this user may not */
export function mountSmallDisk(folder: string, bytes = SMALL_BYTES): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	must("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder);
}

/** Makes a mounted disk larger or smaller. @throws where what it holds has no room there */
export function resizeDisk(folder: string, bytes = SMALL_BYTES): void {
	must("mount", "-o", `remount,size=${bytes}`, folder);
}

/** Nothing can be written there any more, not even by root. */
export function makeReadOnly(folder: string): void {
	must("mount", "-o", "remount,ro", folder);
}

export function unmount(folder: string): void {
	must("umount", "--lazy", folder);
}

/** Takes all the room that a disk has left. @returns what gives it back */
export function takeAllRoom(folder: string): () => void {
	const path = join(folder, "ballast");
	const { bavail, bsize } = statfsSync(folder);
	writeFileSync(path, Buffer.alloc(bavail * bsize));
	return () => unlinkSync(path);
}
