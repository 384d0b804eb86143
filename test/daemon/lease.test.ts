/** The lease: one uploader at a time; an abandoned one is taken over; and where it fails, nothing is lost or doubled. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync, utimesSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import test from "ava";
import type { FlushSummary } from "../../daemon/flush.js";
import { takeLease } from "../../daemon/lease.js";
import type { Policy } from "../../daemon/policy.js";
import { round } from "../../daemon/uploader.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { NEW_STATE, type UploaderState, writeState } from "../../src/spool/state.js";
import { runScript } from "../helpers/child.js";
import { accepting, faultyServer, hanging } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { testServer } from "../helpers/server.js";
import { fillSpool, temporarySpool } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { HOST, pendingIds, QUICK, roundOptions, runUploader, startUploader } from "../helpers/uploader.js";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** The shortest that the lock's library takes. */
const SHORT = { ...QUICK, leaseStaleMs: 2000, leaseBeatMs: 1000 };

/** Leaves a holder all the time in the world to name itself, or none. */
const PATIENT = { ...QUICK, leaseNamingMs: YEAR_MS };
const IMPATIENT = { ...QUICK, leaseNamingMs: -1 };

const take = (folders: SpoolFolders, policy: Policy = PATIENT) => takeLease({ folders, policy, host: HOST });

/** A process that has ended, by its pid. */
async function deadPid(): Promise<number> {
	const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
	await once(child, "close");
	return child.pid ?? 0;
}

/** The state that an uploader left. */
function leaveState(folders: SpoolFolders, changes: Partial<UploaderState>): void {
	writeState(folders, { ...NEW_STATE, host: HOST, alive_at: new Date().toISOString(), ...changes });
}

test("one holds it, and when it lets go the next one does", async (t) => {
	const folders = temporarySpool(t);
	const first = await take(folders);
	t.not(first, null);
	t.is(await take(folders), null);
	await first?.release();
	t.false(existsSync(folders.lease));
	const second = await take(folders);
	t.not(second, null);
	await second?.release();
});

test("a dead holder's is taken over at once", async (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.lease);
	leaveState(folders, { pid: await deadPid() });
	const lease = await take(folders);
	t.not(lease, null);
	await lease?.release();
});

test("one that was taken a moment ago is not a dead holder's, though the state names a dead one still", async (t) => {
	const folders = temporarySpool(t);
	leaveState(folders, { pid: await deadPid(), alive_at: new Date(Date.now() - 1000).toISOString() });
	mkdirSync(folders.lease);
	t.is(await take(folders), null);
	t.true(existsSync(folders.lease));
});

test("one whose holder died before it could name itself is taken over a moment later", async (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.lease);
	t.is(await take(folders), null);
	const lease = await take(folders, IMPATIENT);
	t.not(lease, null);
	await lease?.release();
	mkdirSync(folders.lease);
	leaveState(folders, { pid: await deadPid(), alive_at: new Date(Date.now() - 1000).toISOString() });
	const next = await take(folders, IMPATIENT);
	t.not(next, null);
	await next?.release();
});

test("a living holder's, and another host's, is left to it while its heart beats", async (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.lease);
	leaveState(folders, { pid: process.ppid });
	t.is(await take(folders), null);
	leaveState(folders, { pid: await deadPid(), host: "0123456789ab" });
	t.is(await take(folders), null);
});

test("another host's whose heart stopped is taken over", async (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.lease);
	leaveState(folders, { pid: 1, host: "0123456789ab" });
	const longAgo = new Date(Date.now() - QUICK.leaseStaleMs - 1000);
	utimesSync(folders.lease, longAgo, longAgo);
	const lease = await take(folders);
	t.not(lease, null);
	await lease?.release();
});

test("one from a clock that was a year ahead holds nobody up", async (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.lease);
	leaveState(folders, { pid: process.ppid });
	const nextYear = new Date(Date.now() + YEAR_MS);
	utimesSync(folders.lease, nextYear, nextYear);
	const lease = await take(folders);
	t.not(lease, null);
	await lease?.release();
});

test("who holds it is told when it is taken away", async (t) => {
	const folders = temporarySpool(t);
	const lease = await take(folders, SHORT);
	if (lease === null) return t.fail();
	rmdirSync(folders.lease);
	mkdirSync(folders.lease);
	if (!lease.lost.aborted) await once(lease.lost, "abort");
	await lease.release();
	t.true(existsSync(folders.lease), "another's lease was removed");
	return undefined;
});

test("two at once: the second says so, with its own exit code, and touches nothing", async (t) => {
	const server = await faultyServer(t, hanging);
	const folders = temporarySpool(t);
	fillSpool(folders, 3, { manifest: testManifest({ endpoint: server.url }) });
	const ids = pendingIds(folders);
	const first = startUploader(t, folders, ["--once"]);
	await server.arrived(1);
	const second = await runUploader(t, folders, ["--once"]);
	t.deepEqual([second.code, second.stdout, second.stderr], [3, "Another uploader is at work on this spool.\n", ""]);
	t.is(server.requests.length, 1);
	t.deepEqual(pendingIds(folders), ids);
	first.child.kill("SIGKILL");
	await first.ended;
	t.true(existsSync(folders.lease));

	server.behave(accepting);
	const third = await runUploader(t, folders, ["--once"]);
	t.deepEqual([third.code, third.stdout], [0, "Delivered 3 reports.\n"]);
	t.false(existsSync(folders.lease));
});

test("six that start together: each delivers or is busy, and every report arrives once", async (t) => {
	const server = await testServer(t);
	const folders = temporarySpool(t);
	fillSpool(folders, 200, { manifest: testManifest({ endpoint: server.url }) });
	const ids = pendingIds(folders);
	const codes = await Promise.all(
		Array.from({ length: 6 }, async () => (await runUploader(t, folders, ["--once"])).code),
	);
	t.true(codes.includes(0));
	t.true(codes.every((code) => code === 0 || code === 3));
	await runUploader(t, folders, ["--once"]);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(storedReports(server), ids.toSorted());
});

test("a lease that is taken away in mid-flush ends the flush after its batch; the next one sends the rest", async (t) => {
	const folders = temporarySpool(t);
	const server = await faultyServer(t, async (exchange) => {
		if (exchange.index === 0) {
			rmdirSync(folders.lease);
			mkdirSync(folders.lease);
			// The holder finds out with its next heartbeat.
			await delay(2 * SHORT.leaseBeatMs);
		}
		await accepting(exchange);
	});
	fillSpool(folders, 30, { manifest: testManifest({ endpoint: server.url }) });
	const ids = pendingIds(folders);
	const policy = { ...SHORT, batchReports: 10 };
	const result = await round(roundOptions(folders, { policy }));
	if (result.kind !== "flushed") return t.fail(result.kind);
	t.deepEqual([result.summary.delivered, result.summary.failed], [10, []]);
	t.true(existsSync(folders.lease), "the new holder's lease was removed");
	rmdirSync(folders.lease);
	await round(roundOptions(folders, { policy }));
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(
		server.requests.flatMap((request) => request.ids),
		ids,
	);
	return undefined;
});

/** Flushes without a lease, in batches of 50, and prints the summary. */
const FLUSH = `
	const { flushSpool, QUICK } = await import("${moduleUrl("test/helpers/uploader.js")}");
	const { spoolFolders } = await import("${moduleUrl("src/spool/layout.js")}");
	const policy = { ...QUICK, batchReports: 50 };
	console.log(JSON.stringify(await flushSpool(spoolFolders(process.argv[1]), { policy })));
`;

test("two processes that flush at once without any lease: each report is stored once, and the spool is empty", async (t) => {
	const server = await testServer(t);
	const folders = temporarySpool(t);
	fillSpool(folders, 1500, { manifest: testManifest({ endpoint: server.url }) });
	const ids = pendingIds(folders);
	const ended = await Promise.all([1, 2].map(() => runScript(t, FLUSH, {}, [folders.root])));
	const summaries = ended.map(({ stdout }) => JSON.parse(stdout) as FlushSummary);
	t.deepEqual(
		summaries.flatMap(({ failed, rejected }) => [...failed, rejected]),
		[0, 0],
	);
	t.true(
		summaries.every(({ delivered }) => delivered > 0),
		"both had work to do",
	);
	t.deepEqual(pendingIds(folders), []);
	t.deepEqual(storedReports(server), ids.toSorted());
});
