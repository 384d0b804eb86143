/** Rows of a table of past runs as reports: which column is what, and what its cells may say. Pure. */
import { MAX_LABEL_LENGTH, NAME_PATTERN } from "../src/report/limits.js";
import type { InputSizes, Platform, ReportInput } from "../src/report/types.js";

/** An input, the column that holds its size, and the size's unit. */
export interface InputColumn {
	name: string;
	column: string;
	unit: string;
}

/** Which columns are what; one that is null, or that the table lacks, tells nothing. */
export interface Columns {
	command: string;
	version: string | null;
	versionColumn: string | null;
	inputs: readonly InputColumn[];
	wallColumn: string | null;
	threadsColumn: string | null;
	/** What Galaxy handed the job to. */
	runnerColumn: string | null;
	platform: Platform | null;
}

export type Row = Readonly<Record<string, string>>;

/** Galaxy's names of its job runners, up to the first underscore, and what they stand for. */
const PLATFORM_OF_RUNNER: Readonly<Record<string, Platform>> = {
	slurm: "slurm",
	drmaa: "slurm",
	pbs: "pbs",
	sge: "sge",
	lsf: "lsf",
};

/** An input column as a command line names it: `fastq1=fastq_input1:bytes`; null where it is not one. */
export function parseInputColumn(text: string): InputColumn | null {
	const match = /^([^=]+)=(.+):([^:]+)$/.exec(text);
	const [, name = "", column = "", unit = ""] = match ?? [];
	return NAME_PATTERN.test(name) && unit.length <= MAX_LABEL_LENGTH ? { name, column, unit } : null;
}

/** A cell's number; null where the cell is empty or no number: unknown is never 0. */
function numberIn(row: Row, column: string | null): number | null {
	const text = column === null ? "" : (row[column] ?? "").trim();
	const number = Number(text);
	return text !== "" && Number.isFinite(number) && number >= 0 ? number : null;
}

function textIn(row: Row, column: string | null): string | null {
	return (column === null ? undefined : row[column]) || null;
}

/** The report of the run that a row tells of. */
export function reportOf(row: Row, columns: Columns): ReportInput {
	const sizes: InputSizes = Object.fromEntries(columns.inputs.map(({ name, column }) => [name, numberIn(row, column)]));
	const runner = textIn(row, columns.runnerColumn)?.split("_", 1)[0] ?? "";
	const version = textIn(row, columns.versionColumn) ?? columns.version;
	const wallS = numberIn(row, columns.wallColumn);
	const threads = numberIn(row, columns.threadsColumn);
	return {
		command: columns.command,
		...(version === null ? {} : { version }),
		platform: columns.platform,
		platformInner: Object.hasOwn(PLATFORM_OF_RUNNER, runner) ? (PLATFORM_OF_RUNNER[runner] ?? null) : null,
		wallS,
		threads,
		measuredBy: { ...(wallS === null ? {} : { wall_s: "table" }), ...(threads === null ? {} : { threads: "table" }) },
		inputs: sizes,
	};
}
