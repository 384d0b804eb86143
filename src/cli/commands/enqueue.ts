/** `et enqueue`: a report from a shell script, out of flags and JSON. */
import { readFileSync } from "node:fs";
import { dropped, type EnqueueOptions, enqueueIn, neverThrowing } from "../../client/enqueue.js";
import { loadManifest } from "../../client/manifest-file.js";
import type { EnqueueResult } from "../../client/result.js";
import { type RunIdentity, runOfKey } from "../../client/run-identity.js";
import { MAX_REPORT_BYTES } from "../../report/limits.js";
import type { Manifest } from "../../report/manifest.js";
import type { InputSizes, MeasuredSize, ReportInput } from "../../report/types.js";
import { type CommandSpec, type OptionValues, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { parseData, parseInput, together } from "../inputs.js";
import { FIELD_NAMES, parseReportJson } from "../report-json.js";
import { exitCodeOf, resultJson } from "../results.js";
import { readAll } from "../stdin.js";

const options = {
	manifest: { value: "FILE", help: "the author's et.json" },
	event: { value: "EVENT", help: "start, prelim or end (default: end)" },
	"run-key": { value: "KEY", help: "what the reports of one run share: the output of et run-key" },
	command: { value: "NAME", help: "what to call what ran" },
	"app-version": { value: "VERSION", help: "its version" },
	outcome: { value: "OUTCOME", help: "ok, failed, killed or unknown (default: what the exit code or signal says)" },
	"exit-code": { value: "N", help: "the exit code" },
	signal: { value: "NAME", help: "the signal of death, such as SIGKILL" },
	wall: { value: "SECONDS", help: "wall time" },
	"cpu-user": { value: "SECONDS", help: "CPU time in the program" },
	"cpu-system": { value: "SECONDS", help: "CPU time in the system" },
	"max-rss": { value: "BYTES", help: "peak memory" },
	threads: { value: "N", help: "threads used" },
	"since-start": { value: "SECONDS", help: "time since the run's start" },
	platform: {
		value: "NAME",
		help: "what the run was started by, such as galaxy or slurm (default: what is found; see et doctor)",
	},
	input: {
		value: "NAME=NUMBER",
		multiple: true,
		help: "the size of a declared input, in its declared unit; ~NUMBER where it is an estimate; unknown where it is not known. Several of one name are added up",
	},
	data: { value: "KEY=VALUE", multiple: true, help: "free-form data that the manifest declares" },
	exception: { value: "FILE", help: "a traceback, as the interpreter printed it; - for standard input" },
	stdin: { help: "read more of the report from standard input, as JSON; flags come before it" },
	"phone-home": { help: "the user of your script asked for this report: consent for this run alone" },
	test: { help: "a run of your own, kept apart from users' runs" },
	json: { help: "print what became of the report" },
	strict: { help: "end with 3 or 4 where the report was not kept" },
} as const;

export const spec = {
	name: "enqueue",
	summary: "leave a report in the spool, from a script",
	usage: ["--manifest FILE [OPTIONS] [--json]", "--manifest FILE [OPTIONS] --stdin <JSON"],
	details: [
		"Where the user has agreed, the report is in the spool when this ends; where not, nothing is written. It prints nothing and ends with 0 whatever became of the report, so that a script under `set -e` goes on; --json and --strict tell an author more. A value that is of no use is left out, and what the manifest does not declare too.",
		"With --stdin (or -) an object is read whose names are those of reports:",
		`${FIELD_NAMES.join(", ")}.`,
		"A traceback of Python, Node.js, R, Perl or bash is reduced to the error's type and the lines of the project's own files; in JSON, exception may be its text.",
		'There, inputs is an object of sizes: {"inputs": {"reads": 4000000}}, or {"inputs": {"reads": {"size": 4000000, "measured_by": "estimated"}}}.',
		"et size prints sizes of files as --input takes them.",
	],
	options,
	examples: [
		['et enqueue --manifest et.json --command align --wall "$SECONDS" --exit-code $?', "at a script's end"],
		['et enqueue --manifest et.json --run-key "$key" --event start', "the first of a run's reports"],
		["et enqueue --manifest et.json --exit-code 1 --exception stderr.txt", "a failure, with what it printed"],
		['echo \'{"data": {"n": 7}}\' | et enqueue --manifest et.json --stdin --test', "try it out"],
	],
	exitCodes: ["ok", "usage", "notConsented", "dropped"],
} as const satisfies CommandSpec<typeof options>;

type Values = OptionValues<typeof options>;

/** A number, or what the client will leave out and name. */
const numeric = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

/** Without what was not given. */
function given<T extends object>(values: T): Partial<T> {
	return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : numeric(text));

/** How a run ended, by its exit code and signal. */
function outcomeFrom({ outcome, signal, "exit-code": exitCode }: Values): string | undefined {
	if (outcome !== undefined) return outcome;
	if (signal !== undefined) return "killed";
	return exitCode === undefined ? undefined : numeric(exitCode) === 0 ? "ok" : "failed";
}

/** What was understood of arguments, and what was not. */
function gather<T>(texts: readonly string[], parse: (text: string) => { ok: true; value: T } | { ok: false }) {
	const parsed = texts.map((text) => ({ text, result: parse(text) }));
	return {
		values: parsed.flatMap(({ result }) => (result.ok ? [result.value] : [])),
		rest: parsed.filter(({ result }) => !result.ok).map(({ text }) => text),
	};
}

function inputsFrom(values: readonly { name: string; given: MeasuredSize }[]): InputSizes {
	const names = [...new Set(values.map(({ name }) => name))];
	const sizeOf = (name: string) => together(values.flatMap((each) => (each.name === name ? [each.given] : [])));
	return Object.fromEntries(names.map((name) => [name, sizeOf(name) ?? null]));
}

/** The report that the flags give; what is no use is left to the client, which leaves it out and says so. */
function fromFlags(values: Values, manifest: Manifest): { report: ReportInput; rest: string[] } {
	const inputs = gather(values.input, (text) => {
		const parsed = parseInput(text);
		return parsed.ok && "given" in parsed.value ? { ok: true, value: parsed.value } : { ok: false };
	});
	const data = gather(values.data, (text) => parseData(text, manifest));
	const report = given({
		event: values.event,
		command: values.command,
		version: values["app-version"],
		outcome: outcomeFrom(values),
		exitCode: numberOf(values["exit-code"]),
		signal: values.signal,
		wallS: numberOf(values.wall),
		cpuUserS: numberOf(values["cpu-user"]),
		cpuSystemS: numberOf(values["cpu-system"]),
		maxRssBytes: numberOf(values["max-rss"]),
		threads: numberOf(values.threads),
		sinceStartS: numberOf(values["since-start"]),
		platform: values.platform,
		test: values.test ? true : undefined,
		inputs: inputsFrom(inputs.values),
		data: Object.fromEntries(data.values),
	});
	return { report: report as ReportInput, rest: [...inputs.rest, ...data.rest] };
}

/** More than any program prints of one error. */
const MOST_TRACEBACK_BYTES = 4 * 1024 * 1024;

/** @returns null where the file can't be read: the report is then kept without it */
function traceback(path: string): string | null {
	if (path === "-") return readAll(MOST_TRACEBACK_BYTES);
	try {
		return readFileSync(path, "utf8");
	} catch {
		return null;
	}
}

/** More than any report may have: what is longer need not be read to its end. */
const MOST_STDIN_BYTES = 4 * MAX_REPORT_BYTES;

function fromStdin(): ReturnType<typeof parseReportJson> {
	const text = readAll(MOST_STDIN_BYTES);
	return text === null ? { ok: false, problem: "standard input is too long for a report" } : parseReportJson(text);
}

function identityOf(manifest: Manifest, key: string | undefined): RunIdentity | EnqueueResult | undefined {
	if (key === undefined) return undefined;
	try {
		return runOfKey(manifest, key) ?? dropped("sampled_out", "the author's sampling leaves this run out");
	} catch (error) {
		return dropped("invalid_report", `${(error as Error).message}: see et run-key`);
	}
}

function keep(context: CliContext, values: Values, enqueueOptions: EnqueueOptions): EnqueueResult {
	const manifest = loadManifest(enqueueOptions.manifest);
	const identity = identityOf(manifest, values["run-key"]);
	if (identity !== undefined && "status" in identity) return identity;
	const json = values.stdin ? fromStdin() : { ok: true as const, given: {}, unknown: [] };
	if (!json.ok) return dropped("invalid_report", json.problem);
	const flags = fromFlags(values, manifest);
	const exception = values.exception === undefined ? undefined : traceback(values.exception);
	const report: ReportInput = {
		...json.given,
		...flags.report,
		...(typeof exception === "string" ? { exception } : {}),
		inputs: { ...json.given.inputs, ...flags.report.inputs },
		data: { ...json.given.data, ...flags.report.data },
	};
	const result = enqueueIn({ ...context.client, readsLimits: true }, report, enqueueOptions, identity);
	if (result.status !== "queued") return result;
	const unread = exception === null ? ["exception"] : [];
	return { ...result, stripped: [...result.stripped, ...json.unknown, ...flags.rest, ...unread] };
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: values, positionals } = parseCommandLine(spec, argv);
	const surplus = positionals.filter((word) => word !== "-");
	if (surplus[0] !== undefined) throw usageError(spec.name, `"${surplus[0]}" is one word too many.`);
	if (values.manifest === undefined) throw usageError(spec.name, "Whose report is it? Give --manifest FILE.");
	const stdin = values.stdin || positionals.includes("-");
	if (stdin && values.exception === "-") {
		throw usageError(spec.name, "Standard input is either the report's JSON or a traceback.");
	}
	const enqueueOptions = { manifest: values.manifest, phoneHome: values["phone-home"] };
	const result = neverThrowing(() => keep(context, { ...values, stdin }, enqueueOptions));
	if (values.json) context.out.line(resultJson(result));
	return values.strict ? exitCodeOf(result) : EXIT_CODES.ok;
}
