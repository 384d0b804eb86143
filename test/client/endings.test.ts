/** How a run ends with its process, and that the process ends as it would without. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { unwatchEnding, watchEnding } from "../../src/client/endings.js";
import type { WireReport } from "../../src/report/types.js";
import { type ChildResult, runProgram } from "../helpers/child.js";
import { grantedHome, reportsIn } from "../helpers/cli.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { moduleUrl } from "../helpers/modules.js";
import { onUnix } from "../helpers/needs.js";
import { namesIn } from "../helpers/spool.js";

/** The package as its users import it. */
const PACKAGE = JSON.stringify(moduleUrl("pkg/index.js"));
const begin = (home: Home): string => `import { startRun } from ${PACKAGE};
const run = startRun({ manifest: ${JSON.stringify(home.manifestPath)} });`;
/** In its place where a script is to be the same without ET. */
const WITHOUT = "const run = { prelim() {}, end() {} };";

/** Runs the body twice, as a file of the same name: with a run, and without ET. */
async function both(t: ExecutionContext, home: Home, body: string): Promise<[ChildResult, ChildResult]> {
	const path = join(home.folder, "..", "script.mjs");
	const runWith = (head: string): Promise<ChildResult> => {
		// The same lines, so that a stack trace names the same places.
		writeFileSync(path, `${head.replaceAll("\n", " ")}\n${body}\n`);
		return runProgram(t, process.execPath, [path], { env: home.env });
	};
	const withRun = await runWith(begin(home));
	return [withRun, await runWith(WITHOUT)];
}

/** Without the lines of Node.js' own files: it calls one listener in one line, and several in another. */
const inOneNode = (result: ChildResult): ChildResult => ({
	...result,
	stderr: result.stderr.replaceAll(/\(node:events:[\d:]+\)/g, "(node:events)"),
});

const endOf = (home: Home): WireReport | undefined => reportsIn(home).find(({ event }) => event === "end");

/** What a script may do, and how its run ends. */
const ENDS: Record<string, { body: string; end: Partial<WireReport> }> = {
	"it has done all it had to do": { body: "setTimeout(() => {}, 10);", end: { outcome: "ok", exit_code: 0 } },
	"it exits": { body: "process.exit(7);", end: { outcome: "failed", exit_code: 7 } },
	"it sets an exit code": { body: "process.exitCode = 9;", end: { outcome: "failed", exit_code: 9 } },
	"it throws": {
		body: "function work() { throw new TypeError('a secret'); }\nsetImmediate(() => { work(); });",
		end: { outcome: "failed", exit_code: 1 },
	},
	"it rejects": { body: "await Promise.reject(new RangeError('a secret'));", end: { outcome: "failed", exit_code: 1 } },
	"it rejects in the background": {
		body: "Promise.reject(new RangeError('a secret')); setTimeout(() => {}, 1000);",
		end: { outcome: "failed", exit_code: 1 },
	},
	"it catches what it throws, and goes on": {
		body: "process.on('uncaughtException', (error) => console.error('caught', error.message));\nsetImmediate(() => { throw new Error('x'); });",
		end: { outcome: "ok", exit_code: 0, exception: null },
	},
	"its own listener ends it": {
		body: "process.on('uncaughtException', () => process.exit(4));\nsetImmediate(() => { throw new TypeError('x'); });",
		end: { outcome: "failed", exit_code: 4 },
	},
	"an exit listener throws": {
		body: "process.on('exit', () => { throw new Error('late'); });",
		end: { outcome: "ok", exit_code: 0 },
	},
	"a rejection is only warned of": {
		body: "process.on('unhandledRejection', () => console.error('seen')); Promise.reject(1);",
		end: { outcome: "ok", exit_code: 0 },
	},
	"it has as many exit listeners as it may, beside Node.js' own": {
		body: "for (let n = 0; n < 9; n++) process.on('exit', () => console.log(n));",
		end: { outcome: "ok" },
	},
	"SIGTERM, and nothing listens": {
		body: "setInterval(() => {}, 1000);\nsetTimeout(() => process.kill(process.pid, 'SIGTERM'), 10);\nprocess.on('exit', () => console.log('not said'));",
		end: { outcome: "killed", signal: "SIGTERM", exit_code: null },
	},
	"SIGINT, and nothing listens": {
		body: "setInterval(() => {}, 1000);\nsetTimeout(() => process.kill(process.pid, 'SIGINT'), 10);",
		end: { outcome: "killed", signal: "SIGINT", exit_code: null },
	},
	"SIGTERM, and the script listens first": {
		body: "process.on('SIGTERM', () => setTimeout(() => process.exit(5), 20));\nsetInterval(() => {}, 1000);\nsetTimeout(() => process.kill(process.pid, 'SIGTERM'), 10);",
		end: { outcome: "failed", exit_code: 5 },
	},
	"SIGTERM, and the script listens later": {
		body: "setTimeout(() => { process.on('SIGTERM', () => setTimeout(() => process.exit(5), 20)); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10); }, 10);\nsetInterval(() => {}, 1000);",
		end: { outcome: "failed", exit_code: 5 },
	},
};

for (const [title, { body, end }] of Object.entries(ENDS)) {
	onUnix(`a run ends with its process, which notices nothing: ${title}`, async (t) => {
		const home = grantedHome(t);
		const [withRun, without] = await both(t, home, body);
		t.deepEqual(inOneNode(withRun), inOneNode(without));
		t.like(endOf(home), end);
		t.deepEqual(namesIn(home.spool.open), []);
	});
}

test("what nobody caught is told by its type and the script's own lines, and never by its message", async (t) => {
	const home = grantedHome(t);
	const body = "function work() { throw new TypeError('a secret'); }\nsetImmediate(() => { work(); });";
	const [{ stderr }] = await both(t, home, body);
	t.regex(stderr, /a secret/);
	const end = endOf(home);
	t.is(end?.exception?.type, "TypeError");
	t.deepEqual(end?.exception?.frames[0], { file: "script.mjs", line: 2, function: "work" });
	t.false(JSON.stringify(reportsIn(home)).includes("secret"));
});

/** Where the script decides about a signal, or leaves the event loop no turn, the system does what it always does. */
const SIGNALS_LEFT_ALONE: Record<string, string> = {
	"the script listens once, and then dies of it":
		"process.once('SIGTERM', () => process.kill(process.pid, 'SIGTERM'));\nsetInterval(() => {}, 1000);\nsetTimeout(() => process.kill(process.pid, 'SIGTERM'), 10);",
	"the script does what signal-exit does":
		"const listener = () => { const alone = process.listeners('SIGTERM').length === 1; process.off('SIGTERM', listener); if (alone) process.kill(process.pid, 'SIGTERM'); };\nsetTimeout(() => { process.on('SIGTERM', listener); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10); }, 10);\nsetInterval(() => {}, 1000);",
	"the script waits for another program":
		"import { execSync } from 'node:child_process';\nexecSync('kill -TERM ' + process.pid + '; sleep 5');",
	"the script computes": "process.kill(process.pid, 'SIGINT'); for (;;);",
};

for (const [title, body] of Object.entries(SIGNALS_LEFT_ALONE)) {
	onUnix(`a signal ends a script as it would, and the marker tells of it: ${title}`, async (t) => {
		const home = grantedHome(t);
		const [withRun, without] = await both(t, home, body);
		t.deepEqual(withRun, without);
		t.not(withRun.signal, null);
		t.is(namesIn(home.spool.open).length, 1);
	});
}

test("what an exit handler of the script's own says stands for what the exit alone told", async (t) => {
	const home = grantedHome(t);
	const [{ code }] = await both(t, home, "process.on('exit', () => run.end({ outcome: 'failed', exitCode: 3 }));");
	t.is(code, 0);
	t.deepEqual(
		reportsIn(home).map(({ event, outcome, exit_code }) => [event, outcome, exit_code]),
		[
			["start", null, null],
			["end", "failed", 3],
		],
	);
});

test("many runs of one process end with it, and none makes Node.js warn of listeners", async (t) => {
	const home = grantedHome(t);
	const manifest = JSON.stringify(home.manifestPath);
	const [{ stderr, code }] = await both(t, home, `for (let n = 0; n < 30; n++) startRun({ manifest: ${manifest} });`);
	t.deepEqual([stderr, code], ["", 0]);
	const events = reportsIn(home).map(({ event }) => event);
	t.is(events.filter((event) => event === "end").length, 31);
	t.deepEqual(namesIn(home.spool.open), []);
});

test("a run that has ended leaves the process as it was", async (t) => {
	const home = grantedHome(t);
	const count = "process.eventNames().map((name) => String(name) + process.listenerCount(name))";
	const body = `run.end(); console.log(${count});\nsetTimeout(() => console.log(${count}), 20);`;
	const [withRun, without] = await both(t, home, body);
	t.deepEqual(withRun, without);
});

test("a run without consent listens to nothing, and makes no folder", async (t) => {
	const home = temporaryHome(t);
	const body =
		"setTimeout(() => console.log(['exit', 'SIGTERM'].map((name) => process.listenerCount(name)).join()), 20);";
	const [withRun, without] = await both(t, home, body);
	t.deepEqual(withRun, without);
	t.is(withRun.stdout, "0,0\n");
	t.deepEqual(home.contents(), []);
});

onUnix("a run that goes on has a marker, which its prelim renews, and its end removes", async (t) => {
	const home = grantedHome(t);
	const script = `${begin(home)}
		run.prelim({ inputs: { pairs: 7 } });
		console.log("up");
		process.stdin.on("end", () => run.end()).resume();`;
	const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { env: home.env });
	t.teardown(() => child.kill("SIGKILL"));
	await once(child.stdout, "data");
	t.is(namesIn(home.spool.open).length, 1);
	child.stdin.end();
	await once(child, "close");
	t.deepEqual(namesIn(home.spool.open), []);
	t.deepEqual(namesIn(home.spool.tmp), []);
});

test("a run that goes on is told so, and no more once it has ended", async (t) => {
	let looks = 0;
	const run = { exits() {}, dies() {}, goesOn: () => looks++ };
	watchEnding(run, 1);
	// A timer of ours does not keep a process alive; this one does.
	while (looks < 3) await new Promise((resolve) => setTimeout(resolve, 1));
	unwatchEnding(run);
	const seen = looks;
	await new Promise((resolve) => setTimeout(resolve, 50));
	t.is(looks, seen);
});
