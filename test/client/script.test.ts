import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { entries } from "../../src/spool/read.js";
import { type ChildResult, runProgram, runScript, runTogether } from "../helpers/child.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { moduleUrl } from "../helpers/modules.js";
import { onUnix, underStrace } from "../helpers/needs.js";
import { namesIn } from "../helpers/spool.js";

const PROCESSES = 50;
const REPORTS_EACH = 20;

/** A script with `enqueue`, `startRun` and the `manifest` at hand. */
const scriptOf = (home: Home, body: string): string => `
	import { enqueue, startRun } from ${JSON.stringify(moduleUrl("src/index.js"))};
	const manifest = ${JSON.stringify(home.manifestPath)};
	${body}`;

function grantedHome(t: ExecutionContext): Home {
	const home = temporaryHome(t);
	grantAt(home);
	return home;
}

const run = (t: ExecutionContext, home: Home, body: string, env: NodeJS.ProcessEnv = {}): Promise<ChildResult> =>
	runScript(t, scriptOf(home, body), { env: { ...home.env, ...env } });
const reportsIn = (home: Home) => [...entries(home.spool.new)].map(({ envelope }) => envelope.report);
const silent = (t: ExecutionContext, { code, stdout, stderr }: ChildResult, expected = 0) =>
	t.deepEqual({ code, stdout, stderr }, { code: expected, stdout: "", stderr: "" });

test("in an exit handler", async (t) => {
	const home = grantedHome(t);
	silent(
		t,
		await run(t, home, `process.on("exit", (exitCode) => enqueue({ exitCode }, { manifest })); process.exit(7);`),
		7,
	);
	t.deepEqual(
		reportsIn(home).map(({ exit_code }) => exit_code),
		[7],
	);
});

/** What a script may find: no devices, no /proc, no name of the machine, no randomness, and a clock that shows no time. */
const BARE_MACHINE = `
	const fs = process.getBuiltinModule("node:fs");
	const absent = () => { throw new Error("not on this machine"); };
	for (const name of ["openSync", "readFileSync"]) {
		const original = fs[name];
		fs[name] = (path, ...rest) => (/^\\/(?:dev|proc)\\//.test(path) ? absent() : original(path, ...rest));
	}
	process.getBuiltinModule("node:os").hostname = absent;
	Object.defineProperty(globalThis, "crypto", { value: undefined });
	globalThis.Date = class extends Date { constructor() { super(Number.NaN); } };`;

test("on a machine where nothing can be had: it is imported and called all the same, and says why nothing is kept", async (t) => {
	const home = grantedHome(t);
	const script = `${BARE_MACHINE}
		const { enqueue, startRun } = await import(${JSON.stringify(moduleUrl("pkg/index.js"))});
		const manifest = ${JSON.stringify(home.manifestPath)};
		const results = [enqueue({}, { manifest }), startRun({ manifest }).end()];
		process.exitCode = results.every(({ status, reason }) => status === "dropped" && reason === "internal_error") ? 0 : 9;`;
	silent(t, await runScript(t, script, { env: home.env }));
	t.deepEqual(reportsIn(home), []);
});

test("after an exception that nobody caught", async (t) => {
	const home = grantedHome(t);
	const body = `
		process.on("uncaughtException", (error) => {
			enqueue({ outcome: "failed", exception: { type: error.name } }, { manifest });
			process.exit(3);
		});
		setTimeout(() => { throw new TypeError("a secret"); });`;
	silent(t, await run(t, home, body), 3);
	t.deepEqual(
		reportsIn(home).map(({ exception }) => exception),
		[{ type: "TypeError", frames: [] }],
	);
});

test("from a worker, and from the main thread at once", async (t) => {
	const home = grantedHome(t);
	const worker = JSON.stringify(scriptOf(home, `enqueue({ command: "worker" }, { manifest });`));
	const body = `
		import { Worker } from "node:worker_threads";
		for (let n = 0; n < 2; n++) new Worker(new URL("data:text/javascript," + encodeURIComponent(${worker})));
		enqueue({ command: "main" }, { manifest });`;
	silent(t, await run(t, home, body));
	t.deepEqual(
		reportsIn(home)
			.map(({ command }) => command)
			.sort(),
		["main", "worker", "worker"],
	);
});

test("in a signal's handler", async (t) => {
	const home = grantedHome(t);
	const body = `
		const run = startRun({ manifest });
		process.on("SIGTERM", () => { run.end({ outcome: "killed", signal: "SIGTERM" }); process.exit(0); });
		setInterval(() => {}, 1000);
		process.kill(process.pid, "SIGTERM");`;
	silent(t, await run(t, home, body));
	t.deepEqual(
		reportsIn(home).map(({ event, signal }) => [event, signal]),
		[
			["start", null],
			["end", "SIGTERM"],
		],
	);
});

/** Machines on which nothing can be kept: the script must not notice. */
const PLIGHTS: Record<string, (home: Home) => NodeJS.ProcessEnv> = {
	"no consent": (home) => {
		rmSync(home.consent.folder, { recursive: true });
		return {};
	},
	"a spool in the place of a device": () => ({ ET_SPOOL: "/dev/full" }),
	"a spool where none can be made": () => ({ ET_SPOOL: "/proc/et/spool" }),
	"a home that is not there": () => ({ HOME: "/nonexistent/home", ET_SPOOL: "", ET_CONFIG: "" }),
	"variables of blanks and controls": () => ({ ET_SPOOL: " \u0001\n", ET_CONFIG: "\u007f" }),
	"a spool's path of 10,000 letters": () => ({ ET_SPOOL: `/${"x".repeat(10_000)}` }),
	"bounds of nonsense": () => ({ ET_MAX_REPORTS: "-1", ET_MAX_MIB: "NaN", ET_MAX_DAYS: "{}" }),
};

for (const [plight, prepare] of Object.entries(PLIGHTS)) {
	test(`silence, and the exit code of the script's own: ${plight}`, async (t) => {
		const home = grantedHome(t);
		const env = prepare(home);
		const body = `
			const run = startRun({ manifest, command: "align" });
			run.prelim({ inputs: { pairs: 3 } });
			run.end();
			enqueue({}, { manifest });
			enqueue({}, { manifest: "/no/such/et.json" });
			enqueue();
			process.exitCode = 5;`;
		const cwd = join(home.folder, "..", "cwd");
		mkdirSync(cwd);
		silent(t, await runScript(t, scriptOf(home, body), { env: { ...home.env, ...env }, cwd }), 5);
	});
}

test("HOME unset: the home of the system's list of users is used, or none; never a folder elsewhere", async (t) => {
	const home = temporaryHome(t);
	const cwd = join(home.folder, "..", "cwd");
	mkdirSync(cwd);
	const options = { env: { HOME: undefined, XDG_STATE_HOME: "relative", ET_DISABLED: "1" }, cwd };
	silent(t, await runScript(t, scriptOf(home, "enqueue({}, { manifest });"), options));
	t.deepEqual(namesIn(cwd), []);
});

onUnix("a working directory that is gone, and a relative spool", async (t) => {
	const home = grantedHome(t);
	const cwd = join(home.folder, "..", "cwd");
	mkdirSync(cwd);
	const body = `
		import { rmdirSync } from "node:fs";
		process.chdir(${JSON.stringify(cwd)});
		rmdirSync(${JSON.stringify(cwd)});
		const results = [startRun({ manifest }).end(), enqueue({}, { manifest })];
		process.exitCode = results.every(({ reason }) => reason === "no_home") ? 4 : 1;`;
	silent(t, await run(t, home, body, { ET_SPOOL: "spool" }), 4);
});

test("without consent nothing is made anywhere in the home", async (t) => {
	const home = temporaryHome(t);
	const env = { ...home.env, ET_SPOOL: undefined, ET_CONFIG: undefined };
	const body = `const run = startRun({ manifest }); run.end(); enqueue({}, { manifest });`;
	silent(t, await runScript(t, scriptOf(home, body), { env }));
	t.deepEqual(home.contents(), []);
});

test("fifty processes at once, twenty reports each: a thousand in the spool", async (t) => {
	const home = grantedHome(t);
	const body = `
		let queued = 0;
		for (let n = 0; n < ${REPORTS_EACH}; n++) if (enqueue({ wallS: n }, { manifest }).status === "queued") queued++;
		process.exitCode = queued;`;
	const scripts = Array<string>(PROCESSES).fill(scriptOf(home, body));
	for (const result of await runTogether(t, scripts, { env: home.env })) silent(t, result, REPORTS_EACH);
	const reports = reportsIn(home);
	t.is(namesIn(home.spool.new).length, PROCESSES * REPORTS_EACH);
	t.is(new Set(reports.map(({ id }) => id)).size, PROCESSES * REPORTS_EACH);
	t.deepEqual(namesIn(home.spool.tmp), []);
});

/** Runs a script under strace. @returns what it did, a line each */
async function traced(t: ExecutionContext, home: Home, calls: string, body: string): Promise<string[]> {
	const log = join(home.folder, "..", "strace.log");
	const script = scriptOf(home, body);
	const args = [
		"-f",
		"-y",
		"-e",
		`trace=${calls}`,
		"-o",
		log,
		process.execPath,
		"--input-type=module",
		"--eval",
		script,
	];
	const { code, stderr } = await runProgram(t, "strace", args, { env: home.env });
	t.deepEqual([code, stderr], [0, ""]);
	return readFileSync(log, "utf8").split("\n");
}

underStrace("open O_EXCL, write, fsync, rename, fsync of the folder, and only then the result", async (t) => {
	const home = grantedHome(t);
	const body = `
		import { writeSync } from "node:fs";
		enqueue({}, { manifest });
		writeSync(1, enqueue({}, { manifest }).status);`;
	const lines = await traced(
		t,
		home,
		"openat,open,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir",
		body,
	);
	const [name = ""] = namesIn(home.spool.new).slice(-1);
	const [tmp, target] = [join(home.spool.tmp, name), join(home.spool.new, name)];
	// Of the second report, for which every folder was there.
	const first = lines.findIndex((line) => line.includes(tmp));
	const steps = lines.slice(first).filter((line) => line.includes(home.spool.root) || line.includes('"queued"'));
	const expected: [call: string, of: string][] = [
		[`open\\w*\\(.*O_WRONLY\\|O_CREAT\\|O_EXCL`, tmp],
		["write\\(", tmp],
		["fsync\\(", tmp],
		["rename\\w*\\(", target],
		["open\\w*\\(.*O_RDONLY", home.spool.new],
		["fsync\\(", home.spool.new],
		["write\\(1", "queued"],
	];
	t.is(steps.length, expected.length, steps.join("\n"));
	for (const [index, [call, of]] of expected.entries()) {
		t.regex(steps[index] ?? "", new RegExp(`\\b${call}`));
		t.true(steps[index]?.includes(of), steps[index]);
	}
});

underStrace("no socket is opened, and no program is started", async (t) => {
	const home = grantedHome(t);
	const body = `
		const run = startRun({ manifest });
		run.end();
		process.on("exit", () => enqueue({}, { manifest }));`;
	const lines = await traced(t, home, "socket,socketpair,connect,sendto,sendmsg,execve,fork,vfork", body);
	t.is(namesIn(home.spool.new).length, 3);
	const done = lines.filter((line) => /\b(socket|socketpair|connect|sendto|sendmsg|execve|fork|vfork)\(/.test(line));
	t.is(done.length, 1, done.join("\n"));
	t.regex(done[0] ?? "", /execve\(.*node/);
});
