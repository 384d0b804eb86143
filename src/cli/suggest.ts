/** What somebody who mistyped a name may have meant. */

/** Changes of one letter between two words (Levenshtein's distance). */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}

/** Letters that may be wrong in a word, by its length. */
const LETTERS_A_MISTAKE = 3;

/** The known word that is closest to a mistyped one, or null where none is close. */
export function nearest(word: string, known: readonly string[]): string | null {
	const ranked = known.map((each) => ({ each, distance: distance(word, each) }));
	const best = ranked.sort((a, b) => a.distance - b.distance)[0];
	return best !== undefined && best.distance <= Math.ceil(word.length / LETTERS_A_MISTAKE) ? best.each : null;
}
