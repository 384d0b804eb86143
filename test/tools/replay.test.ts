/** A table of past runs through the real thing: what its cells become, and that each row arrives once. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { readCommandLine, UsageError } from "../../tools/replay-options.js";
import { parseInputColumn, reportOf } from "../../tools/replay-rows.js";
import { type ChildResult, runProgram } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { temporaryFolder } from "../helpers/temporary.js";

const REPLAY = fileURLToPath(moduleUrl("tools/replay.js"));
const HEADER = "destination_id,fastq_input1,fastq_input2,galaxy_slots,job_runner_name,parameters.analysis_type,runtime";
/** As the table of Galaxy's runs has them: empty cells, numbers with a point, a name with a comma. */
const ROWS = [
	"slurm_multi,3120090064.0,3023664700.0,6.0,slurm,illumina,1849.0",
	"jetstream,44791916.0,,10.0,pulsar_jetstream_tacc,full,16.0",
	'"a, ""quoted"" name",,,,slurm,,',
	"slurm_multi,0.0,none,6.0,slurm,illumina,14.0",
];

const columns = readCommandLine(["x.csv"])?.columns;

function table(t: ExecutionContext, rows: readonly string[]): string {
	const path = join(temporaryFolder(t), "runs.csv");
	writeFileSync(path, `${[HEADER, ...rows].join("\n")}\n`);
	return path;
}

const replay = (t: ExecutionContext, args: readonly string[]): Promise<ChildResult> =>
	runProgram(t, process.execPath, [REPLAY, ...args]);

test("a row becomes a run: sizes by input, wall time, threads, and both platforms", (t) => {
	t.truthy(columns);
	if (columns === undefined) return;
	const row = {
		fastq_input1: "3120090064.0",
		fastq_input2: "",
		galaxy_slots: "6.0",
		job_runner_name: "slurm",
		runtime: "1849.0",
	};
	t.deepEqual(reportOf(row, columns), {
		command: "bwa_mem",
		version: "0.7.15.1",
		platform: "galaxy",
		platformInner: "slurm",
		wallS: 1849,
		threads: 6,
		measuredBy: { wall_s: "table", threads: "table" },
		inputs: { fastq1: 3120090064, fastq2: null },
	});
	const stranger = reportOf({ job_runner_name: "pulsar_jetstream_iu", runtime: "-1", fastq_input1: "none" }, columns);
	t.like(stranger, { platformInner: null, wallS: null, threads: null, inputs: { fastq1: null, fastq2: null } });
	t.is(reportOf({ v: "2" }, { ...columns, versionColumn: "v" }).version, "2");
});

test("an input's column is named with its unit", (t) => {
	t.deepEqual(parseInputColumn("a=b.c=d:e:bytes"), { name: "a", column: "b.c=d:e", unit: "bytes" });
	for (const text of ["", "a", "a=b", "=b:bytes", "a=:bytes", "a b=c:bytes"]) t.is(parseInputColumn(text), null, text);
});

test("a command line that can't be understood is said", (t) => {
	for (const args of [
		[],
		["a", "b"],
		["a", "--limit", "x"],
		["a", "--kill", "-1"],
		["a", "--bogus"],
		["a", "--platform", "x"],
	]) {
		t.throws(() => readCommandLine(args), { instanceOf: UsageError }, args.join(" "));
	}
	t.is(readCommandLine(["--help"]), null);
});

test("every row arrives, and none twice", async (t) => {
	const { code, stdout, stderr } = await replay(t, [table(t, ROWS)]);
	t.deepEqual([code, stderr], [0, ""]);
	t.regex(stdout, /^4 in, 4 recorded, none twice$/m);
	t.regex(stdout, /^stored: +4 reports of 4 runs$/m);
});

test("so many rows as are asked for", async (t) => {
	const { code, stdout } = await replay(t, [table(t, ROWS), "--limit", "2"]);
	t.is(code, 0);
	t.regex(stdout, /^2 in, 2 recorded, none twice$/m);
});

test("an uploader that is killed on the way costs nothing", async (t) => {
	const rows = Array.from({ length: 2000 }, (_, index) => `slurm,${index}.0,,6.0,slurm,illumina,${index % 97}.0`);
	const { code, stdout, stderr } = await replay(t, [table(t, rows), "--kill", "1"]);
	t.deepEqual([code, stderr], [0, ""]);
	t.regex(stdout, /killed 1 times/);
	t.regex(stdout, /^2,000 in, 2,000 recorded, none twice$/m);
});

test("a file that can't be read, and a wrong command line, end with their codes", async (t) => {
	const none = await replay(t, [join(temporaryFolder(t), "none.csv")]);
	t.is(none.code, 1);
	t.regex(none.stderr, /^replay: ENOENT/);
	t.is((await replay(t, ["--bogus"])).code, 2);
});
