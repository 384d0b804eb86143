/** Counting the alignments of a BAM file in its inflated content (SAMv1, section 4.2). Pure. */
import type { Counter, Sample } from "./counter.js";

const MAGIC_BYTES = 4;
const INTEGER_BYTES = 4;
const REFERENCE_LENGTH_BYTES = 4;
/** The fixed fields of an alignment. */
const LEAST_ALIGNMENT_BYTES = 32;

/** What the next length in the file is of. */
type Part = "text" | "references" | "name" | "alignment";

/** Goes from one length to the next, and looks at nothing between. */
export class BamCounter implements Counter {
	private isBam = true;
	private next: Part = "text";
	/** Bytes to pass over before it. */
	private pass = MAGIC_BYTES;
	private integer = 0;
	private integerBytes = 0;
	private references = 0;
	private alignments = 0;
	private seen = 0;
	private firstAlignment = 0;
	private lastAlignment = 0;

	add(bytes: Uint8Array): void {
		let at = 0;
		while (at < bytes.length && this.isBam) {
			if (this.pass > 0) {
				const step = Math.min(this.pass, bytes.length - at);
				this.pass -= step;
				at += step;
			} else {
				this.takeByte(bytes[at] ?? 0, this.seen + at);
				at++;
			}
		}
		this.seen += bytes.length;
	}

	sample(): Sample | null {
		if (!this.isBam || this.next !== "alignment") return null;
		return { units: Math.max(0, this.alignments - 1), from: this.firstAlignment, to: this.lastAlignment };
	}

	count(): number | null {
		const isAtEnd = this.next === "alignment" && this.pass === 0 && this.integerBytes === 0;
		return this.isBam && isAtEnd ? this.alignments : null;
	}

	private takeByte(byte: number, at: number): void {
		this.integer |= byte << (8 * this.integerBytes);
		this.integerBytes++;
		if (this.integerBytes < INTEGER_BYTES) return;
		const length = this.integer;
		this.integer = 0;
		this.integerBytes = 0;
		if (length < 0) this.isBam = false;
		else this.takeLength(length, at + 1 - INTEGER_BYTES);
	}

	private takeLength(length: number, at: number): void {
		if (this.next === "text") {
			this.pass = length;
			this.next = "references";
		} else if (this.next === "references") {
			this.references = length;
			this.next = length > 0 ? "name" : "alignment";
		} else if (this.next === "name") {
			this.pass = length + REFERENCE_LENGTH_BYTES;
			this.references--;
			if (this.references === 0) this.next = "alignment";
		} else this.alignment(length, at);
	}

	private alignment(length: number, at: number): void {
		if (length < LEAST_ALIGNMENT_BYTES) this.isBam = false;
		if (this.alignments === 0) this.firstAlignment = at;
		this.alignments++;
		this.lastAlignment = at;
		this.pass = length;
	}
}
