/** An uploader that is killed at any moment: the next one goes on, and each report arrives once. */
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { SpoolFolders } from "../../src/spool/layout.js";
import type { ChildResult } from "../helpers/child.js";
import { answering, faultyServer } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { testServer } from "../helpers/server.js";
import { fillSpool, namesIn, temporarySpool } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { flushSpool, pendingIds, rejections, runUploader, startUploader } from "../helpers/uploader.js";

/** How often each uploader is killed; the soak test does so more often. */
const KILLS = 10;
/** The exit code of one that found another at work. */
const BUSY = 3;
/** From before a program has begun to after it has ended, on a slow machine. */
const LATEST_KILL_MS = 900;

/**
 * Starts uploaders one after another, each killed at another moment of its life.
 *
 * @param prepare makes work for each
 * @returns those moments
 */
async function killUploaders(t: ExecutionContext, folders: SpoolFolders, prepare: () => void): Promise<number[]> {
	const moments = Array.from({ length: KILLS }, () => Math.floor(Math.random() * LATEST_KILL_MS));
	for (const moment of moments) {
		prepare();
		const { child, ended } = startUploader(t, folders, ["--once", "--now"]);
		await Promise.race([delay(moment), ended]);
		child.kill("SIGKILL");
		await ended;
	}
	return moments;
}

/** Runs an uploader to its end, once the lease of one that was killed before it could name itself has run out. */
async function runWhenFree(t: ExecutionContext, folders: SpoolFolders): Promise<ChildResult> {
	for (;;) {
		const ended = await runUploader(t, folders, ["--once", "--now"]);
		if (ended.code !== BUSY) return ended;
	}
}

test("killed in mid-flush: the server has every report once, and nothing waits", async (t) => {
	const server = await testServer(t);
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	const ids = new Set<string>();
	const moments = await killUploaders(t, folders, () => {
		fillSpool(folders, 1200, { manifest });
		for (const id of pendingIds(folders)) ids.add(id);
	});
	const last = await runWhenFree(t, folders);
	t.is(last.code, 0, `killed after ${moments} ms: ${last.stdout}${last.stderr}`);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(rejections(folders), []);
	t.deepEqual(namesIn(folders.corrupt), []);
	t.is(ids.size, 1200 * KILLS);
	t.deepEqual(storedReports(server), [...ids].sort(), `killed after ${moments} ms`);
});

test("killed while it folds: every report waits once, and then arrives", async (t) => {
	const server = await faultyServer(t, answering(503));
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	const known = new Set<string>();
	const moments = await killUploaders(t, folders, () => {
		fillSpool(folders, 1200, { manifest });
		for (const id of pendingIds(folders)) known.add(id);
	});
	const ids = [...known].sort();
	t.is(ids.length, 1200 * KILLS);
	t.deepEqual(pendingIds(folders).sort(), ids, `killed after ${moments} ms`);

	const accepted: string[] = [];
	server.behave(({ received, response }) => {
		accepted.push(...received.ids);
		const verdicts = received.ids.map((id) => ({ id, verdict: "accepted" }));
		response.writeHead(200).end(JSON.stringify({ wire: 1, verdicts }));
	});
	t.is((await flushSpool(folders, { evenIfNotDue: true })).delivered, ids.length);
	t.deepEqual(accepted.sort(), ids);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(namesIn(folders.segments), []);
});
