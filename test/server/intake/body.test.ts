import { gzipSync } from "node:zlib";
import test from "ava";
import { bodyEncoding, readJson } from "../../../src/server/intake/body.js";
import { Refusal } from "../../../src/server/intake/refusal.js";

const MIB = 1024 * 1024;

async function refusalOf(body: Buffer, encoding: "identity" | "gzip"): Promise<string | undefined> {
	try {
		await readJson(body, encoding, MIB);
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
	t.deepEqual(await readJson(bytes, "identity", MIB), value);
	t.deepEqual(await readJson(gzipSync(bytes), "gzip", MIB), value);
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

test("nesting without end is refused or read, and breaks nothing", async (t) => {
	const depth = 200_000;
	t.is(await refusalOf(Buffer.from("[".repeat(depth)), "identity"), "not_json");
	t.is(await refusalOf(Buffer.from(`${"[".repeat(depth)}${"]".repeat(depth)}`), "identity"), undefined);
});

test("a key named __proto__ reaches no prototype", async (t) => {
	const value = await readJson(Buffer.from('{"__proto__":{"polluted":true}}'), "identity", MIB);
	t.is(Object.getPrototypeOf(value), Object.prototype);
	t.is(({} as { polluted?: boolean }).polluted, undefined);
});
