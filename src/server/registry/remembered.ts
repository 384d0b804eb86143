/** What was asked of the store a moment ago, so that not each request asks again. Bounded, whatever is asked for. */

interface Entry<V> {
	value: V;
	untilMs: number;
}

export class Remembered<V> {
	readonly #entries = new Map<string, Entry<V>>();
	readonly #maxAgeMs: number;
	readonly #most: number;
	readonly #nowMs: () => number;

	/** @param nowMs a clock that never goes back */
	constructor(maxAgeMs: number, most: number, nowMs: () => number = () => performance.now()) {
		this.#maxAgeMs = maxAgeMs;
		this.#most = most;
		this.#nowMs = nowMs;
	}

	get size(): number {
		return this.#entries.size;
	}

	/** Undefined where it is not known, or was known for too long. */
	get(name: string): V | undefined {
		const entry = this.#entries.get(name);
		return entry !== undefined && this.#nowMs() < entry.untilMs ? entry.value : undefined;
	}

	set(name: string, value: V): void {
		if (this.#entries.size >= this.#most && !this.#entries.has(name)) this.#entries.clear();
		this.#entries.set(name, { value, untilMs: this.#nowMs() + this.#maxAgeMs });
	}
}
