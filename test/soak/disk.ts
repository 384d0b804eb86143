/**
 * A disk that fills up under the spool: a small file system in memory, which only root can mount.
 * Afterwards every report that `enqueue()` called queued is on the server once, or still waits.
 */
import { mountSmallDisk, resizeDisk, takeAllRoom, unmount } from "../helpers/small-disk.js";
import { count, type Toll } from "./kills.js";
import { CLIENT, start, type World } from "./world.js";

/** A script that enqueues until it is told that its report was dropped, and prints each result on a line. */
const WRITER = `
const { enqueue } = await import(${JSON.stringify(CLIENT)});
const results = [];
do results.push(enqueue({ command: "soak", wallS: 1 }, { manifest: process.env.ET_MANIFEST }));
while (results.at(-1).status === "queued" && results.length < 10000);
for (const result of results) console.log(JSON.stringify(result));
`;

interface Result {
	status: string;
	id?: string;
	reason?: string;
}

/** Writes to the spool until there is no room. @returns what the script was told of each report */
async function writeUntilFull(world: World): Promise<Result[]> {
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

const ROOMY_BYTES = 8 * 1024 * 1024;

/** What a user does whose disk is full. */
async function makeRoomAndDrain(world: World): Promise<void> {
	resizeDisk(world.folders.root, ROOMY_BYTES);
	await world.drain();
	resizeDisk(world.folders.root);
}
