/** `et-uploader` as its users start it: exit codes, schedule, signals, status, and what it says. */
import { once } from "node:events";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { POLICY } from "../../daemon/policy.js";
import type { Status } from "../../daemon/status.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { readState } from "../../src/spool/state.js";
import { runProgram } from "../helpers/child.js";
import {
	accepting,
	answering,
	type Behaviour,
	deadAddress,
	faultyServer,
	hanging,
	refusing,
} from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { onUnix, withPython } from "../helpers/needs.js";
import { fillSpool, putReport, temporarySpool } from "../helpers/spool.js";
import { pendingIds, type RunningUploader, runUploader, startUploader, uploaderEnv } from "../helpers/uploader.js";

const EVERY_SECOND = ["--schedule", "* * * * * *", "--delay", "0"];
const STARTED = "Sends now, and then by the schedule";

async function scene(t: ExecutionContext, behaviour: Behaviour = accepting, count = 3) {
	const server = await faultyServer(t, behaviour);
	const folders = temporarySpool(t);
	const manifest = testManifest({ endpoint: server.url });
	fillSpool(folders, count, { manifest });
	return { server, folders, manifest };
}

/** Stops a daemon as a system does. */
async function stop({ child, ended }: RunningUploader, signal: NodeJS.Signals = "SIGTERM") {
	child.kill(signal);
	return ended;
}

async function statusOf(t: ExecutionContext, folders: SpoolFolders): Promise<Status> {
	return JSON.parse((await runUploader(t, folders, ["status", "--json"])).stdout) as Status;
}

const USAGE: Record<string, { args: string[]; code: number; says: RegExp }> = {
	"--help": { args: ["--help"], code: 0, says: /Exit codes:/ },
	"--version": { args: ["--version"], code: 0, says: /^\d+\.\d+\.\d+/ },
	"an unknown option": { args: ["--shout"], code: 2, says: /unknown option '--shout'/ },
	"an unknown command": { args: ["send"], code: 2, says: /error: / },
	"an unknown option of status": { args: ["status", "--shout"], code: 2, says: /unknown option '--shout'/ },
	"a schedule that is none": { args: ["--schedule", "often"], code: 2, says: /cron's notation/ },
	"a delay that is none": { args: ["--delay", "-1"], code: 2, says: /number of seconds from 0 to 86400/ },
};

for (const [what, { args, code, says }] of Object.entries(USAGE)) {
	test(`${what} ends with ${code}`, async (t) => {
		const ended = await runUploader(t, temporarySpool(t), args);
		t.is(ended.code, code);
		t.regex(code === 0 ? ended.stdout : ended.stderr, says);
		t.deepEqual(
			ended.stdout.split("\n").filter((line) => line.length > 80),
			[],
		);
	});
}

test("--once without a spool ends with 0, makes none, and says so", async (t) => {
	const folders = temporarySpool(t);
	rmSync(folders.root, { recursive: true });
	const ended = await runUploader(t, folders, ["--once"]);
	t.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "Nothing waits: nothing was ever recorded here.\n", ""]);
	t.false(existsSync(folders.root));
});

test("--once sends what waits, and ends with 0", async (t) => {
	const { folders } = await scene(t);
	const ended = await runUploader(t, folders, ["--once"]);
	t.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "Delivered 3 reports.\n", ""]);
	t.false(existsSync(folders.lease));
	const again = await runUploader(t, folders, ["--once"]);
	t.deepEqual([again.code, again.stdout], [0, "Delivered 0 reports.\n"]);
});

test("--once ends with 4 where an endpoint failed, and where it is backing off; --now tries it", async (t) => {
	const { server, folders } = await scene(t, refusing(503, "busy", "come later", { "retry-after": "3600" }));
	const failed = await runUploader(t, folders, ["--once"]);
	t.is(failed.code, 4);
	t.is(
		failed.stdout,
		`Delivered 0 reports.\nNot delivered to ${server.url}: it answered 503: come later. Nothing is lost; it is tried again later.\n`,
	);
	server.behave(accepting);
	const early = await runUploader(t, folders, ["--once"]);
	t.is(early.code, 4);
	t.regex(early.stdout, /Not tried: .* is backing off after a failure \(--now tries it\)/);
	const now = await runUploader(t, folders, ["--once", "--now"]);
	t.deepEqual([now.code, now.stdout], [0, "Delivered 3 reports.\n"]);
});

test("--quiet says nothing, and its exit code tells", async (t) => {
	const folders = temporarySpool(t);
	putReport(folders, { manifest: testManifest({ endpoint: await deadAddress() }) });
	const ended = await runUploader(t, folders, ["--once", "--quiet"]);
	t.deepEqual([ended.code, ended.stdout, ended.stderr], [4, "", ""]);
});

onUnix("a spool that others can write is not used: exit code 1, and what to do", async (t) => {
	const { server, folders } = await scene(t);
	chmodSync(folders.root, 0o777);
	const ended = await runUploader(t, folders, ["--once", "--quiet"]);
	t.is(ended.code, 1);
	t.regex(ended.stderr, /others can write it.*Its reports stay where they are\..*chmod 700/s);
	t.deepEqual(server.requests, []);
	t.is(pendingIds(folders).length, 3);
});

test("DO_NOT_TRACK stops all sending, and is no failure", async (t) => {
	const { server, folders } = await scene(t);
	const ended = await runUploader(t, folders, ["--once"], { DO_NOT_TRACK: "1" });
	t.is(ended.code, 0);
	t.is(ended.stdout, "Delivered 0 reports.\nNot sent: 3 reports, since DO_NOT_TRACK is set.\n");
	t.deepEqual(server.requests, []);
	t.is(pendingIds(folders).length, 3);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
	onUnix(`the daemon flushes at its start, and ends with 0 at ${signal}`, async (t) => {
		const { server, folders } = await scene(t);
		const daemon = startUploader(t, folders, []);
		await daemon.said("Delivered 3 reports.");
		t.is(server.requests.length, 1);
		const { code, stdout, stderr } = await stop(daemon, signal);
		t.deepEqual([code, stderr], [0, ""]);
		t.true(stdout.startsWith(`${STARTED} */15 * * * * (UTC)`), stdout);
		t.false(existsSync(folders.lease));
	});
}

test("the daemon sends by its schedule what came later, and says no more than there is", async (t) => {
	const { server, folders, manifest } = await scene(t, accepting, 0);
	const daemon = startUploader(t, folders, EVERY_SECOND);
	await daemon.said("Delivered 0 reports.");
	for (const count of [1, 2]) {
		putReport(folders, { manifest });
		await server.arrived(count);
	}
	const { code, stdout } = await stop(daemon);
	t.is(code, 0);
	const lines = stdout.trimEnd().split("\n").slice(1);
	t.deepEqual(lines, ["Delivered 0 reports.", "Delivered 1 report.", "Delivered 1 report."]);
});

test("SIGTERM in mid-batch: the batch may end, no other begins, and nothing is lost; rounds never overlap", async (t) => {
	const answer = new AbortController();
	const { server, folders } = await scene(
		t,
		async (exchange) => {
			await once(answer.signal, "abort");
			await accepting(exchange);
		},
		1200,
	);
	const daemon = startUploader(t, folders, EVERY_SECOND);
	await server.arrived(1);
	// Two ticks of the schedule fall into this round.
	await delay(2200);
	t.is(server.requests.length, 1);
	daemon.child.kill("SIGTERM");
	// The signal reaches a process that only waits long before this.
	await delay(500);
	answer.abort();
	const { code, stderr } = await daemon.ended;
	t.deepEqual([code, stderr], [0, ""]);
	t.is(server.requests.length, 1);
	t.is(pendingIds(folders).length, 700);
	t.false(existsSync(folders.lease));
});

test("SIGTERM while a server never answers: it ends with 0 within its grace, and every report is still there", async (t) => {
	const { server, folders } = await scene(t, hanging);
	const daemon = startUploader(t, folders, []);
	await server.arrived(1);
	const begin = performance.now();
	const { code, stderr } = await stop(daemon);
	const tookMs = performance.now() - begin;
	t.deepEqual([code, stderr], [0, ""]);
	t.true(tookMs < 2 * POLICY.stopGraceMs, `${tookMs} ms`);
	t.is(pendingIds(folders).length, 3);
	t.false(existsSync(folders.lease));
	t.is(readState(folders).endpoints[server.url]?.failures ?? 0, 0, "the endpoint is not to blame");
});

test("SIGTERM while the daemon waits out a random delay ends it at once", async (t) => {
	const { folders } = await scene(t);
	const daemon = startUploader(t, folders, ["--schedule", "* * * * * *", "--delay", "3600"]);
	await daemon.said("Delivered 3 reports.");
	// A tick of the schedule is now sure to be waiting for its random moment of the next hour.
	await delay(1500);
	const begin = performance.now();
	t.is((await stop(daemon)).code, 0);
	t.true(performance.now() - begin < POLICY.stopGraceMs);
});

onUnix("the daemon outlives a round that can't be, says why, and goes on when it can", async (t) => {
	const { server, folders, manifest } = await scene(t, accepting, 0);
	const daemon = startUploader(t, folders, EVERY_SECOND);
	await daemon.said("Delivered 0 reports.");
	chmodSync(folders.root, 0o777);
	await daemon.said("others can write it");
	chmodSync(folders.root, 0o700);
	putReport(folders, { manifest });
	await server.arrived(1);
	t.is((await stop(daemon)).code, 0);
});

test("the daemon goes on when nobody reads its output any more", async (t) => {
	const { server, folders, manifest } = await scene(t, accepting, 1);
	const daemon = startUploader(t, folders, EVERY_SECOND);
	await server.arrived(1);
	daemon.child.stdout?.destroy();
	daemon.child.stderr?.destroy();
	for (const count of [2, 3]) {
		putReport(folders, { manifest });
		await server.arrived(count);
	}
	t.is((await stop(daemon)).code, 0);
});

test("the daemon's --now is for its first round: after that it keeps to the back-off", async (t) => {
	const { server, folders } = await scene(t, answering(503, "", { "retry-after": "3600" }));
	await runUploader(t, folders, ["--once"]);
	const daemon = startUploader(t, folders, ["--now", ...EVERY_SECOND]);
	await server.arrived(2);
	await delay(2200);
	t.is(server.requests.length, 2);
	t.is((await stop(daemon)).code, 0);
});

test("the status shows the daemon's own footprint while it runs, and that none runs when it is gone", async (t) => {
	const { server, folders } = await scene(t);
	const daemon = startUploader(t, folders, []);
	await daemon.said("Delivered 3 reports.");
	const running = await statusOf(t, folders);
	t.is(running.uploader?.pid, daemon.child.pid);
	t.true((running.uploader?.rss_bytes ?? 0) > 10e6 && (running.uploader?.rss_bytes ?? 0) < 200e6);
	t.true((running.uploader?.cpu_s ?? 0) > 0 && (running.uploader?.elapsed_s ?? 0) > 0);
	t.deepEqual([running.pending, running.endpoints[server.url]?.delivered], [0, 3]);
	const text = (await runUploader(t, folders, ["status"])).stdout;
	t.regex(text, new RegExp(`^Uploader: runs as process ${daemon.child.pid}, \\d+ MiB, `));
	await stop(daemon);
	t.is((await statusOf(t, folders)).uploader, null);
});

test("in a pipe nothing moves a cursor, however long the flush is", async (t) => {
	const { folders } = await scene(t, accepting, 3000);
	const ended = await runUploader(t, folders, ["--once"]);
	t.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "Delivered 3,000 reports.\n", ""]);
});

/** Runs a command on a terminal of 80 columns, and prints what the terminal was sent. */
const ON_A_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        sent = os.read(terminal, 65536)
    except OSError:
        break
    if not sent:
        break
    sys.stdout.buffer.write(sent)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

for (const failsAt of [null, 3]) {
	const ending = failsAt === null ? "a flush that succeeds" : "a flush that fails half-way";
	withPython(`on a terminal ${ending} shows a line that fills, and clears it for the summary`, async (t) => {
		const { folders } = await scene(
			t,
			async (exchange) => {
				await delay(POLICY.progressEveryMs);
				await (exchange.index === failsAt ? answering(503) : accepting)(exchange);
			},
			3000,
		);
		const program = [process.execPath, fileURLToPath(moduleUrl("daemon/main.js")), "--once"];
		const env = { ...uploaderEnv(folders), TERM: "xterm" };
		const { code, stdout, stderr } = await runProgram(t, "python3", ["-c", ON_A_TERMINAL, ...program], { env });
		t.deepEqual([code, stderr], [failsAt === null ? 0 : 4, ""]);
		const shown = stdout.replaceAll("\r\n", "\n").split("\r\u001b[K");
		const summary = shown.at(-1) ?? "";
		const lines = shown.slice(1, -1);
		t.regex(
			summary,
			failsAt === null ? /^Delivered 3,000 reports\.\n$/ : /^Delivered 1,500 reports\.\nNot delivered to .*\n/,
		);
		t.true(lines.length >= 2, stdout);
		for (const line of lines) t.regex(line, /^(\[#*-*\] [\d,]+ of 3,000 reports \(\d+ %\))?$/);
		for (const line of lines) t.true(line.length < 80);
	});
}
