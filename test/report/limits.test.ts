/** What is written by hand for speed, against what it stands for. */
import test from "ava";
import fc from "fast-check";
import { isName, NAME_PATTERN } from "../../src/report/limits.js";

const NAME_LIKE = fc.string({ unit: fc.constantFrom(..."aZ09.-_/ \n\u0000é"), maxLength: 70 });

test("a name is what its pattern says", (t) => {
	for (const text of ["a", "A.b-c_9", "a".repeat(64)]) t.true(isName(text), text);
	for (const text of ["", ".a", "-a", "_a", "a/b", "a\n", "a".repeat(65)]) t.false(isName(text), text);
	t.notThrows(() =>
		fc.assert(fc.property(fc.oneof(NAME_LIKE, fc.string()), (text) => isName(text) === NAME_PATTERN.test(text))),
	);
});
