/** `et purge`: every trace of ET on this machine goes. */

import { spoolFolders } from "../../spool/layout.js";
import { markerNames } from "../../spool/open-runs.js";
import { requestEntries } from "../../spool/requests.js";
import { agrees } from "../ask.js";
import { type Belongings, findBelongings, removeBelongings } from "../belongings.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { everyRun, forget, isOnServer } from "../forget.js";
import { forgottenLines } from "../forget-words.js";
import { byteCount, plural } from "../quantities.js";
import { say } from "../say.js";
import { shown } from "../shown.js";
import { openSpool, userFolders } from "../spool-view.js";
import { canAsk } from "../terminal.js";
import { holdLease } from "../uploader-lease.js";

const options = {
	yes: { short: "y", help: "without being asked; needed where there is no terminal" },
	json: { help: "one JSON document" },
} as const;

export const spec = {
	name: "purge",
	summary: "remove every trace of ET from this machine",
	usage: ["[--yes] [--json]"],
	details: [
		"First it says what there is: the spool, with reports that wait, the log of what left, erase keys and receipts; your decisions; service files. Then all of it goes, and with your decisions every consent: scripts record nothing more.",
		"The erase keys go, too. What a server has can then no longer be erased by you: at a terminal you are asked whether it shall be erased first; elsewhere do et forget --all --yes and et-uploader --once before.",
		"Only what is ET's own goes: a file that is not is left and named, and so is a folder that holds one; no symbolic link is followed. Where an uploader runs, nothing is done. A line in your crontab, and the program itself (npm uninstall -g et-phone-home), are yours to remove.",
	],
	options,
	examples: [
		["et purge", "see what there is, and answer"],
		["et forget --all --yes && et-uploader --once && et purge --yes", "erase everywhere, then here"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

interface Stock {
	belongings: Belongings;
	/** Runs that may be on a server, and were not erased. */
	erasable: number;
	/** Requests that no server has answered. */
	unanswered: number;
	/** Runs that have a marker. */
	open: number;
}

function takeStock(context: CliContext): Stock {
	const directories = userFolders(context);
	const folders = spoolFolders(directories.spool);
	const { HOME, USERPROFILE } = context.client.env;
	return {
		belongings: findBelongings(directories, HOME ?? USERPROFILE ?? null),
		erasable: everyRun(folders, null).runs.filter(isOnServer).length,
		unanswered: requestEntries(folders).filter(({ request }) => request.answered_at === null).length,
		open: markerNames(folders).length,
	};
}

const size = (bytes: number): string => (bytes === 0 ? "" : `, ${byteCount(bytes)}`);

function stockLines({ belongings, erasable, unanswered, open }: Stock): string[] {
	const { spool, consent, services } = belongings;
	const lines = [
		`Spool: ${plural(spool.files.length, "file")}${size(spool.bytes)}: ${shown(spool.path)}`,
		`Decisions: ${plural(consent.files.length, "file")}${size(consent.bytes)}: ${shown(consent.path)}`,
		...services.files.map((path) => `Service: ${shown(path)}`),
	];
	if (open > 0)
		lines.push(`${plural(open, "run")} under way, or not yet found to be gone: nothing is reported of them any more.`);
	if (erasable > 0) {
		lines.push(
			`${plural(erasable, "run")} may have left. Without the keys that go with the spool you can no longer have them erased: et forget --all does that first.`,
		);
	}
	if (unanswered > 0)
		lines.push(`${plural(unanswered, "request")} to a server, not yet answered, would never be sent.`);
	return lines;
}

function isNothing({ belongings: { spool, consent, services, folders } }: Stock): boolean {
	const files = spool.files.length + consent.files.length + services.files.length;
	return files === 0 && !folders.includes(spool.path) && !folders.includes(consent.path);
}

/** Reports that scripts wrote meanwhile are looked for again. */
const MOST_LOOKS = 3;

/** @returns what is left, which is not ET's */
function removeAll(context: CliContext): string[] {
	const giveBack = holdLease(context, spoolFolders(userFolders(context).spool));
	let { belongings } = takeStock(context);
	try {
		for (let look = 0; look < MOST_LOOKS; look++) {
			removeBelongings({ ...belongings, folders: [] });
			({ belongings } = takeStock(context));
			if (belongings.spool.files.length + belongings.consent.files.length === 0) break;
		}
	} finally {
		giveBack();
	}
	removeBelongings(belongings);
	return belongings.strangers;
}

function removedLines(left: readonly string[], { belongings: { services } }: Stock): string[] {
	const lines = [left.length === 0 ? "All of it is removed." : "All of ET's own is removed. Not ET's, and left:"];
	lines.push(...left.map((path) => `  ${shown(path)}`));
	if (services.files.length > 0) lines.push("Tell the system that its service is gone: systemctl --user daemon-reload");
	return lines;
}

/** What a person answers. */
type Answer = "purge" | "forget" | "nothing";

/** @throws EtError `ET_USAGE` where nobody can be asked */
function answer({ err }: CliContext, { erasable }: Stock): Answer {
	if (!canAsk())
		throw usageError(spec.name, "There is no terminal to ask you at. If all of it shall go, say so with --yes.");
	if (erasable > 0 && agrees(err, `Have ${plural(erasable, "run")} erased by their servers first?`)) return "forget";
	return agrees(err, "Remove all of it?") ? "purge" : "nothing";
}

function forgetFirst(context: CliContext, json: boolean): void {
	const folders = openSpool(context);
	const { runs, scope } = everyRun(folders, null);
	const forgotten = forget(context, folders, runs, scope);
	if (json) {
		context.out.line(JSON.stringify({ removed: null, forgotten }));
		return;
	}
	for (const line of forgottenLines(forgotten)) context.out.line(line);
	context.out.line("Nothing else was removed. Once et forget shows the receipts, do et purge again.");
}

export function run(context: CliContext, argv: readonly string[]): number {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	const { out, err } = context;
	openSpool(context);
	const stock = takeStock(context);
	const lines = isNothing(stock) ? ["Nothing of ET is here."] : stockLines(stock);
	if (!given.json) say(context, lines);
	const said = given.yes || isNothing(stock) ? "purge" : answer(context, stock);
	if (said === "forget") forgetFirst(context, given.json);
	if (said === "nothing") err.line("Nothing was removed.");
	if (said !== "purge" || (isNothing(stock) && !given.json)) return EXIT_CODES.ok;
	const left = removeAll(context);
	if (given.json) {
		const { spool, consent, services } = stock.belongings;
		out.line(
			JSON.stringify({
				removed: { spool, consent, services },
				left,
				erasable: stock.erasable,
				unanswered: stock.unanswered,
			}),
		);
	} else {
		for (const line of removedLines(left, stock)) out.line(line);
	}
	return EXIT_CODES.ok;
}
