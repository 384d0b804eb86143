/** What `npm run pipeline` runs: steps of an alignment, on the reads that Debian's bowtie2-examples ships. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const EXAMPLES = "/usr/share/doc/bowtie2/examples";
const REFERENCE = join(EXAMPLES, "reference/lambda_virus.fa.gz");
const MATES = ["reads/reads_1.fq.gz", "reads/reads_2.fq.gz"].map((path) => join(EXAMPLES, path));
/** Of each file of mates. */
export const EXAMPLE_READS = 10_000;
const LINES_A_READ = 4;

/** Debian's packages that hold the programs and the reads. */
const NEEDS: readonly [name: string, isThere: () => boolean][] = [
	["bowtie2", () => isProgram("bowtie2") && isProgram("bowtie2-build")],
	["bowtie2-examples", () => [REFERENCE, ...MATES].every((path) => existsSync(path))],
	["samtools", () => isProgram("samtools")],
];

function isProgram(name: string): boolean {
	return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

/** Names of the packages that this machine lacks. */
export function missingPackages(): string[] {
	return NEEDS.flatMap(([name, isThere]) => (isThere() ? [] : [name]));
}

/** Unpacks the phage's genome. @returns its path */
export function writeReference(folder: string): string {
	const path = join(folder, "lambda.fa");
	writeFileSync(path, gunzipSync(readFileSync(REFERENCE)));
	return path;
}

/**
 * So many of the example's reads, or the example as often as it takes: gzip's members one behind another are one file.
 *
 * @returns the paths of the two files
 */
export function writeReads(folder: string, pairs: number): string[] {
	return MATES.map((source, index) => {
		const whole = readFileSync(source);
		const rest = gunzipSync(whole)
			.toString("latin1")
			.split("\n")
			.slice(0, (pairs % EXAMPLE_READS) * LINES_A_READ);
		const copies = new Array<Buffer>(Math.floor(pairs / EXAMPLE_READS)).fill(whole);
		const members = rest.length === 0 ? copies : [...copies, gzipSync(`${rest.join("\n")}\n`)];
		const path = join(folder, `reads-${pairs}_${index + 1}.fq.gz`);
		writeFileSync(path, Buffer.concat(members));
		return path;
	});
}

/** One command of the pipeline, and what `et run` is told of its input. */
export interface Step {
	command: "align" | "sort" | "stats";
	inputs: string[];
	/** How many of the input's unit there are; null where only the step before can tell. */
	size: number | null;
	argv: string[];
}

const THREADS = "2";

/** Aligned, sorted, counted: each step takes what the one before it has left in `folder`. */
export function stepsFor(folder: string, index: string, mates: readonly string[], pairs: number): Step[] {
	mkdirSync(folder, { recursive: true });
	const [sam, bam] = [join(folder, "out.sam"), join(folder, "out.bam")];
	const [one = "", two = ""] = mates;
	return [
		{
			command: "align",
			inputs: mates.map((path) => `reads=${path}:reads`),
			size: 2 * pairs,
			argv: ["bowtie2", "-p", THREADS, "-x", index, "-1", one, "-2", two, "-S", sam],
		},
		{
			command: "sort",
			inputs: [`sam=${sam}:bytes`],
			size: null,
			argv: ["samtools", "sort", "--write-index", "-o", `${bam}##idx##${bam}.bai`, sam],
		},
		{
			command: "stats",
			inputs: [`alignments=${bam}:reads`],
			size: 2 * pairs,
			argv: ["samtools", "stats", bam],
		},
	];
}

/** What a job finds in its environment, as docs/platforms.md has it from the platforms' own pages. */
export interface Surroundings {
	name: string;
	platform: string;
	inner: string | null;
	env: NodeJS.ProcessEnv;
}

const SLURM: NodeJS.ProcessEnv = {
	SLURM_JOB_ID: "4711",
	SLURM_JOBID: "4711",
	SLURM_JOB_NAME: "align",
	SLURM_CPUS_PER_TASK: THREADS,
	SLURM_CPUS_ON_NODE: THREADS,
	SLURM_MEM_PER_NODE: "2048",
	SLURM_JOB_PARTITION: "short",
};

const GALAXY: NodeJS.ProcessEnv = {
	GALAXY_SLOTS: THREADS,
	GALAXY_SLOTS_CONFIGURED: "1",
	GALAXY_MEMORY_MB: "2048",
	_GALAXY_JOB_DIR: "/galaxy/jobs/000/12",
	_GALAXY_JOB_TMP_DIR: "/galaxy/jobs/000/12/tmp",
	_GALAXY_JOB_HOME_DIR: "/galaxy/jobs/000/12/home",
};

export const SURROUNDINGS: readonly Surroundings[] = [
	{ name: "as under Slurm", platform: "slurm", inner: null, env: SLURM },
	{ name: "as under Galaxy, whose jobs Slurm runs", platform: "galaxy", inner: "slurm", env: { ...SLURM, ...GALAXY } },
];

export const MANIFEST_INPUTS = {
	reads: { unit: "reads", why: "Run time depends on it." },
	sam: { unit: "bytes", why: "Run time depends on it." },
	alignments: { unit: "reads", why: "Run time depends on it." },
} as const;
