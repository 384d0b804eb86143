/** Sequences that look random and are the same each time. Pure. */

/** Draws from [0, 1). */
export type Draw = () => number;

/** mulberry32 (Tommy Ettinger, public domain). */
export function randomSequence(seed: number): Draw {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** From the standard normal distribution (Box and Muller's transform). */
export function normal(draw: Draw): number {
	return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** A factor around 1 whose logarithm is normal. @param sigma its standard deviation, in natural logarithms */
export function logNormal(draw: Draw, sigma: number): number {
	return Math.exp(sigma * normal(draw));
}

/** 1 or more, with a heavy tail: the smaller `shape`, the heavier (Pareto's distribution). */
export function pareto(draw: Draw, shape: number): number {
	return (1 - draw()) ** (-1 / shape);
}

/** One of several, each as often as its share says. */
export function choose<T>(draw: Draw, choices: readonly (readonly [item: T, share: number])[]): T {
	let rest = draw() * choices.reduce((sum, [, share]) => sum + share, 0);
	for (const [item, share] of choices) {
		rest -= share;
		if (rest < 0) return item;
	}
	throw new Error("nothing to choose from");
}

/** Bytes in hexadecimal. */
export function hexadecimal(draw: Draw, bytes: number): string {
	let text = "";
	for (let word = 0; word < bytes; word += 4) {
		text += Math.floor(draw() * 2 ** 32)
			.toString(16)
			.padStart(8, "0");
	}
	return text.slice(0, 2 * bytes);
}
