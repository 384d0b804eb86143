/** `et check`: a manifest, for its author, before it is shipped. */
import { readFileSync } from "node:fs";
import { noticeDigest } from "../../consent/change.js";
import { EtError, systemErrorCode } from "../../errors.js";
import { sampleInWords } from "../../report/explanation.js";
import { type Manifest, manifestProblems, parseManifest } from "../../report/manifest.js";
import { changeText } from "../changes.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { type Comparison, compareNotices, lockPath, readLock, writeLock } from "../notice-lock.js";
import { plural } from "../quantities.js";
import { shown } from "../shown.js";
import { readAll } from "../stdin.js";

const options = {
	lock: { help: "where all is well, write what users agree to beside FILE (et.lock.json): commit it" },
	against: { value: "OLD", help: "compare with the manifest OLD instead of the lock; - is standard input" },
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "check",
	summary: "check a manifest, and whether its notice needs a new version, for its author",
	usage: ["[FILE] [--lock] [--against OLD] [--json]"],
	details: [
		"FILE is ./et.json where it is not named. Everything that is wrong is listed, each with its place. A user's run is silent about a manifest that can't be used, and records nothing: check it before you ship it.",
		"A digest names what users agree to: fields, reasons, purpose, endpoint, and what else the notice says. Where it changes they are asked anew, so the notice's version has to be raised. With a lock beside FILE, or with --against, a change without that is listed and fails, and so does a version that goes back.",
	],
	options,
	examples: [
		["et check --lock", "check, and note what users agree to by now"],
		["et check", "in CI, with et.json and et.lock.json"],
		["git show HEAD:et.json | et check --against -", "against the last commit, without a lock"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

const STANDARD_INPUT = "-";
/** More than any manifest has. */
const MOST_STDIN_BYTES = 4 * 1024 * 1024;

/** @throws EtError `ET_MANIFEST_UNREADABLE` */
function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		throw new EtError(
			"ET_MANIFEST_UNREADABLE",
			`The manifest ${path} can't be read (${systemErrorCode(error)}), and without it nothing is recorded. Name its path: et check FILE`,
			{ cause: error },
		);
	}
}

function problemsOf(text: string): { value: unknown; problems: string[] } {
	try {
		const value: unknown = JSON.parse(text);
		return { value, problems: manifestProblems(value) };
	} catch (error) {
		return { value: null, problems: [`et.json: is not JSON: ${(error as Error).message}`] };
	}
}

/** What a manifest is compared with, and what it is called. */
interface Former {
	manifest: Manifest;
	from: string;
	isLock: boolean;
}

/** @throws EtError where what was to be compared with is no manifest, or the lock can't be used */
function formerOf(path: string, against: string | undefined): Former | null {
	if (against === undefined) {
		const from = lockPath(path);
		const manifest = readLock(from);
		return manifest === null ? null : { manifest, from, isLock: true };
	}
	const from = against === STANDARD_INPUT ? "standard input" : against;
	const { value, problems } = problemsOf(
		against === STANDARD_INPUT ? (readAll(MOST_STDIN_BYTES) ?? "") : read(against),
	);
	if (problems.length === 0) return { manifest: parseManifest(value), from, isLock: false };
	const lines = problems.map((problem) => `  ${problem}`);
	throw new EtError("ET_MANIFEST_INVALID", [`There is no manifest in ${from} to compare with:`, ...lines].join("\n"));
}

/** What is said of a manifest: lines for people, and the same for programs. */
interface Said {
	ok: boolean;
	words: string[];
	json: Record<string, unknown>;
}

function unusable(path: string, problems: readonly string[]): Said {
	const lines = problems.map((problem) => `  ${shown(problem)}`);
	return {
		ok: false,
		words: [`${shown(path)} can't be used, and nothing is recorded under it:`, ...lines],
		json: { problems },
	};
}

const changeLines = ({ changes }: Comparison): string[] => changes.map((change) => `  ${shown(changeText(change))}`);

const comparisonJson = ({ from }: Former, { changes }: Comparison): Record<string, unknown> => ({
	compared_with: from,
	changes: changes.map(({ path, before, after }) => ({ path: path.join("."), before, after })),
});

function refused(path: string, manifest: Manifest, former: Former, comparison: Comparison): Said {
	const [was, is] = [former.manifest.notice.version, manifest.notice.version];
	const file = shown(path);
	const from = shown(former.from);
	const isLowered = comparison.verdict === "lowered";
	const problem = isLowered
		? `notice.version: is ${is}, and was ${was}; a version never goes back`
		: `notice.version: is still ${is}, and what users agree to has changed`;
	const remedy = `Raise notice.version to ${Math.max(was, is) + (isLowered ? 0 : 1)}, so that your users are asked anew.`;
	return {
		ok: false,
		words: [
			isLowered
				? `${file} has the notice version ${is}, and ${from} has ${was}: a version never goes back.`
				: `What users agree to has changed since ${from}, and ${file} still has the notice version ${is}:`,
			...changeLines(comparison),
			remedy,
		],
		json: { problems: [problem], ...comparisonJson(former, comparison) },
	};
}

function goodWords(path: string, manifest: Manifest): string[] {
	const { project, endpoint, inputs, data, notice, sample } = manifest;
	const declared = `${plural(Object.keys(inputs).length, "input")} and ${plural(Object.keys(data).length, "key")} of data`;
	return [
		`${shown(path)} is a manifest of ${project}: notice version ${notice.version}, ${declared}, to ${shown(endpoint)}.`,
		`digest ${noticeDigest(manifest)}`,
		...(sample < 1 ? [sampleInWords(sample)] : []),
	];
}

type LockState = "none" | "current" | "behind" | "written";

/** Of a manifest that may be shipped: how its lock stands. */
function lockWords(path: string, state: LockState | null): string[] {
	const lock = shown(lockPath(path));
	if (state === "written") return [`Written: ${lock}. Commit it.`];
	if (state === "behind") return [`${lock} is of an older notice. Write it anew, and commit it: et check --lock`];
	return state === "none" ? ["No lock tells what users were asked before: et check --lock writes one"] : [];
}

function lockState(former: Former | null, comparison: Comparison | null, writes: boolean): LockState | null {
	if (writes) return "written";
	if (former === null) return "none";
	if (!former.isLock) return null;
	return comparison?.verdict === "same" ? "current" : "behind";
}

function good(
	path: string,
	manifest: Manifest,
	former: Former | null,
	comparison: Comparison | null,
	writes: boolean,
): Said {
	const { project, endpoint, notice, sample } = manifest;
	const state = lockState(former, comparison, writes);
	const changed =
		former === null || comparison === null || comparison.changes.length === 0
			? []
			: [`What users agree to has changed since ${shown(former.from)}:`, ...changeLines(comparison)];
	return {
		ok: true,
		words: [...goodWords(path, manifest), ...changed, ...lockWords(path, state)],
		json: {
			...{ project, endpoint, notice_version: notice.version, digest: noticeDigest(manifest), sample, problems: [] },
			...(former === null || comparison === null
				? { compared_with: null, changes: [] }
				: comparisonJson(former, comparison)),
			lock: state,
		},
	};
}

function check(path: string, against: string | undefined, writes: boolean): Said {
	const { value, problems } = problemsOf(read(path));
	if (problems.length > 0) return unusable(path, problems);
	const manifest = parseManifest(value);
	const former = formerOf(path, against);
	const comparison = former === null ? null : compareNotices(former.manifest, manifest);
	if (former !== null && (comparison?.verdict === "unraised" || comparison?.verdict === "lowered")) {
		return refused(path, manifest, former, comparison);
	}
	if (writes) writeLock(lockPath(path), manifest);
	return good(path, manifest, former, comparison, writes);
}

export function run({ out }: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	const [path = "et.json", surplus] = positionals;
	if (surplus !== undefined) throw usageError(spec.name, `"${surplus}" is one word too many.`);
	const { ok, words, json } = check(path, given.against, given.lock);
	out.line(given.json ? JSON.stringify({ ok, ...json }) : words.join("\n"));
	return ok ? EXIT_CODES.ok : EXIT_CODES.failed;
}
