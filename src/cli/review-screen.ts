/** What `et review` shows of one report, line by line, on a terminal of any size. Pure, but for what draws it. */
import type { WireReport } from "../report/types.js";
import type { Output } from "./output.js";
import { age } from "./quantities.js";
import { byteLines, folded, redactable, reportLines } from "./report-lines.js";
import { shown } from "./shown.js";
import { type ReportState, shortId } from "./spool-view.js";
import { cut, styled, type Terminal, wrapped } from "./terminal.js";

export interface Size {
	columns: number;
	rows: number;
}

/** What the middle of the screen shows. */
export type Pane = "fields" | "bytes" | "help" | "choice";

export interface View {
	/** Its place among all, from 1. */
	place: number;
	count: number;
	report: WireReport;
	/** The report as it would leave. */
	text: string;
	state: ReportState;
	pane: Pane;
	/** How many lines of the middle are above the screen. */
	scrolled: number;
	/** Said beneath: what a key did, or what is asked. */
	message: string;
	nowMs: number;
}

const KEYS = "s send  h hold  r redact  d drop  n next  b bytes  u undo  ? help  q quit";

export const HELP: readonly string[] = [
	"s        send: it may leave, at et-uploader's next turn (as et approve)",
	"h        hold: it stays until et release",
	"r        redact: take fields out of it, here and on its server",
	"d        drop: it goes, for good; asked once more",
	"u        undo what the last key did, where that is possible",
	"n space  next report       p  the one before",
	"b        the exact bytes that would leave, and back",
	"up down  scroll; page up and page down too",
	"q        quit: all that you did is done already",
];

function stateWords({ state, reason, leaves_at }: ReportState): string {
	switch (state) {
		case "waiting":
			return "leaves at et-uploader's next turn";
		case "held":
			return reason === "approve" ? "held: waits to be approved" : "held: waits for your word";
		case "delayed":
			return `leaves after ${leaves_at ?? "a time that can't be told"}, to give you time to look`;
		case "local only":
			return "kept for your own eyes: never sent";
		case "not allowed":
			return `does not leave now: ${(reason ?? "").replaceAll("_", " ")}`;
		case "never leaves":
			return `never leaves: ${(reason ?? "").replaceAll("_", " ")}`;
		case "may have left":
			return "may have left: it was in a request";
	}
}

function head({ place, count, report, state, nowMs }: View): string[] {
	const parts = [report.project, report.command, report.version, report.event, report.outcome];
	const what = parts.filter((part) => typeof part === "string").join(" ");
	return [
		`${place.toLocaleString("en-US")} of ${count.toLocaleString("en-US")}  ${what}`,
		`${shortId(report.id)}, ${age(report.occurred_at, nowMs)} ago: ${stateWords(state)}`,
	];
}

/** Numbers before the fields that can be taken out, as they are chosen by. */
function marks(report: WireReport): Map<string, string> {
	return new Map(redactable(report).map((path, index) => [path, `${index + 1} `]));
}

function middle({ pane, report, text }: View, terminal: Terminal): string[] {
	switch (pane) {
		case "fields":
			return reportLines(report, terminal);
		case "choice":
			return reportLines(report, terminal, marks(report));
		case "bytes":
			return byteLines(text, terminal);
		case "help":
			return HELP.flatMap((line) => folded(line, terminal.width));
	}
}

/** Lines of a screen that are not the middle's: two of the head, how much is below, keys. */
const FRAME_LINES = 4;
const MOST_MESSAGE_LINES = 4;

export interface Drawn {
	lines: string[];
	/** The most that can be scrolled. */
	mostScrolled: number;
	/** Lines of the middle that are seen at once. */
	page: number;
}

/** A screen full of lines, none of them wider than the terminal. */
export function drawn(view: View, { columns, rows }: Size, terminal: Terminal): Drawn {
	const said = wrapped(shown(view.message), columns).slice(0, MOST_MESSAGE_LINES);
	const page = Math.max(1, rows - FRAME_LINES - said.length);
	const body = middle(view, { ...terminal, width: columns });
	const mostScrolled = Math.max(0, body.length - page);
	const from = Math.min(view.scrolled, mostScrolled);
	const seen = body.slice(from, from + page);
	const below = body.length - from - seen.length;
	const [first = "", second = ""] = head(view).map((line) => cut(shown(line), columns));
	const more = below > 0 ? `-- ${below} more lines: down --` : "";
	const blanks = Array.from({ length: page - seen.length }, () => "");
	return {
		lines: [
			styled(terminal, "bold", first),
			second,
			styled(terminal, "dim", cut(more, columns)),
			...seen,
			...blanks,
			...said.map((line) => cut(line, columns)),
			styled(terminal, "dim", cut(KEYS, columns)),
		],
		mostScrolled,
		page,
	};
}

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Draws on the terminal's other screen, so that what stood there before stands there afterwards. */
export class Painter {
	/** A terminal that obeys nothing is written to line by line. */
	private readonly obeys: boolean;

	constructor(
		private readonly out: Output,
		env: NodeJS.ProcessEnv,
	) {
		this.obeys = env["TERM"] !== "dumb";
	}

	enter(): void {
		if (this.obeys) this.out.write(ENTER);
	}

	leave(): void {
		if (this.obeys) this.out.write(LEAVE);
	}

	draw(lines: readonly string[]): void {
		if (!this.obeys) {
			this.out.write(`${lines.filter((line) => line !== "").join("\n")}\n`);
			return;
		}
		// No line end behind the last line: it would scroll the first one away.
		this.out.write(HOME + lines.map((line) => line + CLEAR_LINE).join("\n") + CLEAR_BELOW);
	}
}
