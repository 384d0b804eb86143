/**
 * `npm run pipeline`: a real pipeline of bioinformatics through the whole of ET. bowtie2 and samtools, on the reads that
 * Debian's bowtie2-examples ships, run under `et run`, as under Slurm and Galaxy, at several sizes; one run is out of
 * memory, one is killed with all that is about it; et-uploader sends what there is to et-server, and what that holds is
 * printed and compared with what was done. docs/pipeline.md holds a result.
 *
 *     apt-get install bowtie2 bowtie2-examples samtools
 *     npm run pipeline                             ends with 0 if the server holds what was run, with 1 if not
 *     npm run pipeline -- --pairs 500,1000         other sizes, in pairs of reads
 *     npm run pipeline -- --screenshots FOLDER     takes pictures of the server's pages
 */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
	EXAMPLE_READS,
	MANIFEST_INPUTS,
	missingPackages,
	type Step,
	SURROUNDINGS,
	type Surroundings,
	stepsFor,
	writeReads,
	writeReference,
} from "./pipeline-jobs.js";
import { type Confined, confined, killAll } from "./pipeline-limits.js";
import { type Run, tableOf, takeScreenshots } from "./pipeline-table.js";
import { openStage, type Program, programArguments, runProgram, type Stage, start } from "./stage.js";

const PROJECT = "pipeline";
const PAIRS = [625, 2500, 10_000, 40_000, 160_000];
const MEBIBYTE = 1024 * 1024;
/** Less than samtools takes for what it sorts, and enough for `et run` beside it. */
const CONFINED_BYTES = 160 * MEBIBYTE;
const SORT_MEMORY = "1G";
const SORTED_BYTES = 400 * MEBIBYTE;
/** A run that is shorter may be over before its memory was looked at. */
const PEAK_SECONDS = 0.1;
/** What takes so long that it is killed before it has ended. */
const LONG_PAIRS = 160_000;
/** An estimate may be off by so much. */
const ESTIMATE_ERROR = 0.1;
const MISSING_EXIT_CODE = 2;

const print = (line = ""): void => void process.stdout.write(`${line}\n`);

/** What a run should have become on the server. */
interface Expected {
	surroundings: Surroundings;
	command: string;
	status: "ok" | "killed" | "vanished";
	/** Of its input; null where that is not known beforehand. */
	size: number | null;
	signal?: string;
	kill_reason?: string | null;
}

interface Server {
	url: string;
	stop(): void;
}

const databaseOf = ({ folder }: Stage): string => join(folder, "et.sqlite");

/** The author's server, in a process of its own. */
function startServer(stage: Stage): Promise<Server> {
	const args = [...programArguments("et-server"), "--port", "0", "--database", databaseOf(stage)];
	const child = spawn(process.execPath, args, { env: stage.env, stdio: ["ignore", "pipe", "inherit"] });
	process.on("exit", () => child.kill("SIGKILL"));
	let output = "";
	return new Promise((resolve, reject) => {
		child.on("exit", (code) => reject(new Error(`et-server ended with ${code}`)));
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			output += text;
			const url = /listens on (\S+)\n/.exec(output)?.[1];
			if (url !== undefined) resolve({ url, stop: () => child.kill("SIGTERM") });
		});
	});
}

async function must(what: string, program: Program, args: readonly string[], stage: Stage): Promise<void> {
	const { code, stdout, stderr } = await runProgram(program, args, stage.env);
	if (code !== 0) throw new Error(`${what}: ${program} ended with ${code}: ${(stderr + stdout).trim()}`);
}

/** Writes the author's manifest, which the server is to take, and to which the user agrees. @returns its path */
async function agree(stage: Stage, endpoint: string): Promise<string> {
	const path = join(stage.folder, "et.json");
	const notice = { version: 1, purpose: "To see a pipeline.", contact: "you@localhost", retention: "P1D" };
	writeFileSync(path, JSON.stringify({ et: 1, project: PROJECT, endpoint, notice, inputs: MANIFEST_INPUTS }));
	await must("Registering", "et-server", ["register", "--database", databaseOf(stage), path], stage);
	await must("Consent", "et", ["consent", "grant", PROJECT, "--manifest", path, "--yes"], stage);
	return path;
}

/** The pipeline, where it plays. */
class Pipeline {
	readonly expected: Expected[] = [];

	constructor(
		private readonly stage: Stage,
		private readonly manifest: string,
		private readonly index: string,
	) {}

	/** Every step over so many pairs of reads. */
	async run(surroundings: Surroundings, pairs: number): Promise<void> {
		const folder = join(this.stage.folder, `${surroundings.platform}-${pairs}`);
		const mates = writeReads(this.stage.folder, pairs);
		for (const step of stepsFor(folder, this.index, mates, pairs)) {
			const begun = performance.now();
			const { code, stderr } = await start(process.execPath, this.underEt(step), this.envOf(surroundings)).ended;
			if (code !== 0) throw new Error(`${step.command} of ${pairs} pairs ended with ${code}: ${stderr.trim()}`);
			const seconds = ((performance.now() - begun) / 1000).toFixed(1);
			print(`  ${surroundings.name}: ${step.command}, ${pairs} pairs: ${seconds} s`);
			this.expected.push({ surroundings, command: step.command, status: "ok", size: step.size });
		}
	}

	/** Sorts what the pipeline has aligned, as often as it takes, with less memory than that needs. */
	async runOutOfMemory(surroundings: Surroundings, pairs: number): Promise<void> {
		const limit: Confined = confined(CONFINED_BYTES);
		const sort = this.stepOf(surroundings, "sort", pairs);
		const sam = repeated(sort.argv.at(-1) ?? "", SORTED_BYTES);
		const argv = ["samtools", "sort", "-m", SORT_MEMORY, "-o", "/dev/null", sam];
		const step: Step = { ...sort, inputs: [`sam=${sam}:bytes`], argv };
		const [file = "", ...args] = [...limit.argv, process.execPath, ...this.underEt(step)];
		const { code, signal } = await start(file, args, this.envOf(surroundings)).ended;
		limit.release();
		print(`  ${surroundings.name}: sort, ${pairs} pairs, in ${limit.how}: ended with ${signal ?? code}`);
		this.expected.push({
			surroundings,
			command: "sort",
			status: "killed",
			size: statSync(sam).size,
			...limit.expected,
		});
	}

	/** Kills a run with `et run` and all: nobody is left to say that it ended. */
	async killAll(surroundings: Surroundings, pairs: number): Promise<void> {
		const align = this.stepOf(surroundings, "align", pairs);
		const argv = [process.execPath, ...this.underEt(align)];
		const isKilled = await killAll(argv, "bowtie2", this.stage.spool.open, this.envOf(surroundings));
		print(`  ${surroundings.name}: align, ${pairs} pairs: ${isKilled ? "killed" : "ended before it was killed"}`);
		this.expected.push({ surroundings, command: "align", status: "vanished", size: align.size });
	}

	/** One tick of the uploader's. @returns seconds */
	async send(): Promise<number> {
		const begun = performance.now();
		await must("Sending", "et-uploader", ["--once"], this.stage);
		return (performance.now() - begun) / 1000;
	}

	private stepOf(surroundings: Surroundings, command: Step["command"], pairs: number): Step {
		const folder = join(this.stage.folder, `${surroundings.platform}-${pairs}`);
		const step = stepsFor(folder, this.index, writeReads(this.stage.folder, pairs), pairs).find(
			(each) => each.command === command,
		);
		if (step === undefined) throw new Error(`there is no step ${command}`);
		return step;
	}

	private envOf({ env }: Surroundings): NodeJS.ProcessEnv {
		return { ...this.stage.env, ...env };
	}

	private underEt({ command, inputs, argv }: Step): string[] {
		const given = inputs.flatMap((input) => ["--input", input]);
		const own = ["run", "--manifest", this.manifest, "--command", command, ...given];
		return [...programArguments("et"), ...own, "--", ...argv];
	}
}

/** A SAM file whose lines stand in it so often that it is at least so big. @returns its path */
function repeated(sam: string, bytes: number): string {
	const lines = readFileSync(sam);
	const path = `${sam}.repeated`;
	writeFileSync(path, lines);
	const body = lines.subarray(lines.indexOf("\n", lines.lastIndexOf("\n@") + 1) + 1);
	for (let size = lines.length; size < bytes; size += body.length) appendFileSync(path, body);
	return path;
}

async function runsOn({ url }: Server): Promise<Run[]> {
	const answer = await fetch(`${url}/v1/runs?limit=500`);
	const { runs } = (await answer.json()) as { runs: Run[] };
	return runs.toSorted((one, other) => one.first_at.localeCompare(other.first_at));
}

/** What is wrong with a run, or null. */
function faultOf(run: Run | undefined, expected: Expected): string | null {
	if (run === undefined) return "is not there";
	const { surroundings, status, command, size } = expected;
	const found = run.inputs[0];
	const allowed = found?.measured_by === "estimated" ? (size ?? 0) * ESTIMATE_ERROR : 0;
	const faults: [isFault: boolean, words: string][] = [
		[run.command !== command, `is of ${run.command}`],
		[run.status !== status, `is ${run.status} and not ${status}`],
		[run.platform !== surroundings.platform, `is of ${run.platform}`],
		// Where the machine is a container, that is what stands beneath the scheduler.
		[(surroundings.inner ?? run.platform_inner) !== run.platform_inner, `is on ${run.platform_inner}`],
		[found === undefined || found.size === null, "has no size"],
		[size !== null && Math.abs((found?.size ?? 0) - size) > allowed, `has the size ${found?.size} and not ${size}`],
		[status !== "vanished" && run.cpu_user_s === null, "has no CPU time"],
		[(run.wall_s ?? 0) > PEAK_SECONDS && run.max_rss_bytes === null, "has no peak memory"],
		[expected.signal !== undefined && run.signal !== expected.signal, `died of ${run.signal}`],
		[
			expected.kill_reason !== undefined && run.kill_reason !== expected.kill_reason,
			`has the reason ${run.kill_reason}`,
		],
	];
	return faults.find(([isFault]) => isFault)?.[1] ?? null;
}

/** @returns whether the server holds what was run, no more and no less */
function compare(runs: readonly Run[], expected: readonly Expected[]): boolean {
	const faults = expected.flatMap((each, index) => {
		const fault = faultOf(runs[index], each);
		return fault === null ? [] : [`Run ${index + 1} (${each.command}, ${each.surroundings.name}) ${fault}.`];
	});
	if (runs.length !== expected.length) faults.push(`There are ${runs.length} runs, and not ${expected.length}.`);
	for (const fault of faults) print(fault);
	return faults.length === 0;
}

async function play(stage: Stage, pairs: readonly number[], screenshots: string | undefined): Promise<boolean> {
	const server = await startServer(stage);
	const manifest = await agree(stage, server.url);
	const reference = writeReference(stage.folder);
	const index = join(stage.folder, "lambda");
	const built = await start("bowtie2-build", ["--quiet", reference, index], stage.env).ended;
	if (built.code !== 0) throw new Error(`bowtie2-build: ${built.stderr}`);
	const pipeline = new Pipeline(stage, manifest, index);
	print(`bowtie2 and samtools under et run, over ${pairs.join(", ")} pairs of reads (the example's ${EXAMPLE_READS}):`);
	for (const surroundings of SURROUNDINGS) {
		for (const count of pairs) await pipeline.run(surroundings, count);
		await pipeline.send();
	}
	const [slurm] = SURROUNDINGS;
	const most = Math.max(...pairs);
	if (slurm === undefined) throw new Error("there are no surroundings");
	await pipeline.runOutOfMemory(slurm, most);
	await pipeline.killAll(slurm, Math.max(most, LONG_PAIRS));
	const tick = await pipeline.send();
	print(`One tick of the uploader's later (${tick.toFixed(1)} s) the server holds:`);
	print();
	const runs = await runsOn(server);
	for (const line of tableOf(runs)) print(line);
	print();
	if (screenshots !== undefined) await takeScreenshots(server.url, runs, screenshots);
	const isRight = compare(runs, pipeline.expected);
	print(isRight ? `All ${runs.length} runs are as they were.` : "That is wrong.");
	server.stop();
	return isRight;
}

try {
	const { values } = parseArgs({ options: { pairs: { type: "string" }, screenshots: { type: "string" } } });
	const pairs = values.pairs?.split(",").map(Number) ?? PAIRS;
	if (!pairs.every((count) => Number.isInteger(count) && count > 0))
		throw new Error("--pairs takes whole numbers: 500,1000");
	const missing = missingPackages();
	if (missing.length > 0) {
		process.stderr.write(`pipeline: this machine lacks programs. Install them: apt-get install ${missing.join(" ")}\n`);
		process.exitCode = MISSING_EXIT_CODE;
	} else process.exitCode = (await play(openStage("pipeline"), pairs, values.screenshots)) ? 0 : 1;
} catch (error) {
	process.stderr.write(`pipeline: ${error instanceof Error ? error.message : String(error)}\n`);
	// A server that still runs would be waited for.
	process.exit(1);
}
