/** `et doctor`: what is found of the surroundings of a run, and by what. */
import { existsSync } from "node:fs";
import { type FoundLimit, LIMIT_FIELDS, type LimitName } from "../../host/limit.js";
import { foundLimits, smallest } from "../../host/limits.js";
import { type ToldPlatform, toldPlatforms } from "../../host/platform-signs.js";
import { formatBytes, formatNumber, formatSeconds } from "../../report/format.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { Table } from "../table.js";
import { standardTerminal } from "../terminal.js";

const options = {
	json: { help: "as JSON, with everything that was found" },
} as const;

export const spec = {
	name: "doctor",
	summary: "say what a report tells of the place where it is made: platform and limits",
	usage: ["[--json]"],
	details: [
		"Prints the platform that a run started here would name (Galaxy, a scheduler, a workflow manager, CI, a container), the one beneath it, and the memory, wall time and CPUs that it was given, each with what says so. Try it in a job, in the place of your script. Nothing is written, and no server is asked.",
		"No more than these kinds and numbers is kept: no name or number of a job, queue, host or image. A user who does not want to say them leaves them out: et consent grant PROJECT --without platform,limits.",
		"A script in Node.js that calls enqueue() alone reads the limits only where a variable says that it runs in a job; startRun(), et run and et enqueue read them everywhere.",
	],
	options,
	examples: [
		["et doctor", "what is found here"],
		["srun --mem 2G et doctor", "what is found in a job"],
	],
	exitCodes: ["ok", "usage"],
} as const satisfies CommandSpec<typeof options>;

const COLUMNS = [
	{ title: "field", width: 16 },
	{ title: "value", width: 14 },
	{ title: "by", width: 20, grows: 1 },
] as const;

const LIMITS: readonly (readonly [limit: LimitName, name: string, inWords: (value: number) => string])[] = [
	["memoryBytes", "memory limit", formatBytes],
	["wallS", "wall time limit", formatSeconds],
	["cpus", "CPUs given", formatNumber],
];

function platformRow(name: string, told: ToldPlatform | undefined): string[] {
	return told === undefined ? [name, "none known", ""] : [name, told.platform, told.by];
}

function rows(platforms: readonly ToldPlatform[], limits: readonly FoundLimit[]): string[][] {
	const [outer, inner, ...further] = platforms;
	return [
		platformRow("platform", outer),
		...(outer === undefined ? [] : [platformRow("inner platform", inner)]),
		...further.map((told) => platformRow("(not reported)", told)),
		...LIMITS.map(([limit, name, inWords]) => {
			const least = smallest(limits, limit);
			return least === null ? [name, "none known", ""] : [name, inWords(least.value), least.by];
		}),
	];
}

function asJson(platforms: readonly ToldPlatform[], limits: readonly FoundLimit[]): string {
	const least = (limit: LimitName): number | null => smallest(limits, limit)?.value ?? null;
	const wire = LIMITS.map(([limit]) => [LIMIT_FIELDS[limit], least(limit)]);
	const found = {
		platforms,
		limits: limits.map(({ limit, value, by }) => ({ limit: LIMIT_FIELDS[limit], value, by })),
	};
	return JSON.stringify({
		platform: platforms[0]?.platform ?? null,
		platform_inner: platforms[1]?.platform ?? null,
		limits: limits.length === 0 ? null : Object.fromEntries(wire),
		found,
	});
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	const { env } = context.client;
	const platforms = toldPlatforms(env, process.cwd, existsSync);
	const limits = foundLimits(
		env,
		platforms.map(({ platform }) => platform),
	);
	if (given.json) {
		context.out.line(asJson(platforms, limits));
		return EXIT_CODES.ok;
	}
	const table = new Table(COLUMNS, standardTerminal(env));
	context.out.line(table.head());
	for (const row of rows(platforms, limits)) context.out.line(table.row(row));
	return EXIT_CODES.ok;
}
