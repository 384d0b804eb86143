/** `et size`: how big files are, for scripts that hand it on. */
import { measureInput, NO_BUDGET, sizeNow } from "../../host/input-size/measure.js";
import { isUnit, type Size, sumOf, UNITS, type Unit } from "../../host/input-size/size.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { sizeText } from "../inputs.js";

const options = {
	unit: { value: "UNIT", help: "bytes, lines, reads (FASTQ, FASTA or BAM) or records (FASTA or FASTQ)" },
	exact: { help: "count to the end, however long it takes" },
	json: { help: "as JSON, with how the size was found, and of each file alone" },
} as const;

export const spec = {
	name: "size",
	summary: "say how big files are, in a unit that means something",
	usage: ["--unit UNIT [--exact] [--json] FILE..."],
	details: [
		"Prints one number, for all files together, as --input of et enqueue and et run takes it: 1200; ~1200 where it is an estimate; unknown where a file can't be read, is no ordinary file, breaks off, or is not of the unit's format. It ends with 0 whatever it finds, prints nothing else, and reads nothing from pipes. No name is kept.",
		"It takes some 20 ms a file: what is bigger than 16 MiB, or 128 KiB of gzip, is estimated from a part of it, unless --exact is given. A BAM file's reads are told by its index, exactly and at once, where one lies beside it that is not older.",
	],
	options,
	examples: [
		["et size --unit reads a_1.fq.gz a_2.fq.gz", "about how many reads there are"],
		['et enqueue --manifest et.json --input "reads=$(et size --unit reads a.fq)"', "report it"],
		["et size --unit reads --exact --json a.bam", "count, and say how"],
	],
	exitCodes: ["ok", "usage"],
} as const satisfies CommandSpec<typeof options>;

/** One file after another: each is counted as fast as the disk and this machine allow. */
async function sizesOf(files: readonly string[], unit: Unit, isExact: boolean): Promise<Size[]> {
	const sizes: Size[] = [];
	for (const file of files) sizes.push(isExact ? await measureInput(file, unit, NO_BUDGET).done : sizeNow(file, unit));
	return sizes;
}

const json = ({ size, measuredBy }: Size) => ({ size, measured_by: measuredBy });

export async function run(context: CliContext, argv: readonly string[]): Promise<number> {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const { unit } = given;
	if (unit === undefined || !isUnit(unit)) {
		throw usageError(spec.name, `In which unit? Give --unit, and one of ${UNITS.join(", ")}.`);
	}
	if (positionals.length === 0) throw usageError(spec.name, "Which files are to be measured?");
	const sizes = await sizesOf(positionals, unit, given.exact);
	const total = sumOf(sizes);
	const all = { unit, ...json(total), files: sizes.map(json) };
	context.out.line(given.json ? JSON.stringify(all) : sizeText(total));
	return EXIT_CODES.ok;
}
