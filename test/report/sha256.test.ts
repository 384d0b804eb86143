/** SHA-256, against the standard's own examples and against Node.js's. */
import { createHash } from "node:crypto";
import test from "ava";
import fc from "fast-check";
import { sha256Hex } from "../../src/report/sha256.js";

/** NIST's examples for FIPS 180-4. */
const EXAMPLES: Record<string, string> = {
	"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq:
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
	["a".repeat(1_000_000)]: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
};
const LONGEST = 300;

const expected = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

test("the standard's examples", (t) => {
	for (const [text, hash] of Object.entries(EXAMPLES)) t.is(sha256Hex(text), hash);
});

test("every length up to several blocks, where the padding falls differently", (t) => {
	for (let length = 0; length <= LONGEST; length++) {
		const text = "x".repeat(length);
		t.is(sha256Hex(text), expected(text), `${length} bytes`);
	}
});

test("any text", (t) => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.string({ unit: "binary", maxLength: 2000 }), (text) => sha256Hex(text) === expected(text)),
			{ numRuns: 500 },
		),
	);
});
