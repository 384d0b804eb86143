/**
 * How many bytes of bodies the server holds at once. A request that would go beyond is refused before memory grows;
 * its client keeps what it has and comes back.
 */
import { Refusal } from "./refusal.js";

/** What one request holds. */
export interface Share {
	/**
	 * Takes so many bytes more.
	 *
	 * @throws Refusal `busy` when the budget has not so many left
	 */
	grow(bytes: number): void;
	/** Gives so many bytes back, of those that it took. */
	shrink(bytes: number): void;
	/** Gives all back; again, it does nothing. */
	release(): void;
}

export class Budget {
	readonly #maxBytes: number;
	#used = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	/** Bytes that are held now. */
	get used(): number {
		return this.#used;
	}

	share(): Share {
		let held = 0;
		return {
			grow: (bytes) => {
				if (this.#used + bytes > this.#maxBytes) throw busy();
				this.#used += bytes;
				held += bytes;
			},
			shrink: (bytes) => {
				const fewer = Math.min(bytes, held);
				this.#used -= fewer;
				held -= fewer;
			},
			release: () => {
				this.#used -= held;
				held = 0;
			},
		};
	}
}

function busy(): Refusal {
	return new Refusal(
		"busy",
		"The server has as much to do as it can take. Nothing was stored or erased. Keep what was sent, and try again later.",
	);
}
