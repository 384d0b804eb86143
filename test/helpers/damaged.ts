/** Requests that are nearly right: what a client with a fault, or somebody who tries, may send. */
import fc from "fast-check";

const TELLING = ["{", "}", "[", "]", ",", ":", '"', "null", "1e999", "-0", '"__proto__":', "\\ud800", "\u0000"];

/** A text in which a few places were cut, overwritten or added to. */
export function damaged(whole: string): fc.Arbitrary<string> {
	const change = fc.record({
		at: fc.nat(whole.length - 1),
		removed: fc.nat(3),
		added: fc.oneof(fc.constantFrom(...TELLING), fc.string({ unit: "binary", maxLength: 4 })),
	});
	return fc
		.array(change, { minLength: 1, maxLength: 4 })
		.map((changes) =>
			changes.reduce((text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed), whole),
		);
}
