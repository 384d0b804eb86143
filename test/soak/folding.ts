/** What folding saves on disk: the files and the bytes that reports take, before and after. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fill } from "./kills.js";
import type { World } from "./world.js";

/** What some folders of a spool take. */
export interface Footprint {
	what: string;
	/** Inodes. */
	files: number;
	/** What the files hold, in bytes. */
	content: number;
	/** What they take on disk, in bytes. */
	onDisk: number;
}

/** Of stat(2)'s st_blocks, whatever the file system's own are. */
const BLOCK_BYTES = 512;

function footprint(what: string, folders: readonly string[]): Footprint {
	const sum: Footprint = { what, files: 0, content: 0, onDisk: 0 };
	for (const folder of folders) {
		for (const name of readdirSync(folder)) {
			const { size, blocks } = statSync(join(folder, name));
			sum.files++;
			sum.content += size;
			sum.onDisk += blocks * BLOCK_BYTES;
		}
	}
	return sum;
}

/** Has an uploader fold so many reports, whose server is dead. @returns what they take before and after */
export async function measureFolding(world: World, reports: number): Promise<Footprint[]> {
	await world.killServer();
	fill(world, reports);
	const before = footprint("loose", [world.folders.new]);
	await world.startUploader().ended;
	return [before, footprint("folded", [world.folders.new, world.folders.segments])];
}
