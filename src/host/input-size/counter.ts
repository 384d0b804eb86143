/** Counting lines, and the records of FASTA and FASTQ, in a file's content as it comes. Pure. */

/** What was seen of a file that is not at its end: whole units, and between which offsets of its content they stand. */
export interface Sample {
	units: number;
	from: number;
	to: number;
}

/** Counts in what it is given, a piece after another. */
export interface Counter {
	add(bytes: Uint8Array): void;
	/** So far; null where this is not of the format. */
	sample(): Sample | null;
	/** To be asked when all was added: null where this is not of the format, or breaks off. */
	count(): number | null;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const AT_SIGN = 0x40;
const GREATER_THAN = 0x3e;
const PLUS = 0x2b;
const NOTHING = -1;

export class LineCounter implements Counter {
	private feeds = 0;
	private seen = 0;
	private lastFeed = 0;

	add(bytes: Uint8Array): void {
		let at = bytes.indexOf(LINE_FEED);
		while (at !== -1) {
			this.feeds++;
			this.lastFeed = this.seen + at + 1;
			at = bytes.indexOf(LINE_FEED, at + 1);
		}
		this.seen += bytes.length;
	}

	sample(): Sample {
		return { units: this.feeds, from: 0, to: this.lastFeed };
	}

	count(): number {
		return this.lastFeed === this.seen ? this.feeds : this.feeds + 1;
	}
}

/** FASTA: lines that begin with ">". */
export class FastaCounter implements Counter {
	private last = LINE_FEED;
	private records = 0;
	private seen = 0;
	private lastRecord = 0;

	add(bytes: Uint8Array): void {
		for (let at = bytes.indexOf(GREATER_THAN); at !== -1; at = bytes.indexOf(GREATER_THAN, at + 1)) {
			if ((at === 0 ? this.last : bytes[at - 1]) !== LINE_FEED) continue;
			this.records++;
			this.lastRecord = this.seen + at;
		}
		this.last = bytes[bytes.length - 1] ?? this.last;
		this.seen += bytes.length;
	}

	sample(): Sample {
		return { units: Math.max(0, this.records - 1), from: 0, to: this.lastRecord };
	}

	count(): number {
		return this.records;
	}
}

/**
 * FASTQ (Cock et al. 2010, doi:10.1093/nar/gkp1137): a sequence may take several lines, and so may its qualities, which
 * may begin with "@". Only by their length, which is the sequence's, can their end be told.
 */
export class FastqCounter implements Counter {
	private isFastq = true;
	private reads = 0;
	private seen = 0;
	private lastRead = 0;
	private part: "title" | "sequence" | "qualities" = "title";
	private bases = 0;
	private qualities = 0;
	/** Of the line under way. */
	private length = 0;
	private first = NOTHING;
	private last = NOTHING;

	add(bytes: Uint8Array): void {
		let from = 0;
		while (this.isFastq) {
			const feed = bytes.indexOf(LINE_FEED, from);
			const end = feed === -1 ? bytes.length : feed;
			if (end > from) {
				if (this.length === 0) this.first = bytes[from] ?? NOTHING;
				this.length += end - from;
				this.last = bytes[end - 1] ?? NOTHING;
			}
			if (feed === -1) break;
			from = feed + 1;
			this.endLine(this.seen + from);
		}
		this.seen += bytes.length;
	}

	sample(): Sample | null {
		return this.isFastq ? { units: this.reads, from: 0, to: this.lastRead } : null;
	}

	count(): number | null {
		if (this.length > 0) this.endLine(this.seen);
		return this.isFastq && this.part === "title" ? this.reads : null;
	}

	private endLine(through: number): void {
		const length = this.last === CARRIAGE_RETURN ? this.length - 1 : this.length;
		const first = length === 0 ? NOTHING : this.first;
		this.length = 0;
		this.last = NOTHING;
		if (this.part === "title") this.title(first);
		else if (this.part === "qualities") this.quality(length, through);
		else if (first === PLUS) this.part = "qualities";
		else this.bases += length;
	}

	/** Empty lines between reads do no harm. */
	private title(first: number): void {
		if (first === AT_SIGN) this.part = "sequence";
		else if (first !== NOTHING) this.isFastq = false;
	}

	private quality(length: number, through: number): void {
		this.qualities += length;
		if (this.qualities < this.bases) return;
		if (this.qualities > this.bases) this.isFastq = false;
		this.reads++;
		this.lastRead = through;
		this.part = "title";
		this.bases = 0;
		this.qualities = 0;
	}
}
