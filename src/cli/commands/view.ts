/** `et view`: one private page of what waits, what has left, and what the user's own runs took. */
import { randomBytes } from "node:crypto";
import { closeSync, constants, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FILE_MODE, makeFolder } from "../../document/durable.js";
import { EtError, systemErrorCode } from "../../errors.js";
import { VIEW_FILE } from "../../spool/history.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { remove } from "../../spool/remove.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { openSpool } from "../spool-view.js";
import { type Collected, collect } from "../view/collect.js";
import { opener, openFile } from "../view/open.js";
import { page } from "../view/page.js";

const options = {
	project: { value: "NAME", help: "only this project's" },
	output: { value: "FILE", help: "write the page there, over what is there" },
	"no-open": { help: "only write it, and print its path" },
	json: { help: "print the figures as JSON, and make no page" },
} as const;

export const spec = {
	name: "view",
	summary: "show your own runs, what waits and what has left, in your browser",
	usage: ["[--project NAME] [--output FILE] [--no-open]", "[--project NAME] --json"],
	details: [
		"Makes one HTML file for your eyes alone and opens it: run time and memory of your runs against the size of their input, what a job of a given size took, runs over time; what waits, as it would leave; what has left. It loads nothing, runs no script, and making it sends nothing. It works for projects whose reports you keep local, too.",
		"Where there is no desktop, its path is printed. A browser that may not read hidden folders (as a snap) can't open it there: name another place with --output.",
		"What your runs took stays known after their reports have left: figures alone, in your spool, up to 32 MiB. et forget and et consent withdraw remove them, and the page.",
	],
	options,
	examples: [
		["et view", "look at your runs"],
		["et view --no-open --output ~/runs.html", "a page to keep or to copy"],
		["et view --json | jq '.runs[] | [.command, .wall_s]'", "the same for programs"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

const RANDOM_BYTES = 6;

/** Written beside its place, for this user alone, and then put there in one step. @throws EtError `ET_VIEW_UNWRITABLE` */
function write(path: string, text: string): void {
	const folder = dirname(path);
	const temporary = `.et-view-${randomBytes(RANDOM_BYTES).toString("hex")}.tmp`;
	try {
		const descriptor = openSync(
			join(folder, temporary),
			constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
			FILE_MODE,
		);
		try {
			writeFileSync(descriptor, text);
		} finally {
			closeSync(descriptor);
		}
		renameSync(join(folder, temporary), path);
	} catch (error) {
		removeQuietly(folder, temporary);
		throw unwritable(path, error);
	}
}

function removeQuietly(folder: string, name: string): void {
	try {
		remove(folder, name);
	} catch {
		// The folder can't be written, which is what is said.
	}
}

function unwritable(path: string, cause: unknown): EtError {
	const why = systemErrorCode(cause) ?? String(cause);
	return new EtError(
		"ET_VIEW_UNWRITABLE",
		`The page ${path} could not be written (${why}). Your reports and figures are as they were. Name another place with --output.`,
		{ cause },
	);
}

/** Where the page goes: the user's own place, or a folder of the spool. @throws EtError `ET_VIEW_UNWRITABLE` */
function placeFor(output: string | undefined, folders: SpoolFolders): string {
	if (output !== undefined) return resolve(output);
	const path = join(folders.view, VIEW_FILE);
	try {
		makeFolder(folders.view);
	} catch (error) {
		throw unwritable(path, error);
	}
	return path;
}

function json({ pending, left, runs }: Collected): string {
	return JSON.stringify({
		runs,
		pending: { count: pending.count, by_state: Object.fromEntries(pending.byState), rejected: pending.rejected },
		left: {
			count: left.count,
			totals: left.totals.map(({ byVerdict, ...total }) => ({ ...total, by_verdict: Object.fromEntries(byVerdict) })),
		},
	});
}

export async function run(context: CliContext, argv: readonly string[]): Promise<number> {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	if (given.json && given.output !== undefined)
		throw usageError(spec.name, "--json makes no page: leave out --output.");
	const { client, out, err } = context;
	const folders = openSpool(context);
	const collected = collect(context, folders, given.project);
	if (given.json) {
		out.line(json(collected));
		return EXIT_CODES.ok;
	}
	const path = placeFor(given.output, folders);
	write(path, page(collected, { nowMs: client.now().getTime(), project: given.project }));
	out.line(path);
	const words = given["no-open"] ? null : opener(path, process.platform, client.env);
	if (words !== null && !(await openFile(words, client.env))) {
		err.line(`et: The page is written, and no browser could be started (${words[0]}). Open it yourself.`);
	}
	return EXIT_CODES.ok;
}
