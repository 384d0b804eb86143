/** A line that fills while a long flush is under way, on a terminal alone. */
import type { Policy } from "./policy.js";

export interface Terminal {
	isTTY?: boolean;
	columns?: number;
	write(text: string): unknown;
}

const CLEAR_LINE = "\r\u001b[K";
/** Of a terminal that tells no width, or one of 0, as a fresh pseudo-terminal does. */
const DEFAULT_COLUMNS = 80;

/** One line, narrower than `columns`, so that it never wraps. Pure. */
export function progressLine(done: number, total: number, columns: number): string {
	const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
	const words = ` ${done.toLocaleString("en")} of ${total.toLocaleString("en")} reports (${percent} %)`;
	const width = Math.min(40, columns - words.length - 3);
	if (width < 5) return words.trim().slice(0, columns - 1);
	const filled = total === 0 ? width : Math.floor((width * done) / total);
	return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]${words}`;
}

export class Progress {
	private shownAtMs = 0;
	private isShown = false;

	constructor(
		private readonly terminal: Terminal,
		private readonly policy: Policy,
		private readonly nowMs: () => number,
	) {}

	update(done: number, total: number): void {
		if (this.terminal.isTTY !== true || total < this.policy.progressFromReports) return;
		const nowMs = this.nowMs();
		if (nowMs - this.shownAtMs < this.policy.progressEveryMs && done < total) return;
		this.shownAtMs = nowMs;
		this.isShown = true;
		this.terminal.write(CLEAR_LINE + progressLine(done, total, this.terminal.columns || DEFAULT_COLUMNS));
	}

	/** Makes room for other text. */
	clear(): void {
		if (this.isShown) this.terminal.write(CLEAR_LINE);
		this.isShown = false;
	}
}
