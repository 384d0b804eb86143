/** What an answer means: the whole table, and that a stranger's answer never costs a report. */
import test from "ava";
import fc from "fast-check";
import { type Answer, classify, type Outcome, words } from "../../daemon/classify.js";
import { POLICY } from "../../daemon/policy.js";
import { VERDICTS, type WireVerdict } from "../../src/report/wire.js";
import { uuid } from "../helpers/server.js";

const NOW_MS = Date.UTC(2026, 0, 31, 12);
const [FIRST, SECOND, OTHER] = [uuid(), uuid(), uuid()] as [string, string, string];
const SENT = new Set([FIRST, SECOND]);

function outcomeOf(answer: Partial<Answer>): Outcome {
	const whole: Answer = { status: 200, retryAfter: null, body: "", ...answer };
	return classify({ kind: "answer", answer: whole }, SENT, NOW_MS, POLICY);
}

const answered = (verdicts: unknown): Outcome => outcomeOf({ body: JSON.stringify({ wire: 1, verdicts }) });

const refused = (status: number, code: unknown, message = "no"): Outcome =>
	outcomeOf({ status, body: JSON.stringify({ wire: 1, error: { code, message } }) });

function verdictsOf(outcome: Outcome): Record<string, WireVerdict["verdict"]> {
	if (outcome.kind !== "verdicts") throw new Error(`not verdicts but ${outcome.kind}`);
	return Object.fromEntries([...outcome.verdicts].map(([id, { verdict }]) => [id, verdict]));
}

for (const verdict of VERDICTS) {
	test(`a report's own verdict counts: ${verdict}`, (t) => {
		t.deepEqual(verdictsOf(answered([{ id: FIRST, verdict }])), { [FIRST]: verdict });
	});
}

test("verdicts for half the batch leave the other half without one", (t) => {
	t.deepEqual(verdictsOf(answered([{ id: SECOND, verdict: "accepted" }])), { [SECOND]: "accepted" });
	t.deepEqual(verdictsOf(answered([])), {});
});

test("what is said of reports that were not sent does not count", (t) => {
	const verdicts = [OTHER, "", "__proto__", "constructor"].map((id) => ({ id, verdict: "accepted" }));
	t.deepEqual(verdictsOf(answered(verdicts)), {});
});

test("a verdict that is none of ours does not count", (t) => {
	const broken = [null, 1, "accepted", [], {}, { id: FIRST }, { id: null, verdict: "rejected" }];
	const unknown = [
		{ id: FIRST, verdict: "shredded" },
		{ id: FIRST, verdict: "__proto__" },
		{ id: 1, verdict: "later" },
	];
	t.deepEqual(verdictsOf(answered([...broken, ...unknown])), {});
});

test("of two verdicts on one report the one that takes it counts: the server has it", (t) => {
	for (const said of [
		["accepted", "rejected"],
		["rejected", "accepted"],
		["later", "duplicate"],
		["erased", "later"],
	]) {
		const outcome = verdictsOf(answered(said.map((verdict) => ({ id: FIRST, verdict }))));
		t.true(["accepted", "duplicate", "erased"].includes(outcome[FIRST] ?? ""), said.join());
	}
	for (const said of [
		["later", "rejected"],
		["rejected", "later"],
	]) {
		t.is(verdictsOf(answered(said.map((verdict) => ({ id: FIRST, verdict }))))[FIRST], "later", said.join());
	}
});

test("keys named like a prototype's are keys, and change nothing", (t) => {
	const body = `{"wire":1,"__proto__":{"verdicts":[{"id":"${FIRST}","verdict":"accepted"}]}}`;
	t.is(outcomeOf({ body }).kind, "stranger");
	const verdict = `{"__proto__":{"verdict":"accepted"},"id":"${FIRST}"}`;
	t.deepEqual(verdictsOf(outcomeOf({ body: `{"wire":1,"verdicts":[${verdict}]}` })), {});
	const error = `{"wire":1,"__proto__":{"error":{"code":"x","message":"y"}}}`;
	t.is(outcomeOf({ status: 400, body: error }).kind, "stranger");
	t.is(({} as Record<string, unknown>)["verdict"], undefined);
});

const NOT_OURS: Record<string, string | null> = {
	"a login page": "<!doctype html><title>Sign in</title>",
	"an empty body": "",
	"a body larger than is read": null,
	"half of an answer": '{"wire":1,"verdicts":[{"id"',
	"another wire": '{"wire":2,"verdicts":[]}',
	"no wire": '{"verdicts":[]}',
	"a list": "[]",
	"a text": '"ok"',
	"the word null": "null",
	"verdicts that are no list": '{"wire":1,"verdicts":{}}',
	"an error with a success": '{"wire":1,"error":{"code":"x","message":"y"}}',
};

for (const [what, body] of Object.entries(NOT_OURS)) {
	test(`200 with ${what} holds the endpoint`, (t) => {
		t.is(outcomeOf({ body }).kind, "stranger");
	});
}

for (const status of [201, 202, 204, 206]) {
	test(`${status} counts by its body as 200 does`, (t) => {
		const body = JSON.stringify({ wire: 1, verdicts: [{ id: FIRST, verdict: "accepted" }] });
		t.is(outcomeOf({ status, body }).kind, "verdicts");
		t.is(outcomeOf({ status }).kind, "stranger");
	});
}

test("413 asks for smaller batches, whoever says it", (t) => {
	t.is(outcomeOf({ status: 413, body: "<html>" }).kind, "too_large");
	t.is(refused(413, "body_too_large").kind, "too_large");
});

for (const status of [400, 422]) {
	test(`${status} with our body looks for the report at fault`, (t) => {
		t.deepEqual(refused(status, "bad_thing", "it is bad"), {
			kind: "malformed",
			code: "bad_thing",
			message: "it is bad",
		});
	});

	test(`${status} that is not ours holds the endpoint and blames no report`, (t) => {
		for (const body of ["", "<html>", null, "{}", '{"error":{"code":"x"}}', '{"wire":1,"error":"x"}']) {
			t.is(outcomeOf({ status, body }).kind, "stranger");
		}
		t.is(refused(status, 7).kind, "stranger");
	});

	test(`${status} that speaks of the whole batch blames no report`, (t) => {
		const ofTheBatch = ["unsupported_wire", "not_json", "not_gzip", "not_a_batch", "bad_request"];
		for (const code of [...ofTheBatch, "unsupported_media_type", "unsupported_encoding"]) {
			t.is(refused(status, code).kind, "stranger", code);
		}
	});
}

for (const status of [408, 425, 429, 500, 501, 502, 503, 504, 507, 599]) {
	test(`${status} backs off, and hears Retry-After`, (t) => {
		const outcome = outcomeOf({ status, retryAfter: "90", body: "<html>" });
		t.deepEqual(outcome, { kind: "try_later", why: `it answered ${status}`, retryAfterMs: 90_000 });
	});
}

for (const status of [300, 301, 302, 303, 304, 307, 308, 401, 402, 403, 404, 405, 407, 410, 415, 418, 451]) {
	test(`${status} holds the endpoint`, (t) => {
		t.is(outcomeOf({ status, body: "<html>" }).kind, "stranger");
		t.is(refused(status, "some_code").kind, "stranger");
	});
}

test("no answer backs off", (t) => {
	const outcome = classify({ kind: "network", why: "ECONNREFUSED" }, SENT, NOW_MS, POLICY);
	t.deepEqual(outcome, { kind: "try_later", why: "ECONNREFUSED", retryAfterMs: null });
});

test("our server's words are in the reason", (t) => {
	const outcome = outcomeOf({
		status: 503,
		body: JSON.stringify({ wire: 1, error: { code: "full", message: "disk" } }),
	});
	t.deepEqual(outcome, { kind: "try_later", why: "it answered 503: disk", retryAfterMs: null });
});

const HOSTILE = "\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nreboot\u202e\u200b";

test("a server's words lose what could move a cursor, and are short", (t) => {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
	const control = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069]/;
	t.notRegex(words(HOSTILE, POLICY), control);
	t.is(words("x".repeat(10_000), POLICY).length, POLICY.messageCharacters);
	t.is(words({ toString: () => "x" }, POLICY), "");
	const outcome = answered([{ id: FIRST, verdict: "rejected", code: HOSTILE, message: HOSTILE }]);
	if (outcome.kind !== "verdicts") return t.fail();
	const said = outcome.verdicts.get(FIRST);
	t.notRegex(`${said?.code}${said?.message}`, control);
	const malformed = refused(400, `a${HOSTILE}`, HOSTILE);
	t.notRegex(JSON.stringify(Object.values(malformed)), control);
	return undefined;
});

test("whatever an answer holds, only a report that was sent and spoken of can be taken or refused", (t) => {
	const status = fc.integer({ min: 100, max: 599 });
	const body = fc.oneof(
		fc.string(),
		fc.json(),
		fc.anything().map((verdicts) => JSON.stringify({ wire: 1, verdicts })),
		fc
			.array(fc.record({ id: fc.constantFrom(FIRST, OTHER), verdict: fc.constantFrom<string>(...VERDICTS, "no") }))
			.map((verdicts) => JSON.stringify({ wire: 1, verdicts })),
	);
	fc.assert(
		fc.property(status, body, (code, text) => {
			const outcome = outcomeOf({ status: code, body: text ?? null });
			if (outcome.kind === "verdicts") t.true([...outcome.verdicts.keys()].every((id) => SENT.has(id)));
			if (outcome.kind === "malformed") t.true(code === 400 || code === 422);
			if (outcome.kind === "too_large") t.is(code, 413);
		}),
	);
});
