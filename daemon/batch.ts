/** A batch under construction, and how one that was refused is cut. Pure. */
import type { Parcel } from "./parcel.js";

export interface BatchBounds {
	reports: number;
	/** Bytes before gzip, of the reports alone. */
	bytes: number;
}

export class Batch {
	readonly parcels: Parcel[] = [];
	bytes = 0;

	/** Whether one more fits; a report larger than the bound still fits into an empty batch. */
	fits(parcel: Parcel, bounds: BatchBounds): boolean {
		if (this.parcels.length === 0) return true;
		return this.parcels.length < bounds.reports && this.bytes + parcel.bytes <= bounds.bytes;
	}

	add(parcel: Parcel): void {
		this.parcels.push(parcel);
		this.bytes += parcel.bytes;
	}
}

/** The two halves of a batch of at least two. */
export function halves<T>(items: readonly T[]): [T[], T[]] {
	const middle = Math.ceil(items.length / 2);
	return [items.slice(0, middle), items.slice(middle)];
}
