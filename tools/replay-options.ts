/** The command line of `npm run replay`, and its defaults: those of Galaxy's table of bwa mem runs. */
import { parseArgs } from "node:util";
import { PLATFORMS, type Platform } from "../src/report/types.js";
import { type Columns, type InputColumn, parseInputColumn } from "./replay-rows.js";

const INPUTS: string[] = ["fastq1=fastq_input1:bytes", "fastq2=fastq_input2:bytes"];

const OPTIONS = {
	limit: { type: "string" },
	project: { type: "string", default: "galaxy" },
	command: { type: "string", default: "bwa_mem" },
	"app-version": { type: "string", default: "0.7.15.1" },
	"app-version-column": { type: "string" },
	input: { type: "string", multiple: true, default: INPUTS },
	"wall-column": { type: "string", default: "runtime" },
	"threads-column": { type: "string", default: "galaxy_slots" },
	"runner-column": { type: "string", default: "job_runner_name" },
	platform: { type: "string", default: "galaxy" },
	server: { type: "string" },
	spool: { type: "string" },
	config: { type: "string" },
	kill: { type: "string", default: "0" },
	help: { type: "boolean", default: false },
} as const;

export const HELP = `Usage: npm run replay -- FILE.csv [OPTIONS]

Enqueues each row of a table as a run, sends them all, and counts on the server.
The defaults are those of Galaxy's table of bwa mem runs.

  --limit N                 the first N rows alone
  --project, --command, --app-version, --platform NAME
                            what the runs are of
  --app-version-column COLUMN
                            a version for each row
  --input NAME=COLUMN:UNIT  a size and its unit; may be repeated
  --wall-column, --threads-column, --runner-column COLUMN
                            seconds, threads, and Galaxy's job runner
  --server URL              a server that runs; without it one is started here
  --spool, --config FOLDER  the user's own; without them they are thrown away
  --kill N                  kill the uploader N times on the way (SIGKILL)

Exit code 0 only where every row is recorded, and none twice.
`;

/** A command line that can't be understood; its message says why. */
export class UsageError extends Error {}

export interface CommandLine {
	file: string;
	/** Rows beyond are left alone. */
	limit: number;
	project: string;
	columns: Columns;
	/** A server that runs; undefined where one is to be started. */
	server: string | undefined;
	/** The user's own folders; undefined for such as are thrown away. */
	spool: string | undefined;
	config: string | undefined;
	/** How often the uploader is killed. */
	kills: number;
}

function wholeNumber(text: string, option: string): number {
	const number = Number(text);
	if (Number.isSafeInteger(number) && number >= 0) return number;
	throw new UsageError(`--${option} has to be a whole number.`);
}

function platformOf(text: string): Platform | null {
	if (text === "") return null;
	if (PLATFORMS.includes(text as Platform)) return text as Platform;
	throw new UsageError(`--platform has to be one of ${PLATFORMS.join(", ")}.`);
}

/** @returns null where help is asked for. @throws UsageError */
export function readCommandLine(args: readonly string[]): CommandLine | null {
	const { values, positionals } = parse(args);
	if (values.help) return null;
	const [file, ...rest] = positionals;
	if (file === undefined || rest.length > 0) throw new UsageError("One FILE.csv has to be named.");
	return {
		file,
		limit: values.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber(values.limit, "limit"),
		project: values.project,
		columns: {
			command: values.command,
			version: values["app-version"],
			versionColumn: values["app-version-column"] ?? null,
			inputs: values.input.map(inputColumn),
			wallColumn: values["wall-column"],
			threadsColumn: values["threads-column"],
			runnerColumn: values["runner-column"],
			platform: platformOf(values.platform),
		},
		server: values.server?.replace(/\/+$/, ""),
		spool: values.spool,
		config: values.config,
		kills: wholeNumber(values.kill, "kill"),
	};
}

function parse(args: readonly string[]) {
	try {
		return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
	} catch (error) {
		throw new UsageError(error instanceof Error ? error.message : String(error));
	}
}

function inputColumn(text: string): InputColumn {
	const input = parseInputColumn(text);
	if (input !== null) return input;
	throw new UsageError(`--input ${text} has to be NAME=COLUMN:UNIT.`);
}
