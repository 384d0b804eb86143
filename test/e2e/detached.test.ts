/** Where no daemon runs, and the user chose it: a script starts the uploader once, detached, and goes on. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { systemContext } from "../../src/client/context.js";
import { flushDetached } from "../../src/client/detached.js";
import { grant } from "../../src/consent/change.js";
import { NEW_STATE, writeState } from "../../src/spool/state.js";
import { type ChildResult, runScript, runTogether } from "../helpers/child.js";
import { accepting, type Exchange, faultyServer } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { namesIn, putReport } from "../helpers/spool.js";
import { pendingIds } from "../helpers/uploader.js";

const DETACHED = { ET_FLUSH: "detached" };
const HOUR_MS = 60 * 60 * 1000;
/** In the middle of an hour, so that a test never runs over its end. */
const NOW_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS / 2;

const script = (home: Home): string => `
	import { enqueue } from ${JSON.stringify(moduleUrl("src/index.js"))};
	if (enqueue({ command: "detached" }, { manifest: ${JSON.stringify(home.manifestPath)} }).status !== "queued") process.exit(9);`;

const silent = (t: ExecutionContext, { code, stdout, stderr }: ChildResult) =>
	t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });

/** A server that answers once it is told to: what it is asked meanwhile is asked by a process that lives. */
async function waitingServer(t: ExecutionContext) {
	const asked: Exchange[] = [];
	const server = await faultyServer(t, (exchange) => {
		asked.push(exchange);
	});
	const answer = (): void => {
		server.behave(accepting);
		for (const exchange of asked.splice(0)) accepting(exchange);
	};
	return { server, answer };
}

/** Whether a process works on this spool, as far as the system shows. */
function isUsed(root: string): boolean {
	return readdirSync("/proc").some((pid) => {
		try {
			return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`ET_SPOOL=${root}\0`);
		} catch {
			return false;
		}
	});
}

/** A test's home outlives the uploaders that scripts have started there. */
function outliveUploaders(t: ExecutionContext, home: Home): void {
	if (process.platform !== "linux") return;
	t.teardown(async () => {
		while (isUsed(home.spool.root)) await delay(20);
	});
}

async function scene(t: ExecutionContext) {
	const { server, answer } = await waitingServer(t);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	outliveUploaders(t, home);
	return { server, answer, home };
}

/** Resolves once nothing waits in a spool, however long it takes: the test's own limit is the bound. */
async function emptied(home: Home): Promise<void> {
	while (pendingIds(home.spool).length > 0) await delay(20);
}

test("the script has ended, without a word, while the uploader that it started still waits for its answer", async (t) => {
	const { server, answer, home } = await scene(t);
	silent(t, await runScript(t, script(home), { env: { ...home.env, ...DETACHED } }));
	await server.arrived(1);
	const ids = pendingIds(home.spool);
	t.is(ids.length, 1, "no answer came yet");
	answer();
	await emptied(home);
	t.is(server.timesSent(ids[0] ?? ""), 1);
});

test("a grant can ask for it, and then no variable is needed", async (t) => {
	const { server, answer, home } = await scene(t);
	const change = { now: new Date(), how: "test", flush: "detached" as const };
	home.consent.write(grant(home.manifest, "granted", null, "test-grant", change));
	silent(t, await runScript(t, script(home), { env: home.env }));
	await server.arrived(1);
	answer();
	await emptied(home);
	t.is(server.requests.length, 1);
});

test("eight scripts that end at once start one uploader", async (t) => {
	const { server, answer, home } = await scene(t);
	const env = { ...home.env, ...DETACHED };
	const ended = await runTogether(t, Array(8).fill(script(home)), { env });
	for (const each of ended) silent(t, each);
	await server.arrived(1);
	answer();
	const claims = namesIn(home.spool.tmp).filter((name) => name.startsWith("detached-"));
	t.true(claims.length === 1 || claims.length === 2, "two, where an hour ended meanwhile");
	t.true(server.requests.length <= 2);
});

/** Asks in this process, at a moment; what is started finds nothing to send. */
function asks(home: Home, atMs: number, env: NodeJS.ProcessEnv = DETACHED, chosen = false): boolean {
	const context = { ...systemContext({ ...home.env, ...env }), now: () => new Date(atMs) };
	return flushDetached(home.spool, context, chosen);
}

function quietHome(t: ExecutionContext): Home {
	const home = temporaryHome(t);
	outliveUploaders(t, home);
	putReport(home.spool, { grant: "never-given" });
	return home;
}

test("once an hour, whoever asks", (t) => {
	const home = quietHome(t);
	t.deepEqual(
		[0, 1, HOUR_MS / 4, HOUR_MS, HOUR_MS + 1].map((laterMs) => asks(home, NOW_MS + 4 * HOUR_MS + laterMs)),
		[true, false, false, true, false],
	);
});

test("not where nobody chose it", (t) => {
	const home = quietHome(t);
	t.false(asks(home, NOW_MS, {}));
	t.false(asks(home, NOW_MS, { ET_FLUSH: "yes" }));
	t.deepEqual(namesIn(home.spool.tmp), [], "nor is the hour taken from one who did");
	t.true(asks(home, NOW_MS, {}, true));
});

for (const variable of ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "_CONDOR_JOB_AD"]) {
	test(`not in a batch job (${variable})`, (t) => {
		const home = quietHome(t);
		t.false(asks(home, NOW_MS, { ...DETACHED, [variable]: "17" }, true));
		t.true(asks(home, NOW_MS, { ...DETACHED, [variable]: "" }), "an empty variable is none");
	});
}

test("not where an uploader was alive within the hour, by a clock that may have been set back", (t) => {
	const home = quietHome(t);
	const alive = (atMs: number) => writeState(home.spool, { ...NEW_STATE, alive_at: new Date(atMs).toISOString() });
	alive(NOW_MS - HOUR_MS + 1);
	t.false(asks(home, NOW_MS));
	alive(NOW_MS + HOUR_MS / 2);
	t.false(asks(home, NOW_MS));
	alive(NOW_MS + 365 * 24 * HOUR_MS);
	t.true(asks(home, NOW_MS), "a moment that lies a year ahead tells nothing");
});

test("a spool in which the hour can't be claimed costs the script nothing", (t) => {
	const home = quietHome(t);
	writeFileSync(`${home.folder}/file`, "");
	const context = { ...systemContext({ ...home.env, ...DETACHED }), now: () => new Date(NOW_MS) };
	t.false(flushDetached({ ...home.spool, tmp: `${home.folder}/file` }, context, true));
});
