/** `et review`: one report after another, with a key for what shall become of it. */
import { EtError } from "../../errors.js";
import { triedIds } from "../../spool/journal.js";
import type { SpoolFolders } from "../../spool/layout.js";
import { type CommandSpec, parseCommandLine, usageError } from "../command.js";
import type { CliContext } from "../context.js";
import { EXIT_CODES } from "../exit-codes.js";
import { FILTER_OPTIONS, parseFilter } from "../filters.js";
import { Keyboard } from "../keyboard.js";
import { type Listing, printPendingJson } from "../pending-list.js";
import { namedLines, plural } from "../quantities.js";
import type { Fate } from "../review-actions.js";
import { type Item, queueOf } from "../review-queue.js";
import { HELP, Painter } from "../review-screen.js";
import { type Reviewed, Session } from "../review-session.js";
import { openSpool, StateReader } from "../spool-view.js";
import { isInteractive, standardTerminal } from "../terminal.js";

const options = {
	...FILTER_OPTIONS,
	json: { help: "no review: what it would be of, as et pending --json" },
} as const;

export const spec = {
	name: "review",
	summary: "look at what waits, one report at a time, and decide on each with a key",
	usage: ["[FILTER...] [--limit N]", "[FILTER...] [--limit N] --json"],
	details: [
		"Shows a report as it would leave, each field with what it is. A key acts at once and for good: leaving at any time loses nothing.",
		...HELP.map((line) => ` ${line}`),
		"It needs a terminal. Without one, et pending lists, et show prints, and et approve, hold, redact and drop do the same.",
	],
	options,
	examples: [
		["et review", "all that waits, oldest first"],
		["et review --state held --project dunovo", "what of dunovo waits for your word"],
	],
	exitCodes: ["ok", "failed", "usage"],
} as const satisfies CommandSpec<typeof options>;

const STANDARD_SIZE = { columns: 80, rows: 24 };

const sizeNow = () => ({
	columns: process.stdout.columns || STANDARD_SIZE.columns,
	rows: process.stdout.rows || STANDARD_SIZE.rows,
});

/** Reads keys until the review ends, and leaves the terminal as it was. */
async function reviewAll(context: CliContext, folders: SpoolFolders, items: readonly Item[]): Promise<Reviewed> {
	const { out, client } = context;
	const terminal = standardTerminal(client.env);
	const painter = new Painter(out, client.env);
	const session = new Session(context, folders, items);
	const keyboard = new Keyboard(painter);
	try {
		keyboard.open();
		for (;;) {
			painter.draw(session.lines(sizeNow(), terminal));
			const key = await keyboard.next();
			if (key === null || !session.press(key)) return session.result;
		}
	} finally {
		keyboard.close();
	}
}

const FATES: readonly Fate[] = ["let go", "held", "redacted", "dropped"];

/** Pure. */
function summaryLines({ count, seen, fates, mayHaveLeft }: Reviewed): string[] {
	const all = [...fates.values()];
	const parts = FATES.map((fate) => ({ fate, count: all.filter((each) => each === fate).length }))
		.filter((part) => part.count > 0)
		.map((part) => `${part.count.toLocaleString("en-US")} ${part.fate}`);
	const done = parts.length === 0 ? "nothing was changed" : parts.join(", ");
	const lines = [`Looked at ${seen.toLocaleString("en-US")} of ${plural(count, "report")}: ${done}.`];
	if (mayHaveLeft.size === 0) return lines;
	return [...lines, `${plural(mayHaveLeft.size, "report")} may have left before:`, ...namedLines([...mayHaveLeft])];
}

export async function run(context: CliContext, argv: readonly string[]): Promise<number> {
	const { options: given, positionals } = parseCommandLine(spec, argv);
	if (positionals[0] !== undefined) throw usageError(spec.name, `"${positionals[0]}" is one word too many.`);
	const filter = parseFilter(spec.name, given, context.client.now().getTime());
	const folders = openSpool(context);
	const listing: Listing = { context, folders, states: new StateReader(context, triedIds(folders)), filter };
	if (given.json) {
		printPendingJson(listing);
		return EXIT_CODES.ok;
	}
	if (!isInteractive()) {
		throw new EtError(
			"ET_USAGE",
			"A review needs a terminal, and there is none. Nothing was changed. The same without one: et pending, et show ID, et approve ID, et hold ID, et redact ID FIELD, et drop ID.",
		);
	}
	const items = queueOf(listing);
	if (items.length === 0) {
		context.out.line(`No ${filter.narrows ? "such " : ""}report waits.`);
		return EXIT_CODES.ok;
	}
	for (const line of summaryLines(await reviewAll(context, folders, items))) context.out.line(line);
	return EXIT_CODES.ok;
}
