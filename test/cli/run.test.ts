/** `et run` is transparent: whatever a command does and however it ends, the caller can't tell. */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { ChildResult } from "../helpers/child.js";
import { atTerminal, ET, ET_WORDS, et, grantedHome, inBash, reportsIn } from "../helpers/cli.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { asOrdinaryUser, onLinux, onTerminal, underStrace } from "../helpers/needs.js";
import { namesIn } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const reported = (t: ExecutionContext, home: Home, command: readonly string[], options = {}): Promise<ChildResult> =>
	et(t, home, ["run", "--manifest", home.manifestPath, "--", ...command], options);

test("input, output and errors pass byte for byte", async (t) => {
	const home = grantedHome(t);
	const folder = temporaryFolder(t);
	const bytes = randomBytes(300_000);
	writeFileSync(join(folder, "in"), bytes);
	const line = `et run --manifest "$0" -- sh -c 'tee copy; cat copy >&2' <in >out 2>err`;
	const result = await inBash(t, home, line.replace("$0", home.manifestPath), { cwd: folder });
	t.is(result.code, 0);
	t.deepEqual(readFileSync(join(folder, "out")), bytes);
	t.deepEqual(readFileSync(join(folder, "err")), bytes);
});

for (const code of [0, 1, 3, 126, 127, 255]) {
	test(`the exit code ${code} is passed on`, async (t) => {
		const result = await reported(t, grantedHome(t), ["sh", "-c", `exit ${code}`]);
		t.deepEqual(result, { code, signal: null, stdout: "", stderr: "" });
	});
}

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSEGV", "SIGABRT", "SIGPIPE", "SIGUSR1"] as const) {
	test(`death by ${signal} is died again`, async (t) => {
		const home = grantedHome(t);
		const result = await reported(t, home, ["sh", "-c", `kill -${signal.slice(3)} $$`]);
		t.deepEqual(result, { code: null, signal, stdout: "", stderr: "" });
		const [, end] = reportsIn(home);
		t.like(end, { event: "end", outcome: "killed", signal, exit_code: null });
	});
}

test("a core is the command's alone, also where cores are wanted", async (t) => {
	const home = grantedHome(t);
	const folder = temporaryFolder(t);
	const line = `ulimit -Sc unlimited 2>/dev/null; et run --manifest ${home.manifestPath} -- sh -c 'ulimit -c 0; kill -SEGV $$'`;
	await inBash(t, home, line, { cwd: folder });
	t.deepEqual(namesIn(folder), []);
});

test("what a PATH holds that can't be looked into is no command", async (t) => {
	const home = grantedHome(t);
	// A file where a folder should be is, like a folder that is closed to its user, nothing to look into.
	const env = { PATH: `${home.manifestPath}:${process.env["PATH"]}` };
	const { code } = await et(t, home, ["run", "--", "no-such-command"], { env });
	t.is(code, 127);
});

asOrdinaryUser("a folder of PATH that is closed to its user does not make a missing command one", async (t) => {
	const home = grantedHome(t);
	const closed = temporaryFolder(t);
	chmodSync(closed, 0o000);
	t.teardown(() => chmodSync(closed, 0o700));
	const env = { PATH: `${closed}:${process.env["PATH"]}` };
	t.is((await et(t, home, ["run", "--", "no-such-command"], { env })).code, 127);
});

test("a command that is not there or can't be started ends as in a shell", async (t) => {
	const home = grantedHome(t);
	t.deepEqual(await reported(t, home, ["no-such-command"]), { code: 127, signal: null, stdout: "", stderr: "" });
	t.deepEqual(await reported(t, home, [home.manifestPath]), { code: 126, signal: null, stdout: "", stderr: "" });
	const ends = reportsIn(home).filter(({ event }) => event === "end");
	t.deepEqual(
		ends.map(({ outcome, exit_code, command }) => [outcome, exit_code, command]),
		[
			["failed", 127, "no-such-command"],
			["failed", 126, "et.json"],
		],
	);
});

test("a script without a first line is run, as in a shell", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "script");
	writeFileSync(path, "exit 9\n", { mode: 0o755 });
	t.is((await reported(t, home, [path])).code, 9);
});

test("arguments, environment, folder and umask are the command's own", async (t) => {
	const home = grantedHome(t);
	const folder = temporaryFolder(t);
	const script = 'printf "[%s]" "$@"; pwd; umask; printenv ET_TEST_VALUE';
	const line = `umask 027; export ET_TEST_VALUE='a b'; et run --manifest ${home.manifestPath} -- sh -c '${script}' sh '' 'a b' --help -- '*' é`;
	const { stdout } = await inBash(t, home, line, { cwd: folder });
	t.is(stdout, `[][a b][--help][--][*][é]${folder}\n0027\na b\n`);
});

test("bytes that are no UTF-8 pass unchanged, in names and in the environment", async (t) => {
	const home = grantedHome(t);
	const line = [
		"name=$(printf 'caf\\351\\r'); printf latin >\"$name\"; export ET_TEST_VALUE=$(printf 'a\\377b')",
		`et run --manifest ${home.manifestPath} -- sh -c 'cat "$1"; printf "%s" "$2$3" "$ET_TEST_VALUE" | od -An -tx1; exit 4' sh "$name" $'\\200\\n' "é 'q'"`,
		'echo "code $?"',
	].join("\n");
	const { stdout } = await inBash(t, home, line, { cwd: temporaryFolder(t) });
	t.is(stdout, "latin 80 0a c3 a9 20 27 71 27 61 ff 62\ncode 4\n");
	t.is(reportsIn(home)[1]?.command, "sh");
});

test("options end where the command begins, with and without --", async (t) => {
	const home = grantedHome(t);
	for (const words of [
		["run", "--manifest", home.manifestPath, "echo", "--manifest", "--help"],
		["run", "--manifest", home.manifestPath, "--", "echo", "--manifest", "--help"],
	]) {
		t.is((await et(t, home, words)).stdout, "--manifest --help\n");
	}
});

test("descriptors beyond the standard ones are passed on", async (t) => {
	const home = grantedHome(t);
	const folder = temporaryFolder(t);
	const reader = "cat <&3; cat /dev/fd/9; echo out >&5";
	const line = `et run --manifest ${home.manifestPath} -- sh -c '${reader}' 3< <(echo three) 9<<<nine 5>five; et run -- cat <(echo sub)`;
	const { stdout } = await inBash(t, home, line, { cwd: folder });
	t.is(stdout, "three\nnine\nsub\n");
	t.is(readFileSync(join(folder, "five"), "utf8"), "out\n");
});

test("the job server of make is passed on, though both its ends look like our own", async (t) => {
	const home = grantedHome(t);
	const line = [
		"exec 3<> <(:); mkfifo pipe; exec 3<>pipe 4>&3",
		"MAKEFLAGS='-j2 --jobserver-auth=3,4' et run -- sh -c 'echo token >&4; head -n 1 <&3'",
	].join("\n");
	t.is((await inBash(t, home, line, { cwd: temporaryFolder(t) })).stdout, "token\n");
});

interface Waiting {
	send(signal: NodeJS.Signals): void;
	end: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
	output(): string;
}

/** A command under `et run` that has said "ready". */
async function ready(t: ExecutionContext, home: Home, script: string): Promise<Waiting> {
	const child = spawn(process.execPath, [ET, "run", "--manifest", home.manifestPath, "--", "bash", "-c", script], {
		env: home.env,
		stdio: ["pipe", "pipe", "inherit"],
	});
	t.teardown(() => child.kill("SIGKILL"));
	const end = once(child, "exit") as Waiting["end"];
	let output = "";
	await new Promise<void>((resolve) => {
		child.stdout.setEncoding("utf8").on("data", (text) => {
			output += text;
			if (output.includes("ready\n")) resolve();
		});
	});
	return { send: (signal) => child.kill(signal), end, output: () => output };
}

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const) {
	test(`${signal} sent to et alone reaches the command`, async (t) => {
		const home = grantedHome(t);
		const waiting = await ready(t, home, `trap 'exit 41' ${signal.slice(3)}; echo ready; read line; exit 1`);
		waiting.send(signal);
		t.deepEqual(await waiting.end, [41, null]);
		t.is(reportsIn(home)[1]?.exit_code, 41);
	});
}

test("a signal that the command dies of is its end, and is reported", async (t) => {
	const home = grantedHome(t);
	const waiting = await ready(t, home, "echo ready; read line");
	waiting.send("SIGTERM");
	t.deepEqual(await waiting.end, [null, "SIGTERM"]);
	t.like(reportsIn(home)[1], { event: "end", outcome: "killed", signal: "SIGTERM" });
});

test("a reader that leaves ends the command by SIGPIPE, as it would", async (t) => {
	const home = grantedHome(t);
	const { stdout } = await inBash(
		t,
		home,
		`et run --manifest ${home.manifestPath} -- yes | head -n 1; echo \${PIPESTATUS[0]}`,
	);
	t.is(stdout, "y\n141\n");
});

test("a command under nohup outlives the hangup, and one without does not", async (t) => {
	const home = grantedHome(t);
	const command = "sh -c 'kill -HUP $$; echo outlived'";
	const words = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} --`;
	const { stdout } = await inBash(t, home, `nohup ${words} ${command}`);
	t.is(stdout, "outlived\n");
	writeFileSync(join(home.folder, "script.sh"), `${words} ${command}\nexit $?\n`);
	t.is((await inBash(t, home, `nohup bash ${home.folder}/script.sh`)).stdout, "outlived\n");
	t.is((await inBash(t, home, `bash ${home.folder}/script.sh`)).stdout, "");
});

onTerminal("Ctrl-C reaches the command once, and et waits for what it makes of it", async (t) => {
	const home = grantedHome(t);
	const script = "trap 'echo caught' INT; sleep 60 & echo ready; wait; echo over; kill $!; exit 7";
	const command = [...ET_WORDS, "run", "--manifest", home.manifestPath, "--", "bash", "-c", script];
	const steps = [{ see: "ready", type: "\x03" }, { see: "over" }];
	const { shown, status } = await atTerminal(t, command, steps, { env: home.env });
	t.is(shown.split("caught").length - 1, 1);
	t.is(status, 7);
});

onTerminal("Ctrl-C ends a command that does not mind it, and et with it", async (t) => {
	const home = grantedHome(t);
	const command = [...ET_WORDS, "run", "--manifest", home.manifestPath, "--", "sh", "-c", "echo ready; exec cat"];
	const { status } = await atTerminal(t, command, [{ see: "ready", type: "\x03" }], { env: home.env });
	t.is(status, -2);
	t.like(reportsIn(home)[1], { outcome: "killed", signal: "SIGINT" });
});

onTerminal("Ctrl-Z stops the job, fg continues it", async (t) => {
	const home = grantedHome(t);
	const shell = ["bash", "--norc", "--noprofile", "-i"];
	const line = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} -- sh -c 'echo rea""dy; exec cat'`;
	const steps = [
		{ see: "$ ", type: `${line}\n` },
		{ see: "ready\r\n", type: "\x1a" },
		{ see: "Stopped" },
		{ see: "$ ", type: "fg\n" },
		{ see: "cat'", type: "through\n" },
		{ see: "through\r\nthrough", type: "\x04" },
		{ see: "$ ", type: "echo code=$?; exit\n" },
		{ see: "code=0" },
	];
	const { status } = await atTerminal(t, shell, steps, { env: { ...home.env, PS1: "$ " } });
	t.is(status, 0);
	t.like(reportsIn(home)[1], { event: "end", outcome: "ok" });
});

const INTERACTIVE = ["bash", "--norc", "--noprofile", "-i"];

onTerminal("bg continues a stopped job in the background, and it ends with its own code", async (t) => {
	const home = grantedHome(t);
	const file = join(temporaryFolder(t), "go");
	const script = `echo rea""dy; until [ -e ${file} ]; do sleep 0.02; done; exit 7`;
	const line = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} -- sh -c '${script}'`;
	const steps = [
		{ see: "$ ", type: `${line}\n` },
		{ see: "ready\r\n", type: "\x1a" },
		{ see: "Stopped" },
		{ see: "$ ", type: "bg; echo running=$(jobs -r | grep -c manifest)\n" },
		{ see: "running=1" },
		{ see: "$ ", type: `touch ${file}; wait %1; echo code=$?; exit\n` },
		{ see: "code=7" },
	];
	await atTerminal(t, INTERACTIVE, steps, { env: { ...home.env, PS1: "$ " } });
	t.like(reportsIn(home)[1], { event: "end", outcome: "failed", exit_code: 7 });
});

onTerminal("a job in the background that reads from its terminal stops, and goes on in the foreground", async (t) => {
	const home = grantedHome(t);
	const line = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} -- head -n 1 &`;
	const steps = [
		{ see: "$ ", type: `${line}\n` },
		// 128 and the number of SIGTTIN.
		{ see: "$ ", type: "wait %1; echo state=$?\n" },
		{ see: "state=149" },
		{ see: "$ ", type: "fg\n" },
		{ see: "head", type: "through\n" },
		{ see: "through\r\nthrough" },
		{ see: "$ ", type: "echo code=$?; exit\n" },
		{ see: "code=0" },
	];
	await atTerminal(t, INTERACTIVE, steps, { env: { ...home.env, PS1: "$ " } });
	t.like(reportsIn(home)[1], { event: "end", outcome: "ok" });
});

onTerminal("Ctrl-C in the foreground is none of a job's in the background, and kill %1 ends that", async (t) => {
	const home = grantedHome(t);
	const line = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} -- sh -c 'echo rea""dy; exec sleep 60' &`;
	const steps = [
		{ see: "$ ", type: `${line}\n` },
		{ see: "ready\r\n", type: "\x03" },
		{ see: "$ ", type: "echo running=$(jobs -r | grep -c manifest); kill %1; wait %1; echo code=$?; exit\n" },
		{ see: "running=1" },
		{ see: "code=143" },
	];
	await atTerminal(t, INTERACTIVE, steps, { env: { ...home.env, PS1: "$ " } });
	t.like(reportsIn(home)[1], { event: "end", outcome: "killed", signal: "SIGTERM" });
});

onTerminal("Ctrl-\\ ends a command and et of SIGQUIT", async (t) => {
	const home = grantedHome(t);
	const command = [...ET_WORDS, "run", "--manifest", home.manifestPath, "--", "sh", "-c", "echo ready; exec sleep 60"];
	const cwd = temporaryFolder(t);
	const { status } = await atTerminal(t, command, [{ see: "ready", type: "\x1c" }], { env: home.env, cwd });
	t.is(status, -3);
	t.like(reportsIn(home)[1], { outcome: "killed", signal: "SIGQUIT" });
});

onTerminal("what the command does to its terminal stays done", async (t) => {
	const home = grantedHome(t);
	const words = `"${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} --`;
	const line = `${words} stty -echo; stty -a | grep -o -e '-echo ' ; echo done`;
	const { shown } = await atTerminal(t, ["bash", "-c", line], [{ see: "done" }], { env: home.env });
	t.regex(shown, /^-echo \r\ndone/m);
});

const SAID = { code: 3, signal: null, stdout: "out\n", stderr: "err\n" };
const SAYS = ["sh", "-c", "echo out; echo err >&2; exit 3"];

test("without consent the command runs the same, and nothing is written", async (t) => {
	const home = temporaryHome(t);
	t.deepEqual(await reported(t, home, SAYS), SAID);
	t.deepEqual(home.contents(), []);
});

test("whatever is wrong with ET, the command runs the same and nothing is said", async (t) => {
	const home = grantedHome(t);
	const broken = join(temporaryFolder(t), "et.json");
	writeFileSync(broken, '{"et": 1, "project": ');
	const folder = temporaryFolder(t);
	writeFileSync(join(folder, "file"), "");
	mkdirSync(join(folder, "open"), { mode: 0o777 });
	const manifest = ["--manifest", home.manifestPath];
	const cases: [args: string[], env: NodeJS.ProcessEnv][] = [
		[[], {}],
		[["--manifest", join(folder, "none.json")], {}],
		[["--manifest", broken], {}],
		[["--manifest", folder], {}],
		[[...manifest, "--no-such-option", "value"], {}],
		[[...manifest, "--input"], {}],
		[[...manifest, "--input", "pairs", "--input", "pairs=1:furlongs", "--data", "x", "--command", ""], {}],
		[[...manifest, "--input", "pairs=no-such-file:reads"], {}],
		[manifest, { ET_SPOOL: join(folder, "file") }],
		[manifest, { ET_SPOOL: join(folder, "file", "spool") }],
		[manifest, { ET_SPOOL: "/proc/none" }],
		[manifest, { HOME: undefined, ET_SPOOL: undefined, ET_CONFIG: undefined }],
		[manifest, { HOME: "/nonexistent", ET_SPOOL: undefined }],
		[manifest, { ET_CONFIG: join(folder, "file") }],
		[manifest, { DO_NOT_TRACK: "1" }],
		[manifest, { TMPDIR: "/nonexistent", LANG: "none", NO_COLOR: "1" }],
	];
	for (const [args, env] of cases) {
		t.deepEqual(await et(t, home, ["run", ...args, "--", ...SAYS], { env }), SAID, JSON.stringify([args, env]));
	}
});

test("from a folder that is gone", async (t) => {
	const home = grantedHome(t);
	const line = `mkdir gone && cd gone && rmdir ../gone && et run --manifest ${home.manifestPath} -- sh -c 'echo out; exit 3' 2>err`;
	const { code, stdout } = await inBash(t, home, line.replace(" 2>err", ""), { cwd: temporaryFolder(t) });
	t.deepEqual({ code, stdout }, { code: 3, stdout: "out\n" });
});

test("a spool that can't be written changes nothing for the command", async (t) => {
	const home = grantedHome(t);
	mkdirSync(join(home.folder, "state"), { mode: 0o777 });
	const loosen = spawnSync("chmod", ["0777", join(home.folder, "state")]);
	t.is(loosen.status, 0);
	t.deepEqual(await reported(t, home, SAYS), SAID);
	t.deepEqual(namesIn(join(home.folder, "state")), []);
});

test("no command at all is a mistake of the caller's", async (t) => {
	const home = temporaryHome(t);
	for (const args of [["run"], ["run", "--"], ["run", "--no-such-option"], ["run", "--manifest"], ["run", ""]]) {
		const { code, stdout, stderr } = await et(t, home, args);
		t.is(code, 2, args.join(" "));
		t.is(stdout, "");
		t.regex(stderr, /^et: .*Nothing was done\. See: et run --help\n$/s);
	}
});

test("a start and an end of one run, with what was given", async (t) => {
	const home = grantedHome(t);
	const args = ["--command", "align", "--app-version", "3.1", "--test", "--input", "pairs=12", "--data", "duplexes=7"];
	const command = ["sh", "-c", "exit 5"];
	await et(t, home, ["run", "--manifest", home.manifestPath, ...args, "--", ...command]);
	const [start, end] = reportsIn(home);
	t.like(start, { event: "start", command: "align", version: "3.1", test: true, since_start_s: 0, outcome: null });
	t.like(end, { event: "end", command: "align", outcome: "failed", exit_code: 5, signal: null });
	t.is(start?.run_id, end?.run_id);
	t.deepEqual(end?.inputs, [{ name: "pairs", unit: "reads", size: 12 }]);
	t.deepEqual(end?.data, { duplexes: 7 });
	t.is(end?.measured_by.wall_s, "monotonic");
	t.is(end?.wall_s, end?.since_start_s);
	t.true((end?.wall_s ?? 0) > 0);
});

test("an author sees with --verbose what became of the reports", async (t) => {
	const home = grantedHome(t);
	const args = ["run", "--manifest", home.manifestPath, "--verbose", "--data", "undeclared=1"];
	const { stdout, stderr } = await et(t, home, [...args, "--", "echo", "out"]);
	t.is(stdout, "out\n");
	t.regex(stderr, /^et run: start: kept as \S+; left out: data\.undeclared\net run: end: kept as .*\n$/);
	const refused = temporaryHome(t);
	const words = ["run", "--manifest", refused.manifestPath, "--verbose", "--", "true"];
	t.is((await et(t, refused, words)).stderr, "et run: start: not kept, since the user has not agreed (no_decision)\n");
	const missing = ["run", "--manifest", "none.json", "--verbose", "--", "true"];
	t.regex((await et(t, refused, missing)).stderr, /^et run: start: not kept \(invalid_manifest: .*none\.json.*\)\n$/);
});

test("the flag of an author's script is consent for one run", async (t) => {
	const home = temporaryHome(t);
	await et(t, home, ["run", "--manifest", home.manifestPath, "--phone-home", "--", "true"]);
	t.is(reportsIn(home).length, 2);
});

const FASTQ = "@r\nACGT\n+\nIIII\n";

test("an input is counted though the command removes it, and its name stays here", async (t) => {
	const home = grantedHome(t);
	const folder = temporaryFolder(t);
	const name = "patient-Zebedee.fq";
	writeFileSync(join(folder, name), FASTQ.repeat(25));
	const args = ["run", "--manifest", home.manifestPath, "--input", `pairs=${name}:reads`, "--", "rm", name];
	t.is((await et(t, home, args, { cwd: folder })).code, 0);
	const [start, end] = reportsIn(home);
	t.deepEqual(end?.inputs, [{ name: "pairs", unit: "reads", size: 25, measured_by: "counted" }]);
	// A run that is killed has no end.
	t.deepEqual(start?.inputs, end?.inputs);
	for (const file of namesIn(home.spool.new)) {
		const text = readFileSync(join(home.spool.new, file), "utf8");
		for (const secret of [name, "Zebedee", folder, home.folder, home.manifestPath]) t.false(text.includes(secret));
	}
});

test("an input in several files is their sum, and an estimate where one is", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "reads.fq");
	writeFileSync(path, FASTQ.repeat(4));
	const given = ["--input", `pairs=${path}:reads`, "--input", `pairs=${path}:reads`];
	const run = ["run", "--manifest", home.manifestPath, ...given];
	await et(t, home, [...run, "--", "true"]);
	await et(t, home, [...run, "--input", "pairs=~100", "--", "true"]);
	await et(t, home, [...run, "--input", "pairs=unknown", "--", "true"]);
	await et(t, home, ["run", "--manifest", home.manifestPath, "--input", "pairs=3", "--input", "pairs=4", "--", "true"]);
	const ends = reportsIn(home).filter(({ event }) => event === "end");
	t.deepEqual(
		ends.map(({ inputs }) => inputs),
		[
			[{ name: "pairs", unit: "reads", size: 8, measured_by: "counted" }],
			[{ name: "pairs", unit: "reads", size: 108, measured_by: "estimated" }],
			[{ name: "pairs", unit: "reads", size: null }],
			[{ name: "pairs", unit: "reads", size: 7 }],
		],
	);
});

test("a command that ends before its input is counted has an estimate, said to be one", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "reads.fq");
	const reads = 4_000_000;
	writeFileSync(path, FASTQ.repeat(reads));
	await et(t, home, ["run", "--manifest", home.manifestPath, "--input", `pairs=${path}:reads`, "--", "true"]);
	const [start, end] = reportsIn(home);
	t.deepEqual(start?.inputs, [{ name: "pairs", unit: "reads", size: reads, measured_by: "estimated" }]);
	t.is(end?.inputs[0]?.size, reads);
});

onLinux("without consent no input is opened", async (t) => {
	const home = temporaryHome(t);
	const path = join(temporaryFolder(t), "reads.fq");
	writeFileSync(path, FASTQ);
	// The time of the last read, from long ago, changes at the next one.
	utimesSync(path, 1e9, 1e9);
	const args = ["run", "--manifest", home.manifestPath, "--input", `pairs=${path}:reads`, "--", "true"];
	t.is((await et(t, home, args)).code, 0);
	t.is(statSync(path).atimeMs, 1e12);
	grantAt(home);
	t.is((await et(t, home, args)).code, 0);
	t.is(reportsIn(home)[1]?.inputs[0]?.size, 1);
});

test("a size in another unit than the declared one is unknown", async (t) => {
	const home = grantedHome(t);
	const path = join(temporaryFolder(t), "reads.fq");
	writeFileSync(path, FASTQ);
	await et(t, home, ["run", "--manifest", home.manifestPath, "--input", `pairs=${path}:lines`, "--", "true"]);
	t.deepEqual(reportsIn(home)[1]?.inputs, [{ name: "pairs", unit: "reads", size: null }]);
});

test("what comes through a pipe is the command's alone", async (t) => {
	const home = grantedHome(t);
	const line = [
		"mkfifo pipe",
		`printf '@r\\nA\\n+\\nI\\n' >pipe &`,
		`et run --manifest ${home.manifestPath} --input pairs=pipe:reads -- cat pipe; wait`,
	].join("\n");
	const { stdout } = await inBash(t, home, line, { cwd: temporaryFolder(t) });
	t.is(stdout, "@r\nA\n+\nI\n");
	t.deepEqual(reportsIn(home)[1]?.inputs, [{ name: "pairs", unit: "reads", size: null }]);
});

test("CPU time is that of the command and its children", async (t) => {
	const home = grantedHome(t);
	const busy = "const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);";
	const report = "const { user } = process.cpuUsage(); console.log(user / 1e6);";
	const script = `"$0" -e "${busy}${report}" & wait`;
	const { stdout } = await reported(t, home, ["sh", "-c", script, process.execPath]);
	const end = reportsIn(home)[1];
	const used = Number(stdout);
	t.true(used >= 0.3);
	// What the child used behind its own last look, and the shell's part, add to it: they are no clock's business.
	t.true((end?.cpu_user_s ?? 0) >= used - 0.02, `${end?.cpu_user_s} s measured, ${used} s used`);
	t.true((end?.cpu_user_s ?? 0) <= used + 0.5, `${end?.cpu_user_s} s measured, ${used} s used`);
	t.is(end?.measured_by.cpu_user_s, "cutime");
});

underStrace("neither the command line nor a reported command opens a socket", async (t) => {
	const home = grantedHome(t);
	const log = join(temporaryFolder(t), "strace");
	const line = [
		`strace -f -qq -e trace=network -o ${log} "${ET_WORDS.join('" "')}" run --manifest ${home.manifestPath} -- true`,
		`strace -f -qq -A -e trace=network -o ${log} "${ET_WORDS.join('" "')}" enqueue --manifest ${home.manifestPath}`,
		`strace -f -qq -A -e trace=network -o ${log} "${ET_WORDS.join('" "')}" pending`,
	].join(" && ");
	const { code } = await inBash(t, home, line);
	t.is(code, 0);
	t.is(reportsIn(home).length, 3);
	const calls = readFileSync(log, "utf8").split("\n");
	t.deepEqual(
		calls.filter((call) => /\b(?:socket|connect|bind|sendto)\(/.test(call)),
		[],
	);
	rmSync(log);
});
