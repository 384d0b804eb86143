/**
 * Group commit: what comes in at about the same time is stored together, so that the disk is waited for once and a page
 * that several touch is written once. Nobody hears of success before the commit of all.
 */

interface Waiting<I, O> {
	item: I;
	resolve: (result: O) => void;
	reject: (error: unknown) => void;
}

export interface GroupingOptions<I, O> {
	/** Stores all or nothing, at once; gives one result an item, in order. */
	store: (items: readonly I[]) => readonly O[];
	/** Whether an error would meet each item alone as well: then none is tried again. */
	concernsAll: (error: unknown) => boolean;
	/** How much an item counts, and how much may be in one group; an item that counts more goes alone. */
	sizeOf: (item: I) => number;
	most: number;
}

export class Grouping<I, O> {
	readonly #options: GroupingOptions<I, O>;
	#waiting: Waiting<I, O>[] = [];
	#isDue = false;

	constructor(options: GroupingOptions<I, O>) {
		this.#options = options;
	}

	/** Stores an item with those that come before the event loop turns. Rejects with what `store` threw for this item. */
	add(item: I): Promise<O> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ item, resolve, reject });
			if (this.#isDue) return;
			this.#isDue = true;
			setImmediate(() => this.flush());
		});
	}

	/** Stores now what is waiting. */
	flush(): void {
		this.#isDue = false;
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const group of this.#groups(waiting)) this.#storeGroup(group);
	}

	/** In the order in which they came. */
	#groups(waiting: readonly Waiting<I, O>[]): Waiting<I, O>[][] {
		const { sizeOf, most } = this.#options;
		const groups: Waiting<I, O>[][] = [];
		let group: Waiting<I, O>[] = [];
		let size = 0;
		for (const each of waiting) {
			size += sizeOf(each.item);
			if (group.length === 0 || size > most) {
				group = [];
				groups.push(group);
				size = sizeOf(each.item);
			}
			group.push(each);
		}
		return groups;
	}

	/** The failure of one does not cost the others: each is then stored alone. */
	#storeGroup(group: readonly Waiting<I, O>[]): void {
		const { store, concernsAll } = this.#options;
		let results: readonly O[];
		try {
			results = store(group.map(({ item }) => item));
		} catch (error) {
			if (group.length > 1 && !concernsAll(error)) for (const each of group) this.#storeGroup([each]);
			else for (const { reject } of group) reject(error);
			return;
		}
		for (const [index, { resolve }] of group.entries()) resolve(results[index] as O);
	}
}
