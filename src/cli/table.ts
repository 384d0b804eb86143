/**
 * Tables that are printed a row at a time, however many rows there are: widths are set beforehand.
 * On a terminal a row is one line and what is too long is cut; in a pipe nothing is.
 */
import { shown } from "./shown.js";
import { cut, styled, type Terminal, textWidth } from "./terminal.js";

export interface Column {
	title: string;
	/** Columns of the terminal that it takes at least. */
	width: number;
	/** Its share of the columns that are left over. @defaultValue 0 */
	grows?: number;
	right?: true;
}

const GAP = "  ";

function widths(columns: readonly Column[], terminal: Terminal): number[] {
	const least = columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
	const left = Number.isFinite(terminal.width) ? Math.max(0, terminal.width - least) : 0;
	const shares = columns.reduce((sum, { grows = 0 }) => sum + grows, 0);
	return columns.map(({ width, grows = 0 }) => width + (shares === 0 ? 0 : Math.floor((left * grows) / shares)));
}

export class Table {
	private readonly widths: number[];

	constructor(
		private readonly columns: readonly Column[],
		private readonly terminal: Terminal,
	) {
		this.widths = widths(columns, terminal);
	}

	head(): string {
		return styled(this.terminal, "bold", this.row(this.columns.map(({ title }) => title)));
	}

	/** A line, whatever the cells hold. */
	row(cells: readonly string[]): string {
		const fitted = this.columns.map(({ right }, index) => this.fit(shown(cells[index] ?? ""), index, right === true));
		return fitted.join(GAP).trimEnd();
	}

	private fit(cell: string, index: number, right: boolean): string {
		const width = this.widths[index] ?? 0;
		const text = this.terminal.isTerminal ? cut(cell, width) : cell;
		const padding = " ".repeat(Math.max(0, width - textWidth(text)));
		return right ? padding + text : text + padding;
	}
}
