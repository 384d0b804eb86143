/** `et enqueue` and `et run-key`: reports from shell scripts. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { FIELD_NAMES, parseReportJson, wirePath } from "../../src/cli/report-json.js";
import { runIdOf } from "../../src/report/ids.js";
import { et, grantedHome, inBash, reportsIn } from "../helpers/cli.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { testReport } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";

const SILENT = { code: 0, signal: null, stdout: "", stderr: "" };
const words = (home: Home, ...args: string[]): string[] => ["enqueue", "--manifest", home.manifestPath, ...args];

test("a report from flags, in silence", async (t) => {
	const home = grantedHome(t);
	const args = "--command align --app-version 2 --wall 12.5 --cpu-user 3 --cpu-system 0.5 --max-rss 1e6 --threads 4";
	const more = "--exit-code 3 --input pairs=1200 --data duplexes=7 --platform galaxy --since-start 13 --test";
	t.deepEqual(await et(t, home, words(home, ...args.split(" "), ...more.split(" "))), SILENT);
	const [report] = reportsIn(home);
	t.like(report, {
		event: "end",
		command: "align",
		version: "2",
		wall_s: 12.5,
		cpu_user_s: 3,
		cpu_system_s: 0.5,
		max_rss_bytes: 1e6,
		threads: 4,
		outcome: "failed",
		exit_code: 3,
		platform: "galaxy",
		since_start_s: 13,
		test: true,
		data: { duplexes: 7 },
	});
	t.deepEqual(report?.inputs, [{ name: "pairs", unit: "reads", size: 1200 }]);
});

test("the outcome is what the exit code or the signal says, unless it is said", async (t) => {
	const home = grantedHome(t);
	const cases: [args: string[], outcome: string | null][] = [
		[["--exit-code", "0"], "ok"],
		[["--exit-code", "1"], "failed"],
		[["--signal", "SIGKILL"], "killed"],
		[["--exit-code", "1", "--outcome", "unknown"], "unknown"],
		[[], null],
	];
	for (const [args] of cases) await et(t, home, words(home, ...args));
	t.deepEqual(
		reportsIn(home).map(({ outcome }) => outcome),
		cases.map(([, outcome]) => outcome),
	);
});

test("JSON on standard input, in the names of reports; flags come before it", async (t) => {
	const home = grantedHome(t);
	const input = JSON.stringify({
		command: "json",
		wall_s: 2,
		occurred_at: "2024-01-02T03:04:05.000Z",
		limits: { memory_bytes: 5, wall_s: 6, cpus: 7 },
		exception: { type: "ValueError", frames: [{ file: "/home/me/a.py", line: 3, function: "f" }] },
		measured_by: { wall_s: "date" },
		inputs: { pairs: 5 },
		data: { duplexes: 1 },
		hostname: "secret",
	});
	for (const form of ["--stdin", "-"]) {
		const { stdout } = await et(t, home, words(home, form, "--command", "flag", "--json"), { input });
		t.deepEqual(JSON.parse(stdout).stripped, ["hostname"]);
	}
	const [report, second] = reportsIn(home);
	t.like(report, {
		command: "flag",
		wall_s: 2,
		occurred_at: "2024-01-02T03:04:05.000Z",
		limits: { memory_bytes: 5, wall_s: 6, cpus: 7 },
		exception: { type: "ValueError", frames: [{ file: "a.py", line: 3, function: "f" }] },
		measured_by: { wall_s: "date" },
		data: { duplexes: 1 },
	});
	t.deepEqual(report?.inputs, [{ name: "pairs", unit: "reads", size: 5 }]);
	t.not(second?.run_id, report?.run_id);
});

test("an estimate is marked as one, in flags and in JSON, and several sizes of one input are added up", async (t) => {
	const home = grantedHome(t);
	await et(t, home, words(home, "--input", "pairs=~1200"));
	await et(t, home, words(home, "--input", "pairs=1200", "--input", "pairs=~1300"));
	await et(t, home, words(home, "--input", "pairs=5", "--input", "pairs=unknown"));
	await et(t, home, words(home, "--stdin"), {
		input: '{"inputs": {"pairs": {"size": 7, "measured_by": "estimated"}}}',
	});
	const pairs = { name: "pairs", unit: "reads" };
	t.deepEqual(
		reportsIn(home).flatMap(({ inputs }) => inputs),
		[
			{ ...pairs, size: 1200, measured_by: "estimated" },
			{ ...pairs, size: 2500, measured_by: "estimated" },
			{ ...pairs, size: null },
			{ ...pairs, size: 7, measured_by: "estimated" },
		],
	);
});

test("standard input is read only when that is said", async (t) => {
	const home = grantedHome(t);
	// What follows the report in the script's own input is not touched.
	const line = `et ${words(home).join(" ")}; cat`;
	t.is((await inBash(t, home, line, { input: "for cat\n" })).stdout, "for cat\n");
	t.is(reportsIn(home).length, 1);
});

test("values that are of no use are left out, and named when asked", async (t) => {
	const home = grantedHome(t);
	const bad = "--wall 3s --exit-code - --signal KILL --outcome great --input pairs --input pairs=a.fq:reads";
	const args = [...bad.split(" "), "--data", "duplexes=x", "--data", "other=1", "--max-rss", "", "--json"];
	const { stdout, code } = await et(t, home, words(home, ...args));
	t.is(code, 0);
	const { stripped, ...result } = JSON.parse(stdout);
	t.is(result.status, "queued");
	t.deepEqual(
		[...stripped].sort(),
		[
			"data.duplexes",
			"data.other",
			"exit_code",
			"max_rss_bytes",
			"outcome",
			"pairs",
			"pairs=a.fq:reads",
			"signal",
			"wall_s",
		].sort(),
	);
});

test("a script under set -e goes on, whatever became of the report", async (t) => {
	const home = temporaryHome(t);
	const folder = temporaryFolder(t);
	const broken = join(folder, "et.json");
	writeFileSync(broken, "{");
	const line = [
		"set -euo pipefail",
		`et ${words(home).join(" ")}`,
		`et enqueue --manifest ${broken}`,
		"et enqueue --manifest none.json",
		`et ${words(home).join(" ")} --run-key none`,
		`et ${words(home).join(" ")} --phone-home --event never`,
		`echo '[' | et ${words(home).join(" ")} --stdin`,
		"echo over",
	].join("\n");
	t.deepEqual(await inBash(t, home, line), { ...SILENT, stdout: "over\n" });
	t.deepEqual(home.contents(), []);
});

test("with --strict the exit code tells what became of it, and with --json the words do", async (t) => {
	const home = temporaryHome(t);
	const strict = async (...args: string[]) => {
		const { code, stdout } = await et(t, home, words(home, "--strict", "--json", ...args), { input: "nonsense" });
		return { code, ...JSON.parse(stdout) };
	};
	t.like(await strict(), { code: 3, status: "not_consented", reason: "no_decision" });
	t.like(await strict("--phone-home"), { code: 0, status: "queued" });
	t.like(await strict("--phone-home", "--event", "never"), { code: 4, status: "dropped", reason: "invalid_report" });
	t.like(await strict("--phone-home", "--run-key", "x"), { code: 4, status: "dropped", reason: "invalid_report" });
	t.like(await strict("--phone-home", "--stdin"), { code: 4, status: "dropped", reason: "invalid_report" });
	t.like(await strict("--phone-home", "--manifest", "none.json"), { code: 4, reason: "invalid_manifest" });
});

test("input that is too long for a report is not read to its end", async (t) => {
	const home = grantedHome(t);
	const line = `yes | et ${words(home, "--stdin", "--json").join(" ")}`;
	const { stdout } = await inBash(t, home, line);
	t.like(JSON.parse(stdout), { status: "dropped", reason: "invalid_report" });
});

test("a mistake in the command line is the author's to see", async (t) => {
	const home = temporaryHome(t);
	for (const args of [["enqueue"], words(home, "--wal", "3"), words(home, "surplus"), words(home, "--wall")]) {
		const { code, stdout, stderr } = await et(t, home, args);
		t.is(code, 2);
		t.is(stdout, "");
		t.regex(stderr, /^et: .* Nothing was done\. See: et enqueue --help\n$/);
	}
});

test("several processes report one run with a key", async (t) => {
	const home = grantedHome(t);
	const line = [
		'key=$(et run-key); printf "%s\\n" "$key"',
		`et ${words(home).join(" ")} --run-key "$key" --event start`,
		`et ${words(home).join(" ")} --run-key "$key" --event end --wall 1`,
	].join("\n");
	const { stdout } = await inBash(t, home, line);
	t.regex(stdout, /^[0-9a-f]{32}\n$/);
	t.deepEqual(
		reportsIn(home).map(({ event, run_id }) => [event, run_id]),
		[
			["start", runIdOf(stdout.trim())],
			["end", runIdOf(stdout.trim())],
		],
	);
	const other = await et(t, home, ["run-key"]);
	t.not(other.stdout, stdout);
});

test("what sampling decides is the same for all reports of a key", async (t) => {
	const home = temporaryHome(t, testManifest({ sample: 0.5 }));
	const statuses = new Set<string>();
	for (let digit = 0; digit < 16; digit++) {
		const key = digit.toString(16).repeat(32);
		const args = words(home, "--phone-home", "--run-key", key, "--json");
		const first = JSON.parse((await et(t, home, [...args, "--event", "start"])).stdout);
		const second = JSON.parse((await et(t, home, args)).stdout);
		t.is(first.status, second.status);
		statuses.add(first.status === "dropped" ? first.reason : first.status);
	}
	t.deepEqual([...statuses].sort(), ["queued", "sampled_out"]);
	for (const { weight } of reportsIn(home)) t.is(weight, 2);
});

test("every field of a report but those that ET gives can be given", (t) => {
	const own = ["id", "run_id", "project", "manifest_notice", "weight"];
	t.deepEqual([...FIELD_NAMES, ...own].sort(), Object.keys(testReport()).sort());
});

test("JSON that is no report says what it is", (t) => {
	t.like(parseReportJson("{"), { ok: false });
	t.like(parseReportJson("[]"), { ok: false, problem: "standard input is JSON, and no object" });
	t.like(parseReportJson('{"__proto__": {"a": 1}, "constructor": 1}'), { ok: true, given: {} });
	t.is(wirePath("wallS"), "wall_s");
	t.is(wirePath("data.wallS"), "data.wallS");
	t.is(wirePath("limits.cpus"), "limits.cpus");
});

const PERL = "no reads in /data/secret.fq at /home/me/bin/count.pl line 42.\n";

test("a traceback is handed over as the interpreter printed it: in a file, on standard input, or in JSON", async (t) => {
	const home = grantedHome(t);
	const file = join(temporaryFolder(t), "stderr.txt");
	writeFileSync(file, PERL);
	const fromJson = { input: JSON.stringify({ exception: PERL }) };
	await et(t, home, words(home, "--exception", file));
	await et(t, home, words(home, "--exception", "-"), { input: PERL });
	await et(t, home, words(home, "--stdin"), fromJson);
	const exceptions = reportsIn(home).map(({ exception }) => exception);
	const expected = { type: "die", frames: [{ file: "count.pl", line: 42, function: null }] };
	t.deepEqual(exceptions, [expected, expected, expected]);
});

test("a traceback that can't be read, or is none, costs no report", async (t) => {
	const home = grantedHome(t);
	for (const [path, input] of [
		[join(temporaryFolder(t), "none"), ""],
		["-", "all is well"],
	] as const) {
		const { stdout, code } = await et(t, home, words(home, "--exception", path, "--json"), { input });
		t.is(code, 0);
		t.like(JSON.parse(stdout), { status: "queued", stripped: ["exception"] });
	}
	const both = await et(t, home, words(home, "--exception", "-", "--stdin"), { input: "{}" });
	t.regex(both.stderr, /either the report's JSON or a traceback/);
});
