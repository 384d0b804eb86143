/**
 * A disk that fills up under the spool: a small file system in memory, which only root can mount.
 * Afterwards every report that `enqueue()` called queued is on the server once, or still waits.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count, type Toll } from "./kills.js";
import { CLIENT, start, type World } from "./world.js";

const SPOOL_DISK_BYTES = 512 * 1024;

/** @throws Error with what the system says */
function must(command: string, ...args: string[]): void {
	const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
	if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}

/** Mounts a small, empty disk. The caller unmounts it. @throws where this user may not */
export function mountSmallDisk(folder: string, bytes = SPOOL_DISK_BYTES): void {
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	must("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "tmpfs", folder);
}

export function unmount(folder: string): void {
	must("umount", "--lazy", folder);
}

/** Whether this user may mount a disk here: root, and not in every container. */
export function canFillDisk(): boolean {
	const folder = mkdtempSync(join(tmpdir(), "et-mount-"));
	try {
		mountSmallDisk(folder);
		unmount(folder);
		return true;
	} catch {
		return false;
	} finally {
		rmdirSync(folder);
	}
}

/** Takes all the room that a disk has left. @returns what gives it back */
export function takeAllRoom(folder: string): () => void {
	const path = join(folder, "ballast");
	const { bavail, bsize } = statfsSync(folder);
	writeFileSync(path, Buffer.alloc(bavail * bsize));
	return () => unlinkSync(path);
}

/** A script that enqueues until it is told that its report was dropped, and prints each result on a line. */
const WRITER = `
const { enqueue } = await import(${JSON.stringify(CLIENT)});
const results = [];
do results.push(enqueue({ command: "soak", wallS: 1 }, { manifest: process.env.ET_MANIFEST }));
while (results.at(-1).status === "queued" && results.length < 10000);
for (const result of results) console.log(JSON.stringify(result));
`;

export interface Result {
	status: string;
	id?: string;
	reason?: string;
}

/** Writes to the spool until there is no room. @returns what the script was told of each report */
export async function writeUntilFull(world: World): Promise<Result[]> {
	const writer = start(["--input-type=module", "--eval", WRITER], { ...world.env, ET_MANIFEST: world.manifestPath });
	const code = await writer.ended;
	if (code !== 0) throw new Error(`The script failed: ${writer.output()}`);
	const results = writer
		.output()
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line) as Result);
	const last = results.at(-1);
	if (last?.reason !== "disk_full") throw new Error(`The disk did not fill up: ${JSON.stringify(last)}`);
	return results;
}

/** The disk fills up by reports, an uploader works on the full one, and then there is room again. */
export async function fillDisk(world: World, times: number): Promise<Toll> {
	const promised = new Set<string>();
	mountSmallDisk(world.folders.root);
	try {
		for (let done = 0; done < times; done++) {
			for (const { id } of await writeUntilFull(world)) if (id !== undefined) promised.add(id);
			const giveBack = takeAllRoom(world.folders.root);
			await world.startUploader().ended;
			giveBack();
			await makeRoomAndDrain(world);
		}
		return count("disks full", times, world, promised);
	} finally {
		unmount(world.folders.root);
	}
}

const MORE = 16;

/** What a user does whose disk is full. */
async function makeRoomAndDrain(world: World): Promise<void> {
	must("mount", "-o", `remount,size=${MORE * SPOOL_DISK_BYTES}`, world.folders.root);
	await world.drain();
	must("mount", "-o", `remount,size=${SPOOL_DISK_BYTES}`, world.folders.root);
}
