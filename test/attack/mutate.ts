/** Requests as nobody should send them, the same ones for the same seed. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { wireBatch, wireReport } from "../helpers/server.js";

/** Stands in every text that tries to be markup: no page may have it unescaped. */
export const MARK = "<et-attack";

const TEXTS = [
	`"'>${MARK} onload=alert(1)><script>alert(1)</script>`,
	"'; DROP TABLE events; --",
	"' OR 1=1 UNION SELECT name FROM sqlite_master --",
	"\u0000",
	"a\u0000b",
	"\ud800",
	"\u202e\u2028\u001b[2J",
	"../../../../etc/passwd",
	"%00%ff%2e%2e%2f",
	"=cmd|'/c calc'!A1",
	"x".repeat(10_000),
	"",
];

/** JSON that JSON.stringify never writes, or that means more than it looks. */
const RAW_VALUES = [
	"NaN",
	"-Infinity",
	"1e400",
	"-1e400",
	"123456789012345678901234567890",
	"9007199254740993",
	"-0",
	"1E-999",
	"01",
	"undefined",
	"null",
	"true",
	"[]",
	"{}",
	'"\\ud800"',
	'"\\u0000"',
	'{"__proto__":{"polluted":true}}',
	'{"constructor":{"prototype":{"polluted":true}}}',
	"[".repeat(25) + "]".repeat(25),
	"[".repeat(5000) + "]".repeat(5000),
	...TEXTS.map((text) => JSON.stringify(text)),
];

const TOKENS = [
	"\r\n",
	"\r\n\r\n",
	"\0",
	"\xff\xfe",
	"Content-Length: 99999\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Expect: 100-continue\r\n",
	"Content-Encoding: br\r\n",
	"Host: a\r\nHost: b\r\n",
	`X-Forwarded-For: ${MARK}\r\n`,
	'"__proto__":{},',
	"1e999",
	"\\ud83d",
	"{[{[",
	"%2e%2e%2f",
	"GET / HTTP/1.1\r\n\r\n",
];

const FIELDS = Object.keys({ ...wireReport(), inputs: 0, data: 0, exception: 0, limits: 0, measured_by: 0, test: 0 });

const PATHS = [
	"/",
	"/?project=PROJECT",
	"/?before=1&as_of=2",
	"/?after=99999999999999999999",
	"/?as_of=-1&before=0x10&before=2",
	"/?project[]=a&project[__proto__]=b",
	"/runs/dunovo/00000000000000000000000000000000",
	"/runs/..%2f..%2f..%2fetc%2fpasswd/x",
	"/runs/%00/%ff",
	"//example.org/..",
	"/./../../../../etc/passwd",
	"/v1/batches/../../",
	"/v1/runs?limit=PROJECT",
	"/v1/events?project=PROJECT&cursor=PROJECT",
	"/v1/events?format=PROJECT",
	"/k/PROJECT/v1/batches",
	"/ET/PROJECT",
	"/style.css?v=PROJECT",
	"/healthz",
	"http://example.org/",
	"*",
	"/%",
	"/?%",
];

const one = <T>(values: readonly T[]) => fc.constantFrom(...values);

function request(method: string, path: string, body: Buffer | string, headers: Record<string, string> = {}): Buffer {
	const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
	const all = { host: "x", connection: "close", "content-length": String(bytes.length), ...headers };
	const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
	return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

const JSON_TYPE = { "content-type": "application/json" };

/** A report as JSON in which some fields are what they must not be, or are there twice. */
const reportText = fc
	.array(fc.tuple(one(FIELDS), fc.oneof(one(RAW_VALUES), fc.json({ maxDepth: 4 }))), { maxLength: 3 })
	.map((changes) => {
		const whole = JSON.stringify(wireReport({ data: { note: TEXTS[0] }, inputs: [{ name: "a", unit: "b", size: 1 }] }));
		return changes.reduce((text, [name, value]) => `${text.slice(0, -1)},${JSON.stringify(name)}:${value}}`, whole);
	});

const batchText = fc
	.tuple(
		fc.array(reportText, { maxLength: 5 }),
		fc.option(fc.tuple(one(["wire", "sent_at", "lost", "x"]), one(RAW_VALUES))),
	)
	.map(([reports, change]) => {
		const text = `{"wire":1,"lost":[],"reports":[${reports.join(",")}]}`;
		return change === null ? text : `${text.slice(0, -1)},"${change[0]}":${change[1]}}`;
	});

const erasureText = fc
	.tuple(fc.oneof(one(RAW_VALUES), fc.json()), fc.oneof(one(RAW_VALUES), fc.json()))
	.map(
		([key, fields]) =>
			`{"wire":1,"erasures":[{"id":"0b1c6f0e-6a35-4d0c-9a4b-2f4e8f0f3c11","key":${key},"fields":${fields}}]}`,
	);

const callText = one(RAW_VALUES).map(
	(value) =>
		`{"project":"dunovo","script":"a","version":${value},"run_id":"r","run":{"input_size":${value},"x":${value}}}`,
);

/** A request whose bytes are HTTP, whatever they say. */
const spoken = fc.oneof(
	batchText.map((text) => request("POST", "/v1/batches", text, JSON_TYPE)),
	batchText.map((text) => request("POST", "/v1/batches", gzipSync(text), { ...JSON_TYPE, "content-encoding": "gzip" })),
	erasureText.map((text) => request("POST", "/v1/erasures", text, JSON_TYPE)),
	callText.map((text) => request("POST", "/ET/end", text, { "content-type": "application/json; charset=utf-8" })),
	fc
		.tuple(one(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]), one(PATHS), one(TEXTS))
		.map(([method, path, text]) =>
			request(method, path.replaceAll("PROJECT", encodeURIComponent(text.toWellFormed?.() ?? "x")), ""),
		),
);

type Change = (bytes: Buffer, at: number, size: number, token: string) => Buffer;

const CHANGES: readonly Change[] = [
	(bytes, at) => Buffer.concat([bytes.subarray(0, at), Buffer.from([at % 256]), bytes.subarray(at + 1)]),
	(bytes, at, size) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]),
	(bytes, at, size) => Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]),
	(bytes, at) => bytes.subarray(0, at),
	(bytes, at, _size, token) => Buffer.concat([bytes.subarray(0, at), Buffer.from(token, "latin1"), bytes.subarray(at)]),
];

const changes = fc.array(fc.tuple(one(CHANGES), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(64), one(TOKENS)), {
	minLength: 1,
	maxLength: 6,
});

/** A request with bytes changed, cut, doubled or pushed in. */
const garbled = fc
	.tuple(spoken, changes)
	.map(([bytes, all]) =>
		all.reduce((now, [change, share, size, token]) => change(now, Math.floor(share * now.length), size, token), bytes),
	);

/** Several in one, as on a connection that is kept open. */
const pipelined = fc
	.tuple(garbled, spoken)
	.map(([first, second]) =>
		Buffer.concat([Buffer.from(first.toString("latin1").replace("connection: close", "a: b"), "latin1"), second]),
	);

/** So many requests, the same for the same seed. */
export function mutated(count: number, seed: number): Buffer[] {
	return fc.sample(fc.oneof({ weight: 4, arbitrary: spoken }, { weight: 4, arbitrary: garbled }, pipelined), {
		numRuns: count,
		seed,
	});
}

/** One that is as it should be. */
export function goodRequest(): Buffer {
	return request("POST", "/v1/batches", JSON.stringify(wireBatch([wireReport()])), JSON_TYPE);
}

/** Ten mebibytes of zeros in ten kibibytes. */
export function bomb(): Buffer {
	const body = gzipSync(Buffer.alloc(10 * 1024 * 1024));
	return request("POST", "/v1/batches", body, { ...JSON_TYPE, "content-encoding": "gzip" });
}

/** Two mebibytes of brackets: as much as a body may have. */
export function nested(): Buffer {
	const depth = 1024 * 1024 - 100;
	return request("POST", "/v1/batches", "[".repeat(depth) + "]".repeat(depth), JSON_TYPE);
}

/** As large a body as is read, of what would take the most memory once parsed. */
export function swollen(): Buffer {
	return request("POST", "/v1/batches", `{"wire":1,"reports":[${"[],".repeat(690_000)}[]]}`, JSON_TYPE);
}

export function headerFlood(): Buffer {
	return Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(50_000)}\r\n`);
}
