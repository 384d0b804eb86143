/** Faults of the machine, with real processes: no script fails or says a word, and no report is lost or there twice. */
import {
	readdirSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	statSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { round } from "../../daemon/uploader.js";
import { hostHash } from "../../src/spool/layout.js";
import { lostByReason } from "../../src/spool/lost.js";
import { type ChildResult, runProgram, runScript } from "../helpers/child.js";
import { canMount, canNameHosts, onHost } from "../helpers/faults.js";
import { accepting, faultyServer } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { needing, onUnix } from "../helpers/needs.js";
import { testServer } from "../helpers/server.js";
import { mountSmallDisk, resizeDisk, takeAllRoom, unmount } from "../helpers/small-disk.js";
import { fillSpool, namesIn, temporarySpool } from "../helpers/spool.js";
import { storedReports } from "../helpers/stored.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { flushSpool, pendingIds, QUICK, roundOptions, runUploader } from "../helpers/uploader.js";

const asMounter = needing("root, and leave to mount", canMount);
const withHosts = needing("root, and namespaces of its own", canNameHosts);
const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;
const UPLOADER = fileURLToPath(moduleUrl("daemon/main.js"));

/** A user who agreed to reports for a real server. */
async function agreedHome(t: ExecutionContext) {
	const server = await testServer(t);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	return { server, home };
}

interface Told {
	status: string;
	id?: string;
	reason?: string;
	detail?: string;
}

/** A script that enqueues so often, goes on whatever it is told, and prints that at its end. */
const script = (home: Home, times: number): string => `
	import { enqueue } from ${JSON.stringify(moduleUrl("src/index.js"))};
	const manifest = ${JSON.stringify(home.manifestPath)};
	const told = Array.from({ length: ${times} }, () => enqueue({ command: "fault" }, { manifest }));
	console.log(JSON.stringify(told));`;

/** What a script was told, once it is sure that it went on to its end, and that nobody else has printed a word. */
function told(t: ExecutionContext, { code, stdout, stderr }: ChildResult): Told[] {
	t.deepEqual({ code, stderr }, { code: 0, stderr: "" });
	t.is(stdout.split("\n").length, 2, stdout);
	return JSON.parse(stdout) as Told[];
}

const enqueue = async (t: ExecutionContext, home: Home, times: number): Promise<Told[]> =>
	told(t, await runScript(t, script(home, times), { env: home.env }));
const idsOf = (results: readonly Told[]): string[] =>
	results.flatMap(({ id }) => (id === undefined ? [] : [id])).sort();

asMounter(
	"a full disk: the script is told and goes on, nothing half-written waits, and what waited is sent once there is room",
	async (t) => {
		const { server, home } = await agreedHome(t);
		mountSmallDisk(home.spool.root);
		t.teardown(() => unmount(home.spool.root));
		const results = await enqueue(t, home, 300);
		const ids = idsOf(results);
		t.true(ids.length > 10 && ids.length < 300, String(ids.length));
		t.deepEqual(results.at(-1), { status: "dropped", reason: "disk_full", detail: "ENOSPC" });
		t.deepEqual(pendingIds(home.spool).toSorted(), ids);
		t.deepEqual(namesIn(home.spool.tmp), []);

		takeAllRoom(home.spool.root);
		const onFull = await runUploader(t, home.spool, ["--once"]);
		t.is(onFull.code, 4);
		t.regex(onFull.stdout, /Not delivered to .*ENOSPC.*Nothing is lost/);
		t.deepEqual(storedReports(server), [], "what can't be written down is not sent");
		t.deepEqual(pendingIds(home.spool).toSorted(), ids);

		resizeDisk(home.spool.root, 8 * 1024 * 1024);
		const after = await enqueue(t, home, 3);
		const withRoom = await runUploader(t, home.spool, ["--once"]);
		t.deepEqual([withRoom.code, withRoom.stdout], [0, `Delivered ${ids.length + 3} reports.\n`]);
		t.deepEqual(storedReports(server), [...ids, ...idsOf(after)].sort());
		t.deepEqual([pendingIds(home.spool), lostByReason(home.spool).size], [[], 0]);
	},
);

/**
 * Under a limit of no bytes a file: what a user meets whose quota is used up, as far as no quota can be had here.
 * Coverage is not measured there: Node.js could not write it either, and would say so in the script's name.
 */
const LIMITED = ["-c", 'unset NODE_V8_COVERAGE; ulimit -f 0; exec "$@"', "bash"];

onUnix(
	"no byte may be written: the script is told and goes on, and the uploader sends nothing that it can't write down",
	async (t) => {
		const { server, home } = await agreedHome(t);
		const ids = idsOf(await enqueue(t, home, 5));
		const node = [process.execPath, "--input-type=module", "--eval", script(home, 3)];
		const results = told(t, await runProgram(t, "bash", [...LIMITED, ...node], { env: home.env }));
		t.deepEqual(results, Array(3).fill({ status: "dropped", reason: "disk_full", detail: "EFBIG" }));
		t.deepEqual([pendingIds(home.spool).toSorted(), namesIn(home.spool.tmp)], [ids, []]);

		const limited = await runProgram(t, "bash", [...LIMITED, process.execPath, UPLOADER, "--once"], { env: home.env });
		t.is(limited.code, 4, limited.stderr);
		t.regex(limited.stdout, /EFBIG.*Nothing is lost/);
		t.deepEqual(storedReports(server), []);
		t.is((await runUploader(t, home.spool, ["--once"])).code, 0);
		t.deepEqual(storedReports(server), ids);
	},
);

withHosts("two hosts on one spool: both write, both flush at once, and every report arrives once", async (t) => {
	const { server, home } = await agreedHome(t);
	const hosts = ["node-a", "node-b"];
	const run = (host: string, command: readonly string[]): Promise<ChildResult> => {
		const [program, args] = onHost(host, [process.execPath, ...command]);
		return runProgram(t, program, args, { env: home.env });
	};
	const written = await Promise.all(
		hosts.map((host) => run(host, ["--input-type=module", "--eval", script(home, 100)])),
	);
	const ids = written.flatMap((each) => idsOf(told(t, each))).sort();
	t.is(new Set(ids).size, 200);
	const writers = new Set(namesIn(home.spool.new).map((name) => name.split("-")[1]));
	t.deepEqual([...writers].sort(), hosts.map(hostHash).sort());

	const flushed = await Promise.all(hosts.map((host) => run(host, [UPLOADER, "--once"])));
	t.true(flushed.some(({ code }) => code === 0));
	t.true(
		flushed.every(({ code }) => code === 0 || code === 3),
		"delivered, or found the other at work",
	);
	t.deepEqual(storedReports(server), ids);
	t.deepEqual(pendingIds(home.spool), []);
});

/** The shortest times that the lease's library takes. */
const SHORT_LEASE = { ...QUICK, leaseStaleMs: 2000, leaseBeatMs: 1000, batchReports: 10 };

/** One round under a lease; prints what became of it. */
const ROUND = `
	const { round } = await import("${moduleUrl("daemon/uploader.js")}");
	const { roundOptions } = await import("${moduleUrl("test/helpers/uploader.js")}");
	const { spoolFolders } = await import("${moduleUrl("src/spool/layout.js")}");
	const policy = ${JSON.stringify(SHORT_LEASE)};
	const result = await round(roundOptions(spoolFolders(process.argv[1]), { policy, host: process.argv[2] }));
	console.log(JSON.stringify([result.kind, result.summary.delivered]));`;

onUnix(
	"a lease's holder that sleeps until another took over, and wakes: it ends its batch and does no harm",
	async (t) => {
		const folders = temporarySpool(t);
		const gate = { open: () => {} };
		const opened = new Promise<void>((resolve) => {
			gate.open = resolve;
		});
		const stored: string[] = [];
		let pid = 0;
		const server = await faultyServer(t, async (exchange) => {
			if (exchange.index === 0) {
				// The first one falls asleep with its request under way, and its heart stops.
				pid = Number(JSON.parse(readFileSync(folders.state, "utf8")).pid);
				process.kill(pid, "SIGSTOP");
				const longAgo = new Date(Date.now() - SHORT_LEASE.leaseStaleMs - 1000);
				utimesSync(folders.lease, longAgo, longAgo);
				await opened;
			}
			stored.push(...exchange.received.ids);
			return accepting(exchange);
		});
		fillSpool(folders, 40, { manifest: testManifest({ endpoint: server.url }) });
		const ids = pendingIds(folders);
		// Of another host: that its process is alive or dead tells nothing here, only its heartbeat does.
		const sleeper = runScript(t, ROUND, {}, [folders.root, hostHash("another")]);
		await server.arrived(1);

		const second = await round(roundOptions(folders, { policy: SHORT_LEASE }));
		t.is(second.kind === "flushed" ? second.summary.delivered : second.kind, 40);
		t.deepEqual(pendingIds(folders), []);
		process.kill(pid, "SIGCONT");
		gate.open();
		const { stdout, stderr } = await sleeper;
		t.deepEqual([stderr, JSON.parse(stdout)[0]], ["", "flushed"]);
		t.is(stored.length, 50, "ten were sent twice, which a server knows by their ids");
		t.deepEqual([...new Set(stored)].sort(), ids.toSorted());

		fillSpool(folders, 5, { manifest: testManifest({ endpoint: server.url }) });
		const third = await round(roundOptions(folders, { policy: SHORT_LEASE }));
		t.is(third.kind === "flushed" ? third.summary.delivered : third.kind, 5);
	},
);

const SLEPT_TICKS = 10;

/** A daemon whose ticks come each second; it prints the time of each round. */
const SERVE = `
	const { serve } = await import("${moduleUrl("daemon/serve.js")}");
	const { POLICY } = await import("${moduleUrl("daemon/policy.js")}");
	const stop = new AbortController();
	process.once("SIGTERM", () => stop.abort());
	await serve({
		policy: { ...POLICY, schedule: "* * * * * *", scheduleDelayMs: 0 },
		now: () => new Date(),
		stop: stop.signal,
		onError: console.error,
		work: async () => {
			console.log(Date.now());
			return { nextDueMs: null };
		},
	});`;

onUnix("a laptop that slept through ten ticks flushes once when it wakes, and then by its schedule", async (t) => {
	const { start, printed } = await import("../soak/world.js");
	const daemon = start(["--input-type=module", "--eval", SERVE], process.env);
	t.teardown(() => daemon.child.kill("SIGKILL"));
	await printed(daemon, /(\d+\n){2}/);
	daemon.child.kill("SIGSTOP");
	await delay(SLEPT_TICKS * 1000);
	const before = daemon.output();
	const wokenMs = Date.now();
	daemon.child.kill("SIGCONT");
	await printed(daemon, new RegExp(`^${before}(\\d+\\n){4}`));
	const times = daemon.output().slice(before.length).trim().split("\n").map(Number);
	const atOnce = times.filter((ms) => ms < wokenMs + 900);
	t.true(atOnce.length <= 2, `${atOnce.length} rounds within a tick of waking`);
	daemon.child.kill("SIGTERM");
	t.is(await daemon.ended, 0, daemon.output());
});

for (const [what, awayMs] of [
	["back", -YEAR_MS],
	["forward", YEAR_MS],
] as const) {
	test(`the clock is set ${what} by a year between two looks: nothing expires, and no wait is longer than a day`, async (t) => {
		const server = await testServer(t);
		const folders = temporarySpool(t);
		const manifest = testManifest({ endpoint: server.url });
		const [then, away] = [Date.now(), Date.now() + awayMs];
		fillSpool(folders, 3, { manifest, atMs: then });
		const ids = pendingIds(folders);
		await server.close();
		const at = (ms: number) => ({ now: () => new Date(ms) });
		const down = await flushSpool(folders, at(then));
		t.is(down.failed.length, 1);
		const next = await flushSpool(folders, at(away));
		t.true((down.nextDueMs ?? 0) - then <= DAY_MS);
		t.true((next.nextDueMs ?? 0) - away <= DAY_MS);
		t.deepEqual(pendingIds(folders), ids);
		t.is(lostByReason(folders).size, 0);
		const back = await flushSpool(folders, at(then + DAY_MS));
		t.is(back.notDue.length, 0, "it is tried again within the day, whatever the clock did");
		t.deepEqual(pendingIds(folders), ids);
	});
}

onUnix("planted links are not followed: nothing outside is read, written, emptied or removed", async (t) => {
	const { server, home } = await agreedHome(t);
	const outside = temporaryFolder(t);
	const secret = join(outside, "secret.json");
	writeFileSync(secret, '{"et":1,"secret":true}');
	const ids = idsOf(await enqueue(t, home, 2));
	const { spool } = home;
	for (const path of [
		join(spool.new, "0.json"),
		join(spool.tmp, "keeper"),
		join(spool.tmp, "half.json"),
		spool.state,
	]) {
		symlinkSync(secret, path);
	}
	const dangling = join(outside, "made-by-et");
	symlinkSync(dangling, join(spool.new, "1.json"));
	symlinkSync(dangling, join(spool.tmp, `detached-${Math.floor(Date.now() / 3_600_000)}`));
	ids.push(...idsOf(await runAsDetached(t, home)));
	const { code, stdout } = await runUploader(t, spool, ["--once"]);
	t.is(code, 0, stdout);
	t.deepEqual(storedReports(server), ids.sort());
	t.deepEqual(readdirSync(outside), ["secret.json"]);
	t.is(readFileSync(secret, "utf8"), '{"et":1,"secret":true}');
	t.deepEqual(
		namesIn(spool.corrupt).map((name) => [name, readlinkSync(join(spool.corrupt, name))]),
		[
			["0.json.not_a_file", secret],
			["1.json.not_a_file", dangling],
		],
	);
	t.is(realpathSync(spool.state), spool.state, "the state is a file of its own again");
});

async function runAsDetached(t: ExecutionContext, home: Home): Promise<Told[]> {
	const env = { ...home.env, ET_FLUSH: "detached" };
	return told(t, await runScript(t, script(home, 1), { env }));
}

onUnix("a lease that is a link is no lease: what it names stays as it is, and nothing is lost", async (t) => {
	const { server, home } = await agreedHome(t);
	const outside = temporaryFolder(t);
	const file = join(outside, "precious");
	writeFileSync(file, "precious");
	const ids = idsOf(await enqueue(t, home, 2));
	const longAgo = new Date(0);
	utimesSync(outside, longAgo, longAgo);
	symlinkSync(outside, home.spool.lease);
	const { code, stderr } = await runUploader(t, home.spool, ["--once"]);
	t.not(code, 0);
	t.regex(stderr, /nothing is lost/);
	t.deepEqual([readdirSync(outside), statSync(outside).mtimeMs], [["precious"], 0]);
	t.deepEqual([pendingIds(home.spool).toSorted(), storedReports(server)], [ids, []]);
});
