/** Runs that are gone without an end, and runs that only seem to be. With real processes. */
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { JobState } from "../../src/host/scheduler.js";
import { boundMarkers } from "../../src/spool/bound-markers.js";
import { forgetRuns } from "../../src/spool/forgotten.js";
import { lostByReason } from "../../src/spool/lost.js";
import { waiting } from "../../src/spool/waiting.js";
import { runProgram } from "../helpers/child.js";
import { et, grantedHome, reportsIn } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { needing, onLinux } from "../helpers/needs.js";
import { changeMarker, HERE, look, onlyMarker, scriptUnderWay, underWay } from "../helpers/open-runs.js";
import { testServer } from "../helpers/server.js";
import { namesIn } from "../helpers/spool.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const [ET, UPLOADER] = ["pkg/et.js", "pkg/et-uploader.js"].map((path) => fileURLToPath(moduleUrl(path))) as [
	string,
	string,
];

const vanishedIn = (home: Home) => reportsIn(home).filter(({ event }) => event === "vanished");
const jobs = (state: JobState) => ({ askJobs: async () => () => state });

/** A run that was killed, whose marker says what a test wants. */
async function killedRun(t: ExecutionContext): Promise<Home> {
	const home = grantedHome(t);
	await (await underWay(t, home)).kill();
	return home;
}

onLinux(
	"a script that is killed by SIGKILL has vanished at the uploader's next turn, on its author's page, too",
	async (t) => {
		const server = await testServer(t);
		const home = temporaryHome(t, testManifest({ endpoint: server.url }));
		grantAt(home);
		const run = await underWay(t, home);
		const { run_id } = onlyMarker(home).marker.envelope.report;
		const once = () => runProgram(t, process.execPath, [UPLOADER, "--once"], { env: home.env });
		t.is((await once()).code, 0);
		t.is(namesIn(home.spool.open).length, 1);
		await run.kill();
		const { code, stdout } = await once();
		t.is(code, 0);
		t.regex(stdout, /Gone without an end: 1 run, now reported as vanished/);
		t.deepEqual(namesIn(home.spool.open), []);
		const events = await server.store.runEvents("dunovo", run_id);
		t.deepEqual(
			events.map(({ report }) => [report.event, report.outcome ?? null]),
			[
				["start", null],
				["vanished", "unknown"],
			],
		);
		t.deepEqual(events[1]?.report.inputs, [{ name: "pairs", unit: "reads", size: 8 }]);
		t.regex(await (await fetch(`${server.url}/runs/dunovo/${run_id}`)).text(), /gone without an end of its own/);
	},
);

onLinux("a run that lives, or is suspended, has not vanished", async (t) => {
	const home = grantedHome(t);
	const { child, kill } = await underWay(t, home);
	t.is(await look(home), 0);
	child.kill("SIGSTOP");
	const isStopped = () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, "latin1"));
	while (!isStopped()) await delay(1);
	t.is(await look(home), 0);
	t.is(await look(home, { chance: { nowMs: Date.now() + 400 * DAY_MS, random: () => "00000000" } }), 0);
	await kill();
	t.is(await look(home), 1);
});

onLinux("a pid that another process has by now is no life", async (t) => {
	const home = grantedHome(t);
	await underWay(t, home);
	const [{ pid = 0, start_ticks = null } = {}] = onlyMarker(home).marker.processes;
	changeMarker(home, { processes: [{ pid, start_ticks: (start_ticks ?? 0) - 1 }] });
	t.is(await look(home), 1);
});

onLinux("a run of several processes lives as long as one of them does", async (t) => {
	const home = await killedRun(t);
	const other = await underWay(t, home, ["sh", "-c", "echo up; exec sleep 600"]);
	const { processes } = onlyMarker(home).marker;
	changeMarker(home, { processes: [...processes, { pid: other.child.pid ?? 0, start_ticks: null }] });
	t.is(await look(home), 0);
	await other.kill();
	t.is(await look(home), 1);
});

onLinux("a process that has ended, and that its parent has not asked about yet, is gone", async (t) => {
	const home = await killedRun(t);
	const script = "import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\nprint(pid, flush=True)\ntime.sleep(600)";
	const parent = await underWay(t, home, ["python3", "-c", script]);
	const children = readFileSync(`/proc/${parent.child.pid}/task/${parent.child.pid}/children`, "latin1");
	const isZombie = () => / Z /.test(readFileSync(`/proc/${children.trim()}/stat`, "latin1"));
	while (!isZombie()) await delay(1);
	changeMarker(home, { processes: [{ pid: Number(children), start_ticks: null }] });
	t.is(await look(home), 1);
});

/** Where nobody here can look, a run is left alone, until its scheduler says that it is over, or time does. */
const ELSEWHERE = {
	"another host": { host: "0123456789ab" },
	"another machine of the same name": { machine: "0123456789ab" },
	"another pid namespace": { pid_ns: "pid:[1]" },
	"another boot of who knows which machine": { machine: null, boot_id: "00000000-0000-0000-0000-000000000000" },
} as const;

for (const [where, changes] of Object.entries(ELSEWHERE)) {
	onLinux(`a run on ${where} is left alone: the scheduler decides, or its time limit and a day`, async (t) => {
		const home = await killedRun(t);
		const { marker } = onlyMarker(home);
		const { envelope } = marker;
		const limits = { memory_bytes: null, wall_s: 3600, cpus: null };
		const limited = { ...envelope, report: { ...envelope.report, limits } };
		const job = { scheduler: "slurm", id: "7", cluster: null };
		changeMarker(home, { ...changes, job, envelope: limited });
		t.is(await look(home, jobs("unknown")), 0);
		t.is(await look(home, jobs("running")), 0);
		const at = (ms: number) => ({ chance: { nowMs: Date.now() + ms, random: () => "00000000" } });
		t.is(await look(home, { ...jobs("unknown"), ...at(DAY_MS) }), 0);
		t.is(await look(home, { ...jobs("unknown"), ...at(DAY_MS + 2 * 3600_000), clockIsSteady: false }), 0);
		t.is(await look(home, { ...jobs("unknown"), ...at(DAY_MS + 2 * 3600_000) }), 1);
		t.like(vanishedIn(home)[0], { outcome: "unknown", kill_reason: null });
	});
}

onLinux("a run of which no time limit is known is given up after thirty days", async (t) => {
	const home = await killedRun(t);
	changeMarker(home, { host: "0123456789ab" });
	const at = (days: number) => ({ chance: { nowMs: Date.now() + days * DAY_MS, random: () => "00000000" } });
	t.is(await look(home, at(29)), 0);
	t.is(await look(home, at(31)), 1);
});

const SAID: [JobState, string, string | null][] = [
	["oom", "killed", "oom"],
	["walltime", "killed", "walltime"],
	["cancelled", "killed", "cancelled"],
	["preempted", "killed", "preempted"],
	["node_fail", "killed", "node_fail"],
	["over", "unknown", null],
];

for (const [state, outcome, reason] of SAID) {
	onLinux(`the scheduler says that a job elsewhere is no more: ${state}`, async (t) => {
		const home = await killedRun(t);
		changeMarker(home, { host: "0123456789ab", job: { scheduler: "slurm", id: "7", cluster: "big" } });
		t.is(await look(home, jobs(state)), 1);
		t.like(vanishedIn(home)[0], { outcome, kill_reason: reason });
	});
}

onLinux("a run of an older boot of this machine has vanished", async (t) => {
	const home = grantedHome(t);
	await underWay(t, home);
	changeMarker(home, { boot_id: "00000000-0000-0000-0000-000000000000" });
	t.is(await look(home), 1);
});

onLinux("where a machine has no id of its own, an older boot is one that was seen before this one began", async (t) => {
	const home = await killedRun(t);
	changeMarker(home, { machine: null, boot_id: "00000000-0000-0000-0000-000000000000" });
	t.is(await look(home), 0);
	changeMarker(home, { machine: null, seen_at: "2001-01-01T00:00:00.000Z" });
	t.is(await look(home), 1);
});

onLinux("what is known last is reported, at the time at which it was known", async (t) => {
	const home = await killedRun(t);
	const { envelope } = onlyMarker(home).marker;
	const report = { ...envelope.report, max_rss_bytes: 5e8, since_start_s: 60 };
	changeMarker(home, { seen_at: "2026-01-02T03:04:05.000Z", envelope: { ...envelope, report } });
	t.is(await look(home), 1);
	t.like(vanishedIn(home)[0], {
		id: report.id,
		occurred_at: "2026-01-02T03:04:05.000Z",
		max_rss_bytes: 5e8,
		since_start_s: 60,
		wall_s: null,
	});
});

onLinux("two uploaders that look at once report it once in effect", async (t) => {
	const home = await killedRun(t);
	await Promise.all([look(home), look(home)]);
	t.is(new Set(vanishedIn(home).map(({ id }) => id)).size, 1);
	t.deepEqual(namesIn(home.spool.open), []);
});

/** What is there after a crash between two of the three steps. */
const CRASHES = ["the decision was written down", "the report was put"] as const;

for (const [index, crash] of CRASHES.entries()) {
	onLinux(`an uploader that dies after ${crash}: the next one ends it, under the same name`, async (t) => {
		const home = await killedRun(t);
		const { path, marker } = onlyMarker(home);
		const before = namesIn(home.spool.new);
		t.is(await look(home), 1);
		const [name = ""] = namesIn(home.spool.new).filter((each) => !before.includes(each));
		const text = readFileSync(join(home.spool.new, name), "utf8");
		if (index === 0) await runProgram(t, "rm", [join(home.spool.new, name)]);
		const gone = { name, outcome: "unknown", kill_reason: null } as const;
		writeFileSync(path, JSON.stringify({ ...marker, gone }));
		t.is(await look(home), 1);
		t.is(readFileSync(join(home.spool.new, name), "utf8"), text);
		t.is(vanishedIn(home).length, 1);
		t.deepEqual(namesIn(home.spool.open), []);
	});
}

onLinux("a run that is forgotten, and one of a project that was withdrawn, are not reported", async (t) => {
	const forgotten = await killedRun(t);
	const { run_id } = onlyMarker(forgotten).marker.envelope.report;
	forgetRuns(forgotten.spool, "w-1-1", new Date(), [run_id]);
	t.is(await look(forgotten), 0);
	t.deepEqual(namesIn(forgotten.spool.open), []);
	const withdrawn = await killedRun(t);
	t.is((await et(t, withdrawn, ["consent", "withdraw", "dunovo"])).code, 0);
	t.deepEqual(namesIn(withdrawn.spool.open), []);
});

onLinux("a run that was forgotten while it went on leaves no other marker", async (t) => {
	const home = grantedHome(t);
	const script = `${scriptUnderWay(home)}
		process.stdin.on("data", () => { run.prelim(); console.log("said"); });`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { env: home.env });
	t.teardown(() => child.kill("SIGKILL"));
	await once(child.stdout, "data");
	const { run_id } = onlyMarker(home).marker.envelope.report;
	t.is((await et(t, home, ["forget", run_id, "--yes"])).code, 0);
	t.deepEqual(namesIn(home.spool.open), []);
	child.stdin.write("\n");
	await once(child.stdout, "data");
	t.deepEqual(namesIn(home.spool.open), []);
});

onLinux("what is no marker is set aside after a day, with the reason", async (t) => {
	const home = await killedRun(t);
	const { path } = onlyMarker(home);
	writeFileSync(path, "half of a mar");
	t.is(await look(home), 0);
	t.is(namesIn(home.spool.open).length, 1);
	const twoDaysAgo = new Date(Date.now() - 2 * DAY_MS);
	utimesSync(path, twoDaysAgo, twoDaysAgo);
	t.is(await look(home), 0);
	t.deepEqual(namesIn(home.spool.open), []);
	t.regex(namesIn(home.spool.corrupt)[0] ?? "", /\.not_a_marker$/);
});

onLinux(
	"et run is killed, and its command lives: the run has not vanished before the command is gone, too",
	async (t) => {
		const home = grantedHome(t);
		const command = ["run", "--manifest", home.manifestPath, "--", "sh", "-c", "echo up; exec sleep 600"];
		const run = await underWay(t, home, [process.execPath, ET, ...command]);
		const marked = () => onlyMarker(home).marker.processes;
		while (marked().length < 2) await delay(1);
		const [, { pid: slept = 0 } = {}] = marked();
		t.teardown(() => process.kill(slept, "SIGKILL"));
		run.child.kill("SIGKILL");
		await once(run.child, "exit");
		t.is(await look(home), 0);
	},
);

const MEMORY = "/sys/fs/cgroup/memory";
const canLimit = (): boolean => {
	const path = join(MEMORY, `et-needs-${process.pid}`);
	try {
		mkdirSync(path);
		const found = readdirSync(path).includes("memory.limit_in_bytes");
		rmdirSync(path);
		return found;
	} catch {
		return false;
	}
};
const inMemoryCgroup = needing("a memory cgroup (version 1) that this user can make", canLimit);

/** A memory cgroup with so little room. */
function memoryCgroup(t: ExecutionContext, mebibytes: number): string {
	const path = join(MEMORY, `et-test-${process.pid}-${Math.random().toString(36).slice(2)}`);
	mkdirSync(path);
	t.teardown(async () => {
		for (let tries = 0; tries < 200; tries++) {
			try {
				rmdirSync(path);
				return;
			} catch {
				await delay(10);
			}
		}
	});
	writeFileSync(join(path, "memory.limit_in_bytes"), `${mebibytes}M`);
	return path;
}

const inCgroup = (path: string, command: string): string[] => [
	"sh",
	"-c",
	`echo $$ > ${path}/cgroup.procs; ${command}`,
];
const HUNGRY = "const kept = []; for (;;) kept.push(Buffer.alloc(8 << 20, 1));";

inMemoryCgroup("a script that the kernel kills for want of memory has vanished, and the reason is told", async (t) => {
	const home = grantedHome(t);
	const path = memoryCgroup(t, 200);
	const file = join(home.folder, "..", "hungry.mjs");
	writeFileSync(file, `${scriptUnderWay(home)}\nsetTimeout(() => { ${HUNGRY} }, 10);`);
	const run = await underWay(t, home, inCgroup(path, `exec ${process.execPath} ${file}`));
	const [, signal] = run.child.exitCode === null && run.child.signalCode === null ? await once(run.child, "exit") : [];
	t.is(signal ?? run.child.signalCode, "SIGKILL");
	t.is(await look(home), 1);
	t.like(vanishedIn(home)[0], { outcome: "killed", kill_reason: "oom" });
});

inMemoryCgroup(
	"a command under et run that the kernel kills for want of memory is reported with the reason",
	async (t) => {
		const home = grantedHome(t);
		const path = memoryCgroup(t, 250);
		const words = `${process.execPath} ${ET} run --manifest ${home.manifestPath} -- ${process.execPath} -e '${HUNGRY}'`;
		const { signal } = await runProgram(t, "sh", inCgroup(path, `exec ${words}`).slice(1), { env: home.env });
		t.is(signal, "SIGKILL");
		t.like(
			reportsIn(home).find(({ event }) => event === "end"),
			{ outcome: "killed", signal: "SIGKILL", kill_reason: "oom" },
		);
		t.deepEqual(namesIn(home.spool.open), []);
	},
);

onLinux("a command under et run that goes over its limit of CPU time is reported with the reason", async (t) => {
	const home = grantedHome(t);
	const words = `ulimit -S -t 1; exec ${process.execPath} ${ET} run --manifest ${home.manifestPath} -- sh -c 'while :; do :; done'`;
	const { signal } = await runProgram(t, "sh", ["-c", words], { env: home.env });
	t.is(signal, "SIGXCPU");
	t.like(
		reportsIn(home).find(({ event }) => event === "end"),
		{ outcome: "killed", signal: "SIGXCPU", kill_reason: "cpu_limit" },
	);
});

const inNewNamespace = needing("unshare --pid --fork, as root", () => {
	return spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;
});

inNewNamespace("a script that runs in another pid namespace of this host lives, whatever pids mean here", async (t) => {
	const home = grantedHome(t);
	const command = [process.execPath, "--input-type=module", "--eval", scriptUnderWay(home)];
	const inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...command];
	const run = await underWay(t, home, inside);
	const { marker } = onlyMarker(home);
	t.is(marker.boot_id, HERE.boot_id);
	t.not(marker.pid_ns, HERE.pid_ns);
	t.is(marker.processes[0]?.pid, 1);
	t.is(await look(home), 0);
	await run.kill();
	// In a container that is gone nobody can look: time decides.
	t.is(await look(home), 0);
});

onLinux("where no uploader runs, the next run of the machine reports one that died there", async (t) => {
	const home = await killedRun(t);
	const { id } = onlyMarker(home).marker.envelope.report;
	const next = await underWay(t, home);
	t.deepEqual(
		vanishedIn(home).map((report) => report.id),
		[id],
	);
	t.is(namesIn(home.spool.open).length, 1);
	const { code } = await et(t, home, ["run", "--manifest", home.manifestPath, "--", "true"]);
	t.is(code, 0);
	t.is(vanishedIn(home).length, 1);
	await next.kill();
	await et(t, home, ["run", "--manifest", home.manifestPath, "--", "true"]);
	t.is(vanishedIn(home).length, 2);
	t.deepEqual(namesIn(home.spool.open), []);
});

onLinux("a user sees what runs, and what would be reported of it", async (t) => {
	const home = grantedHome(t);
	await underWay(t, home);
	const { id, run_id } = onlyMarker(home).marker.envelope.report;
	const pending = await et(t, home, ["pending"]);
	t.regex(pending.stdout, new RegExp(`1 run under way.*\\n  align of dunovo, last seen .*: et show ${id.slice(-12)}`));
	const { open } = JSON.parse((await et(t, home, ["pending", "--json"])).stdout) as { open: object[] };
	t.like(open[0], { id, run_id, project: "dunovo", command: "align" });
	const shown = await et(t, home, ["show", id]);
	t.like(JSON.parse(shown.stdout), { id, event: "vanished", outcome: "unknown" });
	t.regex((await et(t, home, ["status"])).stdout, /Runs under way: 1 /);
	t.regex((await et(t, home, ["purge"])).stdout, /1 run under way, or not yet found to be gone/);
	t.is((await et(t, home, ["purge", "--yes"])).code, 0);
	t.deepEqual(home.contents(), []);
});

onLinux(
	"a vanished run is shown, held and released as any other before it leaves, and waits as its user asked",
	async (t) => {
		const server = await testServer(t);
		const home = temporaryHome(t, testManifest({ endpoint: server.url }));
		grantAt(home);
		const consent = ["consent", "grant", home.manifestPath, "--yes", "--approve"];
		t.is((await et(t, home, consent)).code, 0);
		await (await underWay(t, home)).kill();
		const { id, run_id } = onlyMarker(home).marker.envelope.report;
		const upload = () => runProgram(t, process.execPath, [UPLOADER, "--once"], { env: home.env });
		t.is((await upload()).code, 0);
		t.deepEqual(await server.store.runEvents("dunovo", run_id), []);
		const shown = JSON.parse((await et(t, home, ["show", id])).stdout) as object;
		t.like(shown, { id, event: "vanished" });
		t.is((await et(t, home, ["approve", id])).code, 0);
		t.is((await upload()).code, 0);
		const [only, ...others] = await server.store.runEvents("dunovo", run_id);
		t.deepEqual([only?.report as unknown, others], [shown, []]);
	},
);

onLinux("an end that comes after a run was taken for vanished stands on its author's page", async (t) => {
	const server = await testServer(t);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	const script = `${scriptUnderWay(home)}
		process.stdin.on("data", () => { run.end(); process.exit(); });`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { env: home.env });
	t.teardown(() => child.kill("SIGKILL"));
	await once(child.stdout, "data");
	const { run_id } = onlyMarker(home).marker.envelope.report;
	const page = async () => (await fetch(`${server.url}/runs/dunovo/${run_id}`)).text();
	const upload = () => runProgram(t, process.execPath, [UPLOADER, "--once"], { env: home.env });
	// Another host's, whose scheduler had it that the job is over.
	changeMarker(home, { host: "0123456789ab", job: { scheduler: "slurm", id: "7", cluster: null } });
	t.is(await look(home, jobs("over")), 1);
	t.is((await upload()).code, 0);
	t.regex(await page(), /status-vanished/);
	child.stdin.write("\n");
	await once(child, "exit");
	t.is((await upload()).code, 0);
	t.notRegex(await page(), /status-vanished/);
	const events = await server.store.runEvents("dunovo", run_id);
	t.deepEqual(events.map(({ report }) => report.event).sort(), ["end", "start", "vanished"]);
});

onLinux("what a run is known to use is in its marker, under the limits that it has", async (t) => {
	const home = grantedHome(t);
	const script = `${scriptUnderWay(home)}\nrun.prelim({ inputs: { pairs: 9 } });`;
	await underWay(t, home, [process.execPath, "--input-type=module", "--eval", script]);
	while (onlyMarker(home).marker.envelope.report.inputs[0]?.size !== 9) await delay(1);
	const { report } = onlyMarker(home).marker.envelope;
	t.is(report.event, "vanished");
	t.true((report.max_rss_bytes ?? 0) > 2 ** 24);
	t.is(report.wall_s, null);
	t.deepEqual(report.limits, reportsIn(home)[0]?.limits ?? null);
});

onLinux("markers beyond the bound of reports go, oldest first, and are counted", async (t) => {
	const home = grantedHome(t);
	for (let n = 0; n < 3; n++) await (await underWay(t, home)).kill();
	// Each reported the one before: three in all.
	const one = onlyMarker(home);
	for (const digit of ["1", "2"]) {
		writeFileSync(one.path.replace(/\d{13}-/, `000000000000${digit}-`), JSON.stringify(one.marker));
	}
	t.is(boundMarkers(home.spool, 1, { nowMs: Date.now(), newId: () => randomUUID() }), 2);
	t.is(onlyMarker(home).path, one.path);
	t.deepEqual([...(lostByReason(home.spool).get("dunovo") ?? [])], [["too_many", 2]]);
});

onLinux(
	"an uploader dies with the report put, and its user holds it: the next one does not bring back what was not held",
	async (t) => {
		const home = await killedRun(t);
		const { path, marker } = onlyMarker(home);
		const before = namesIn(home.spool.new);
		t.is(await look(home), 1);
		const [name = ""] = namesIn(home.spool.new).filter((each) => !before.includes(each));
		writeFileSync(path, JSON.stringify({ ...marker, gone: { name, outcome: "unknown", kill_reason: null } }));
		const { id } = marker.envelope.report;
		t.is((await et(t, home, ["hold", id])).code, 0);
		t.is(await look(home), 1);
		const copies = [...waiting(home.spool)].filter(({ envelope }) => envelope.report.id === id);
		t.deepEqual(
			copies.map(({ envelope }) => envelope.hold),
			["user"],
		);
	},
);
