/** A batch under construction, and how one that was refused is cut. Pure. */
import type { Entry } from "../src/spool/read.js";

export interface BatchBounds {
	reports: number;
	/** Bytes before gzip, of the reports alone. */
	bytes: number;
}

export class Batch {
	readonly entries: Entry[] = [];
	bytes = 0;

	/** Whether one more fits; a report larger than the bound still fits into an empty batch. */
	fits(entry: Entry, bounds: BatchBounds): boolean {
		if (this.entries.length === 0) return true;
		return this.entries.length < bounds.reports && this.bytes + entry.bytes <= bounds.bytes;
	}

	add(entry: Entry): void {
		this.entries.push(entry);
		this.bytes += entry.bytes;
	}
}

/** The two halves of a batch of at least two. */
export function halves<T>(entries: readonly T[]): [T[], T[]] {
	const middle = Math.ceil(entries.length / 2);
	return [entries.slice(0, middle), entries.slice(middle)];
}
