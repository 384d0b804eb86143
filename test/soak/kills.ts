/**
 * SIGKILL at random moments. Afterwards every report that `enqueue()` called queued is on the server
 * once, or still waits: none lost, none twice.
 */

import { readFileSync } from "node:fs";
import { parseManifest } from "../../src/report/manifest.js";
import { makeFolders } from "../../src/spool/put.js";
import { countReports } from "../../src/spool/read.js";
import { countWaiting } from "../../src/spool/waiting.js";
import { randomSequence } from "../../tools/random.js";
import { fillSpool } from "../helpers/spool.js";
import { CLIENT, GRANT, printed, type Running, start, type World } from "./world.js";

/** What an attack came to. */
export interface Toll {
	attack: string;
	/** How often. */
	times: number;
	/** Reports that were promised to be delivered. */
	queued: number;
	onServer: number;
	pending: number;
	/** Had to go by the spool's bounds, and the user is told of it. */
	dropped: number;
	/** Nowhere, and not counted as dropped. */
	lost: number;
	twice: number;
}

/** Longest time that a process is left alone before it is killed, in milliseconds. */
const WRITER_LIFE_MS = 60;
const UPLOADER_LIFE_MS = 600;
const SERVER_LIFE_MS = 400;
const WRITERS_AT_ONCE = 4;
/** Several batches. */
const REPORTS_TO_SEND = 2000;
/** More than may lie about loose: POLICY.foldFromReports. */
const REPORTS_TO_FOLD = 1200;
/** So that the spool stays within its bounds. */
const KILLS_BETWEEN_DELIVERIES = 20;

export const after = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

export function count(attack: string, times: number, world: World, promised: ReadonlySet<string>): Toll {
	const stored = world.onServer();
	const pending = world.pending();
	const dropped = world.dropped();
	const lost = [...promised].filter((id) => !stored.has(id) && !pending.has(id)).length - dropped;
	const twice = [...stored.values()].filter((times) => times > 1).length;
	return { attack, times, queued: promised.size, onServer: stored.size, pending: pending.size, dropped, lost, twice };
}

/** Kills a process after a while. @returns whether it was killed, and had not ended by itself */
async function killWithin(running: Running, lifeMs: number): Promise<boolean> {
	await Promise.race([after(lifeMs), running.ended]);
	running.child.kill("SIGKILL");
	return (await running.ended) === null;
}

/** A script that enqueues for ever, and prints an id once it was told that it is queued. */
const WRITER = `
import { writeSync } from "node:fs";
const { enqueue } = await import(${JSON.stringify(CLIENT)});
for (;;) {
	const result = enqueue({ command: "soak", wallS: 1 }, { manifest: process.env.ET_MANIFEST });
	if (result.status !== "queued") throw new Error(JSON.stringify(result));
	writeSync(1, result.id + "\\n");
}`;

const REPORT_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n/g;

async function killedWriter(world: World, lifeMs: number): Promise<string[]> {
	const writer = start(["--input-type=module", "--eval", WRITER], { ...world.env, ET_MANIFEST: world.manifestPath });
	await printed(writer, /\n/);
	await killWithin(writer, lifeMs);
	return (writer.output().match(REPORT_ID) ?? []).map((line) => line.trim());
}

/** Writers die while they write; then all that was queued is delivered. */
export async function killWriters(world: World, kills: number): Promise<Toll> {
	const random = randomSequence(1);
	const promised = new Set<string>();
	for (let done = 0; done < kills; done += WRITERS_AT_ONCE) {
		const some = Array.from({ length: Math.min(WRITERS_AT_ONCE, kills - done) }, () =>
			killedWriter(world, random() * WRITER_LIFE_MS),
		);
		for (const ids of await Promise.all(some)) for (const id of ids) promised.add(id);
	}
	await world.drain();
	return count("writers", kills, world, promised);
}

/** Puts reports into the spool without the fsyncs of a script. @returns all ids that wait */
export function fill(world: World, reports: number): Set<string> {
	const manifest = parseManifest(JSON.parse(readFileSync(world.manifestPath, "utf8")));
	makeFolders(world.folders);
	fillSpool(world.folders, reports, { manifest, grant: GRANT });
	return world.pending();
}

/** Sees to it that there is work, and remembers what was promised. */
export function topUp(world: World, promised: Set<string>, reports: number, counted = countWaiting): void {
	if (counted(world.folders) >= reports) return;
	for (const id of fill(world, reports)) promised.add(id);
}

const countLoose: typeof countWaiting = (folders) => countReports(folders.new).count;

/** Kills uploaders that have work until so many were killed; one that ended sooner, or found the lease taken, is none. */
async function killBusyUploaders(
	world: World,
	kills: number,
	seed: number,
	giveWork: (promised: Set<string>) => void,
): Promise<Set<string>> {
	const random = randomSequence(seed);
	const promised = new Set<string>();
	for (let killed = 0; killed < kills; ) {
		giveWork(promised);
		if (await killWithin(world.startUploader(), random() * UPLOADER_LIFE_MS)) killed++;
	}
	return promised;
}

/** Uploaders die in mid-flush, at any step: reading, sending, settling, removing. */
export async function killUploaders(world: World, kills: number): Promise<Toll> {
	const promised = await killBusyUploaders(world, kills, 2, (all) => topUp(world, all, REPORTS_TO_SEND));
	await world.drain();
	return count("uploaders in mid-flush", kills, world, promised);
}

/** Uploaders die in mid-fold: their server is dead, and more waits than may lie about loose. */
export async function killFolders(world: World, kills: number): Promise<Toll> {
	const promised = new Set<string>();
	for (let killed = 0; killed < kills; killed += KILLS_BETWEEN_DELIVERIES) {
		await world.killServer();
		const some = Math.min(KILLS_BETWEEN_DELIVERIES, kills - killed);
		const giveWork = (all: Set<string>): void => topUp(world, all, REPORTS_TO_FOLD, countLoose);
		for (const id of await killBusyUploaders(world, some, 5 + killed, giveWork)) promised.add(id);
		await world.startServer();
		await world.drain();
	}
	return count("uploaders in mid-fold", kills, world, promised);
}

/** Servers die in mid-intake, while an uploader sends; each comes back with the same database. */
export async function killServers(world: World, kills: number): Promise<Toll> {
	const random = randomSequence(3);
	const promised = new Set<string>();
	for (let done = 0; done < kills; done++) {
		topUp(world, promised, REPORTS_TO_SEND);
		const uploader = world.startUploader();
		await after(random() * SERVER_LIFE_MS);
		await world.killServer();
		await uploader.ended;
		await world.startServer();
	}
	await world.drain();
	return count("servers in mid-intake", kills, world, promised);
}

/** Two uploaders work at once, each believing that the lease is its own: it is taken away again and again. */
export async function stealLeases(world: World, thefts: number): Promise<Toll> {
	const random = randomSequence(4);
	const promised = new Set<string>();
	for (let done = 0; done < thefts; done++) {
		topUp(world, promised, REPORTS_TO_SEND);
		const first = world.startUploader();
		await after(random() * UPLOADER_LIFE_MS);
		world.breakLease();
		const second = world.startUploader();
		await Promise.all([first.ended, second.ended]);
	}
	await world.drain();
	return count("leases taken away", thefts, world, promised);
}
