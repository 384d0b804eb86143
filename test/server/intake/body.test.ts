import { gzipSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { Refusal } from "../../../src/server/http/refusal.js";
import { bodyEncoding, inflateWithin, parseJson } from "../../../src/server/intake/body.js";
import { isTooIntricate } from "../../../src/server/intake/depth.js";

const MIB = 1024 * 1024;
const LIMITS = { maxInflatedBytes: MIB, maxDepth: 32, maxParts: 1_000 };

async function readJson(body: Buffer, encoding: "identity" | "gzip"): Promise<unknown> {
	const bytes = encoding === "gzip" ? await inflateWithin(body, LIMITS.maxInflatedBytes) : body;
	return parseJson(bytes, LIMITS);
}

async function refusalOf(body: Buffer, encoding: "identity" | "gzip"): Promise<string | undefined> {
	try {
		await readJson(body, encoding);
		return undefined;
	} catch (error) {
		return error instanceof Refusal ? error.code : String(error);
	}
}

test("a header names the encoding, or none", (t) => {
	t.is(bodyEncoding(undefined), "identity");
	t.is(bodyEncoding("identity"), "identity");
	t.is(bodyEncoding(" GZip "), "gzip");
	t.is(bodyEncoding("x-gzip"), "gzip");
	for (const header of ["br", "deflate", "gzip, gzip", "zstd"]) {
		t.is(t.throws(() => bodyEncoding(header), { instanceOf: Refusal }).code, "unsupported_encoding");
	}
});

test("plain and gzipped JSON are the same", async (t) => {
	const value = { text: "ünï€🙂", number: 1.5 };
	const bytes = Buffer.from(JSON.stringify(value));
	t.deepEqual(await readJson(bytes, "identity"), value);
	t.deepEqual(await readJson(gzipSync(bytes), "gzip"), value);
});

test("what inflates beyond the limit is refused, whatever its size in transit", async (t) => {
	const bomb = gzipSync(Buffer.alloc(10 * MIB));
	t.true(bomb.length < MIB / 50);
	t.is(await refusalOf(bomb, "gzip"), "body_too_large");
});

test("damaged gzip is told from damaged JSON", async (t) => {
	const whole = gzipSync(JSON.stringify({ wire: 1 }));
	t.is(await refusalOf(whole.subarray(0, -9), "gzip"), "not_gzip");
	t.is(await refusalOf(Buffer.from("{}"), "gzip"), "not_gzip");
	t.is(await refusalOf(Buffer.alloc(0), "gzip"), "not_gzip");
	t.is(await refusalOf(gzipSync("{"), "gzip"), "not_json");
});

test("what is not JSON in UTF-8 is refused", async (t) => {
	for (const body of ["", "{", "undefined", "{} {}", "<html>"]) {
		t.is(await refusalOf(Buffer.from(body), "identity"), "not_json", body);
	}
	t.is(await refusalOf(Buffer.from([0x22, 0xff, 0x22]), "identity"), "not_json");
});

test("nesting is refused beyond its limit, and where it never ends", async (t) => {
	const nested = (depth: number) => Buffer.from(`${"[".repeat(depth)}${"]".repeat(depth)}`);
	t.is(await refusalOf(nested(LIMITS.maxDepth), "identity"), undefined);
	t.is(await refusalOf(nested(LIMITS.maxDepth + 1), "identity"), "too_deep");
	t.is(await refusalOf(nested(MIB), "identity"), "too_deep");
	t.is(await refusalOf(Buffer.from('{"a":'.repeat(200_000)), "identity"), "too_deep");
});

test("a body of very many small parts is refused before it is parsed", async (t) => {
	const parts = (count: number) => Buffer.from(JSON.stringify(Array.from({ length: count - 1 }, () => [])));
	t.is(await refusalOf(parts(LIMITS.maxParts), "identity"), undefined);
	t.is(await refusalOf(parts(LIMITS.maxParts + 1), "identity"), "too_deep");
});

test("depth is told from bytes as from values, also behind quotes and backslashes", (t) => {
	const depthOf = (value: unknown): number =>
		typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
	fc.assert(
		fc.property(fc.json({ maxDepth: 6, stringUnit: "binary" }), (json) => {
			const maxParts = 1_000_000;
			const depth = depthOf(JSON.parse(json));
			t.false(isTooIntricate(Buffer.from(json), { maxDepth: depth, maxParts }));
			if (depth > 0) t.true(isTooIntricate(Buffer.from(json), { maxDepth: depth - 1, maxParts }));
		}),
	);
	for (const text of ["[[[[", "\\", '"[[', '\\"[[', "}]"]) {
		const json = JSON.stringify([text]);
		t.false(isTooIntricate(Buffer.from(json), { maxDepth: 1, maxParts: 1 }), json);
	}
});

test("a key named __proto__ reaches no prototype", async (t) => {
	const value = await readJson(Buffer.from('{"__proto__":{"polluted":true}}'), "identity");
	t.is(Object.getPrototypeOf(value), Object.prototype);
	t.is(({} as { polluted?: boolean }).polluted, undefined);
});
