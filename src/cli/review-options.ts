/** The options of `et consent` that say what a user wants to look at before it leaves, and how that is said back. */
import type { Review } from "../consent/record.js";
import { waiting } from "../spool/waiting.js";
import { type Changed, changeWaiting } from "./change-waiting.js";
import { usageError } from "./command.js";
import type { CliContext } from "./context.js";
import { holdForApproval } from "./holding.js";
import { plural } from "./quantities.js";
import { openSpool } from "./spool-view.js";

export const REVIEW_OPTIONS = {
	delay: { value: "TIME", help: "each report waits so long before it leaves (30m, 12h, 2d; 0 for no wait)" },
	approve: { help: "nothing leaves without et approve" },
	"no-approve": { help: "reports leave by themselves again" },
} as const;

export interface ReviewOptions {
	readonly delay: string | undefined;
	readonly approve: boolean;
	readonly "no-approve": boolean;
}

const COMMAND = "consent";
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 60 * 60, d: 24 * 60 * 60 };
/** What waits longer goes by the spool's bound of age. */
const MOST_DELAY_S = 60 * (UNIT_SECONDS["d"] ?? 0);

/** Seconds out of `30m`, `12h`, `2d`, `0`; null where it is none. Pure. */
function parseDelay(text: string): number | null {
	if (text === "0") return 0;
	const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
	const seconds = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN);
	return count !== "" && seconds <= MOST_DELAY_S ? seconds : null;
}

/** A delay as {@link parseDelay} reads it. Pure. */
function delayText(seconds: number): string {
	const units = Object.entries(UNIT_SECONDS).reverse();
	const [letter, size] = units.find(([, unit]) => seconds >= unit && seconds % unit === 0) ?? ["s", 1];
	return `${seconds / size}${letter}`;
}

/**
 * The review that is asked for, on top of the one before; undefined where nothing is said of it.
 *
 * @throws EtError `ET_USAGE`
 */
export function reviewAskedFor(given: ReviewOptions, former: Review): Review | undefined {
	if (given.delay === undefined && !given.approve && !given["no-approve"]) return undefined;
	if (given.approve && given["no-approve"]) throw usageError(COMMAND, "--approve and --no-approve exclude each other.");
	const delay = given.delay === undefined ? former.delay_s : parseDelay(given.delay);
	if (delay === null) {
		throw usageError(COMMAND, `--delay is a time such as 30m, 12h or 2d, up to 60d, or 0; not "${given.delay}".`);
	}
	const approve = given.approve || (former.approve && !given["no-approve"]);
	return { approve, delay_s: delay };
}

/** What the review asks for, a line each. Pure. */
export function reviewLines({ approve, delay_s }: Review): string[] {
	const lines: string[] = [];
	if (approve) lines.push("  nothing leaves before you approve it: et pending, et review, et approve");
	if (delay_s > 0) lines.push(`  each report waits ${delayText(delay_s)} before it leaves`);
	return lines;
}

/** Where nothing is to be approved. */
export const NOTHING_HELD: Pick<Changed, "changed" | "mayHaveLeft"> = { changed: [], mayHaveLeft: [] };

/** Holds what already waits of a project that nothing is to leave of unapproved: after the decision, which rules by then. */
export function holdWaiting(context: CliContext, project: string): Changed {
	const folders = openSpool(context);
	function* ofProject() {
		for (const entry of waiting(folders)) if (entry.envelope.report.project === project) yield entry;
	}
	return changeWaiting(context, folders, ofProject, holdForApproval);
}

/** What became of what already waited, a line each. */
export function heldLines({ changed, mayHaveLeft }: Pick<Changed, "changed" | "mayHaveLeft">): string[] {
	if (changed.length === 0) return [];
	const lines = [`${plural(changed.length, "report")} that waited: held until et approve.`];
	if (mayHaveLeft.length === 0) return lines;
	return [
		...lines,
		`${plural(mayHaveLeft.length, "report")} may have left before:`,
		...mayHaveLeft.map((id) => `  ${id}`),
	];
}
