/** One review: which report is looked at, what a key does, and what came of it all. */
import type { WireReport } from "../report/types.js";
import type { Envelope } from "../spool/envelope.js";
import { triedIds } from "../spool/journal.js";
import type { SpoolFolders } from "../spool/layout.js";
import type { CliContext } from "./context.js";
import type { Key } from "./keyboard.js";
import { redactable } from "./report-lines.js";
import { type Done, drop, type Fate, holdBack, letGo, takeOut } from "./review-actions.js";
import { copiesOf, type Item } from "./review-queue.js";
import { drawn, type Pane, type Size } from "./review-screen.js";
import { type ReportState, StateReader } from "./spool-view.js";
import type { Terminal } from "./terminal.js";

/** What came of a review. */
export interface Reviewed {
	count: number;
	seen: number;
	fates: ReadonlyMap<string, Fate>;
	/** Ids of those that were changed and may have left before. */
	mayHaveLeft: ReadonlySet<string>;
}

/** What is looked at, as it was when it was read. */
interface Looked {
	envelope: Envelope;
	/** The report as it would leave, and the same taken apart. */
	text: string;
	report: WireReport;
	state: ReportState;
}

interface LastDone {
	place: number;
	id: string;
	undo: (() => string) | null;
	/** What had become of it before. */
	former: Fate | undefined;
}

const NOTHING_HERE = "It waits no more: it was sent, or removed by another command.";

export class Session {
	private place = 0;
	private pane: Pane = "fields";
	private scrolled = 0;
	private mostScrolled = 0;
	private page = 1;
	private message = "";
	/** What is being typed: names of fields, or the answer to whether it shall go. */
	private typed: string | null = null;
	private asksToDrop = false;
	private last: LastDone | null = null;
	private readonly seen = new Set<string>();
	private readonly fates = new Map<string, Fate>();
	private readonly mayHaveLeft = new Set<string>();
	/** Null where it waits no more. */
	private looked: Looked | null = null;

	constructor(
		private readonly context: CliContext,
		private readonly folders: SpoolFolders,
		private readonly items: readonly Item[],
	) {
		this.look();
	}

	get result(): Reviewed {
		const { fates, mayHaveLeft, items, seen } = this;
		return { count: items.length, seen: seen.size, fates, mayHaveLeft };
	}

	/** The screen as it is now. */
	lines(size: Size, terminal: Terminal): string[] {
		const { looked } = this;
		if (looked === null) {
			const gone = `${this.place + 1} of ${this.items.length}  ${NOTHING_HERE}`;
			return [gone.slice(0, size.columns), this.message.slice(0, size.columns)];
		}
		const screen = drawn(
			{
				place: this.place + 1,
				count: this.items.length,
				report: looked.report,
				text: looked.text,
				state: looked.state,
				pane: this.pane,
				scrolled: this.scrolled,
				message: this.typed === null ? this.message : `${this.message}${this.typed}`,
				nowMs: this.context.client.now().getTime(),
			},
			size,
			terminal,
		);
		this.mostScrolled = screen.mostScrolled;
		this.page = screen.page;
		this.scrolled = Math.min(this.scrolled, screen.mostScrolled);
		return screen.lines;
	}

	/** @returns whether the review goes on */
	press(key: Key): boolean {
		if (key === "resize") return true;
		if (key === "interrupt" || key === "end of input") return false;
		if (this.asksToDrop) return this.answer(key);
		if (this.typed !== null) return this.type(key);
		this.message = "";
		if (key === "q") return false;
		this.command(key);
		return true;
	}

	/** Keys that move, show and undo, each with what it does. */
	private readonly moves: Readonly<Record<Key, () => void>> = {
		n: () => this.go(1),
		" ": () => this.go(1),
		enter: () => this.go(1),
		right: () => this.go(1),
		p: () => this.go(-1),
		left: () => this.go(-1),
		up: () => this.scroll(-1),
		k: () => this.scroll(-1),
		down: () => this.scroll(1),
		j: () => this.scroll(1),
		"page up": () => this.scroll(-this.page),
		"page down": () => this.scroll(this.page),
		b: () => this.show(this.pane === "bytes" ? "fields" : "bytes"),
		"?": () => this.show(this.pane === "help" ? "fields" : "help"),
		escape: () => this.show("fields"),
		u: () => this.undo(),
	};

	private command(key: Key): void {
		const move = Object.hasOwn(this.moves, key) ? this.moves[key] : undefined;
		if (move === undefined) this.change(key);
		else move();
	}

	private change(key: Key): void {
		const { looked } = this;
		if (!"shrd".includes(key)) this.message = "That key does nothing. ? lists those that do.";
		else if (looked === null) this.message = NOTHING_HERE;
		else if (key === "s") this.act((parts) => letGo(parts, looked.envelope));
		else if (key === "h") this.act((parts) => holdBack(parts, looked.envelope));
		else if (key === "r") this.choose(looked);
		else {
			this.asksToDrop = true;
			this.message = "Drop it for good? y for yes, any other key for no.";
		}
	}

	private answer(key: Key): boolean {
		this.asksToDrop = false;
		if (key === "y") this.act(drop);
		else this.message = "Not dropped.";
		return true;
	}

	private choose({ report }: Looked): void {
		if (redactable(report).length === 0) {
			this.message = "It says nothing that can be taken out.";
			return;
		}
		this.show("choice");
		this.typed = "";
		this.message = "Take out (numbers or names, then Enter; Esc for none): ";
	}

	private type(key: Key): boolean {
		const typed = this.typed ?? "";
		if (key === "enter") this.finishChoice(typed);
		else if (key === "escape") this.endChoice("Nothing was taken out.");
		else if (key === "backspace") this.typed = [...typed].slice(0, -1).join("");
		else if (key === "up" || key === "down") this.scroll(key === "up" ? -1 : 1);
		else if (key === "page up" || key === "page down") this.scroll(key === "page up" ? -this.page : this.page);
		else if ([...key].length === 1) this.typed = typed + key;
		return true;
	}

	private endChoice(message: string): void {
		this.typed = null;
		this.show("fields");
		this.message = message;
	}

	private finishChoice(typed: string): void {
		const { looked } = this;
		const known = looked === null ? [] : redactable(looked.report);
		const words = typed.split(/[\s,]+/).filter((word) => word !== "");
		const fields = words.map((word) => (/^\d+$/.test(word) ? known[Number(word) - 1] : word));
		const wrong = words.find((_, index) => !known.includes(fields[index] ?? ""));
		if (looked === null || words.length === 0) this.endChoice("Nothing was taken out.");
		else if (wrong !== undefined) this.endChoice(`Nothing was taken out: it has no field "${wrong}".`);
		else {
			this.endChoice("");
			this.act((parts) => takeOut(parts, looked.envelope, [...new Set(fields as string[])]));
		}
	}

	/** Does it now; where it can't be done, the report is as it was, and that is said. */
	private act(action: (parts: { context: CliContext; folders: SpoolFolders; item: Item }) => Done): void {
		const item = this.items[this.place];
		if (item === undefined) return;
		try {
			const { fate, message, mayHaveLeft, undo } = action({ context: this.context, folders: this.folders, item });
			if (fate !== null) {
				this.last = { place: this.place, id: item.id, undo, former: this.fates.get(item.id) };
				this.fates.set(item.id, fate);
			}
			if (mayHaveLeft) this.mayHaveLeft.add(item.id);
			if (fate === null || fate === "redacted") this.look();
			else this.go(1);
			this.message = message;
		} catch (error) {
			this.message = `Not done: ${error instanceof Error ? error.message : String(error)}`;
		}
	}

	private undo(): void {
		const { last } = this;
		if (last === null) this.message = "There is nothing to undo.";
		else if (last.undo === null) this.message = "That can't be undone.";
		else {
			try {
				const said = last.undo();
				if (last.former === undefined) this.fates.delete(last.id);
				else this.fates.set(last.id, last.former);
				this.last = null;
				this.place = last.place;
				this.look();
				this.message = said;
			} catch (error) {
				this.message = `Not undone: ${error instanceof Error ? error.message : String(error)}`;
			}
		}
	}

	private go(by: number): void {
		const place = this.place + by;
		if (place < 0 || place >= this.items.length) {
			this.look();
			this.message = by > 0 ? "That was the last one. q ends." : "That is the first one.";
			return;
		}
		this.place = place;
		this.look();
	}

	private look(): void {
		const item = this.items[this.place];
		this.looked = item === undefined ? null : this.read(item);
		if (item !== undefined) this.seen.add(item.id);
		this.show("fields");
	}

	/** Read anew at each look: others may have changed it. */
	private read(item: Item): Looked | null {
		const [entry] = copiesOf(this.folders, item);
		if (entry === undefined) return null;
		const states = new StateReader(this.context, triedIds(this.folders));
		const text = states.leaving(entry);
		return { envelope: entry.envelope, text, report: JSON.parse(text), state: states.of(entry) };
	}

	private show(pane: Pane): void {
		this.pane = pane;
		this.scrolled = 0;
	}

	private scroll(by: number): void {
		this.scrolled = Math.min(Math.max(0, this.scrolled + by), this.mostScrolled);
	}
}
