/** The predecessor's own addresses, over a real socket with a real database. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { runIdOf } from "../../../src/report/ids.js";
import { NAME_PATTERN } from "../../../src/report/limits.js";
import { UNKNOWN_UNIT } from "../../../src/report/types.js";
import { DEFAULT_CONFIG } from "../../../src/server/config.js";
import { eraseKeyOf, projectOf } from "../../../src/server/intake/predecessor/call.js";
import { readPythonJson } from "../../../src/server/intake/predecessor/json.js";
import type { RunningServer } from "../../../src/server/serve.js";
import { damaged } from "../../helpers/damaged.js";
import { erase, testServer } from "../../helpers/server.js";

const TYPE = "application/json; charset=utf-8";
const RUN_ID = "Ab3+/xYz0123456789abcdEF";

/** What the predecessor's `send_data('end')` put on the wire for one of its author's scripts. */
function call(changes: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		project: "dunovo",
		script: "align_families.py",
		version: "2.15",
		run_id: RUN_ID,
		platform: "galaxy",
		test: false,
		run: { time: 5025, input_size: 12_345_678, duplexes: 1200, aligner: "mafft", align_time: 4800.25 },
		...changes,
	};
}

interface Answer {
	status: number;
	type: string | null;
	text: string;
}

async function phone(url: string, event: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
	const response = await fetch(`${url}/ET/${event}`, {
		method: "POST",
		headers: { "content-type": TYPE, ...headers },
		body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
	});
	return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

function runIdIn(project: string, runId = RUN_ID): string {
	return runIdOf(eraseKeyOf(project, runId));
}

async function eventsOf(t: ExecutionContext, { store }: RunningServer, project = "dunovo", runId = RUN_ID) {
	const events = await store.runEvents(projectOf(project), runIdIn(project, runId));
	t.true(events.length > 0, "the run is there");
	return events.map(({ report }) => report);
}

test("a call is answered with the predecessor's four lines", async (t) => {
	const { url } = await testServer(t);
	for (const event of ["start", "prelim", "end"]) {
		t.deepEqual(await phone(url, event, call()), {
			status: 200,
			type: "text/plain; charset=UTF-8",
			text: `project:\tdunovo\nscript:\talign_families.py\nversion:\t2.15\nrun_id:\t${RUN_ID}\n`,
		});
	}
});

test("the events of a run are stitched like all others", async (t) => {
	const server = await testServer(t);
	await phone(server.url, "start", call({ run: undefined }));
	await phone(server.url, "prelim", call({ run: { stdin: false, input_size: 4096 } }));
	await phone(server.url, "end", call({ run: { time: 12, failed: true, duplexes: 3 } }));
	const page = await (await fetch(`${server.url}/runs/dunovo/${runIdIn("dunovo")}`)).text();
	t.regex(page, /failed/);
	t.regex(page, /12\.0 s|12 s/);
	t.regex(page, /4,096|4096/);
	t.regex(page, /Galaxy|galaxy/);
	t.is((await server.store.counts()).runs, 1);
});

test("what a script said becomes fields, and all else data", async (t) => {
	const server = await testServer(t);
	await phone(server.url, "end", call({ test: true }));
	const [report] = await eventsOf(t, server);
	t.like(report, {
		event: "end",
		command: "align_families.py",
		version: "2.15",
		test: true,
		platform: "galaxy",
		outcome: "ok",
		wall_s: 5025,
		measured_by: { wall_s: "script" },
		exception: null,
	});
	t.deepEqual(report?.inputs, [{ name: "input_size", unit: UNKNOWN_UNIT, size: 12_345_678 }]);
	t.deepEqual(report?.data, { duplexes: 1200, aligner: "mafft", align_time: 4800.25 });
});

test("what is not known is null: a pipe's size, a version, a time", async (t) => {
	const server = await testServer(t);
	const { text } = await phone(server.url, "end", call({ version: null, run: { time: null, input_size: null } }));
	t.regex(text, /^version:\t$/m);
	const [report] = await eventsOf(t, server);
	t.like(report, { version: null, wall_s: null, data: {} });
	t.deepEqual(report?.inputs, [{ name: "input_size", unit: UNKNOWN_UNIT, size: null }]);
});

test("an exception keeps its type and the project's own places, innermost first, and no code", async (t) => {
	const server = await testServer(t);
	const traceback = [
		{ file: "/home/ada/dunovo/align_families.py", line: 210, function: "main", code: "open('/home/ada/secret.fq')" },
		{ file: "/usr/lib/python2.7/subprocess.py", line: 567, function: "check_output", code: "raise" },
	];
	await phone(server.url, "end", call({ run: { time: 1, failed: true, exception: { type: "OSError", traceback } } }));
	const [report] = await eventsOf(t, server);
	t.deepEqual(report?.exception, {
		type: "OSError",
		frames: [{ file: "align_families.py", line: 210, function: "main" }],
	});
	t.is(report?.outcome, "failed");
	t.notRegex(JSON.stringify(report), /ada|secret/);
});

test("texts are scrubbed as everybody's are", async (t) => {
	const server = await testServer(t);
	const run = { note: "read /home/ada/sample.fq for ada@example.org", token: "password=hunter2" };
	await phone(server.url, "end", call({ script: "/home/ada/bin/align.py", run }));
	const [report] = await eventsOf(t, server);
	t.is(report?.command, "align.py");
	t.notRegex(JSON.stringify(report), /\/home|ada|hunter2|sample/);
});

test("a request that is repeated byte for byte is stored once, also at another time", async (t) => {
	let now = Date.parse("2026-01-31T12:00:00Z");
	const { url, store } = await testServer(t, { clock: () => now });
	await phone(url, "end", call());
	now += 3_600_000;
	t.is((await phone(url, "end", call())).status, 200);
	t.is((await phone(url, "start", call())).status, 200);
	t.is((await store.counts()).events, 2);
});

test("runs of two projects never mix, whatever the projects are called", async (t) => {
	const { url, store } = await testServer(t);
	const projects = ["a b", "a-b", "a_b", "a  b", "-a-b", "é", "ü", "..", "x".repeat(64), "x".repeat(65)];
	for (const project of projects) t.is((await phone(url, "end", call({ project }))).status, 200, project);
	const { runs, projects: stored } = await store.counts();
	t.deepEqual([runs, stored], [projects.length, projects.length]);
	for (const project of projects) {
		t.is((await fetch(`${url}/runs/${projectOf(project)}/${runIdIn(project)}`)).status, 200, project);
	}
});

test("a project's name becomes one of ours, and only its own", (t) => {
	fc.assert(
		fc.property(fc.string({ minLength: 1, maxLength: 200 }), fc.string({ minLength: 1, maxLength: 200 }), (a, b) => {
			t.regex(projectOf(a), NAME_PATTERN);
			t.is(projectOf(a) === projectOf(b), a === b);
		}),
	);
});

test("the run id that the script made erases the run, and what comes later stays away", async (t) => {
	const { url, store } = await testServer(t);
	await phone(url, "start", call());
	const key = eraseKeyOf("dunovo", RUN_ID);
	const id = "0b1c6f0e-6a35-4d0c-9a4b-2f4e8f0f3c11";
	t.like((await erase(url, { id, key }))[0], { verdict: "erased", events: 1 });
	t.is((await phone(url, "end", call())).status, 200);
	t.deepEqual(await store.counts(), { events: 0, runs: 0, projects: 1, lost: 0, erased: 1 });
	const page = await (await fetch(`${url}/?project=dunovo`)).text();
	t.false(page.includes(RUN_ID));
});

test("refusals are the predecessor's", async (t) => {
	const { url, store } = await testServer(t);
	const { run_id: _, ...without } = call();
	const { run: _run, ...noRun } = call();
	const refusals: Array<[event: string, body: unknown, type: string, text: string]> = [
		["end", call(), "application/json", 'Wrong Content-Type ("application/json")'],
		["end", call(), "text/plain; charset=utf-8", 'Wrong Content-Type ("text/plain; charset=utf-8")'],
		["end", call(), "application/json; charset=latin-1", 'Wrong Content-Type ("application/json; charset=latin-1")'],
		["end", without, TYPE, `Missing keys in POST data ("${JSON.stringify(without)}")`],
		["end", [], TYPE, 'Missing keys in POST data ("[]")'],
		["end", noRun, TYPE, `Missing "run" key in POST data ("${JSON.stringify(noRun)}")`],
		["finish", call(), TYPE, 'Unrecognized event type "finish"'],
		["end/", call(), TYPE, 'Unrecognized event type "end/"'],
		["end", "{", TYPE, "The body is not JSON in UTF-8"],
		["end", "", TYPE, "The body is not JSON in UTF-8"],
		["end", new Uint8Array([0x7b, 0xff, 0x7d]), TYPE, "The body is not JSON in UTF-8"],
		["end", call({ project: 7 }), TYPE, 'The value of "project" is not a text'],
		["end", call({ script: "" }), TYPE, 'The value of "script" is not a text'],
		["end", call({ version: {} }), TYPE, 'The value of "version" is not a text'],
		["end", call({ run_id: "x".repeat(201) }), TYPE, 'The value of "run_id" has more than 200 characters'],
		["end", call({ project: "a\nb" }), TYPE, 'The value of "project" has control characters'],
	];
	for (const [event, body, type, text] of refusals) {
		t.deepEqual(
			await phone(url, event, body, { "content-type": type }),
			{ status: 400, type: "text/plain; charset=UTF-8", text: `Error: ${text}\n` },
			text,
		);
	}
	t.is((await store.counts()).events, 0);
});

test("a charset is read as the predecessor read it", async (t) => {
	const { url } = await testServer(t);
	for (const type of [
		"application/json; charset=UTF-8",
		'Application/JSON;charset="utf8"',
		"application/json ; x=1; charset=utf-8",
	]) {
		t.is((await phone(url, "start", call(), { "content-type": type })).status, 200, type);
	}
});

test("a body that is too large, or encoded, is refused and not read", async (t) => {
	const { url, store } = await testServer(t);
	const large = await phone(url, "end", call({ run: { note: "x".repeat(DEFAULT_CONFIG.maxPredecessorBytes) } }));
	t.is(large.status, 400);
	t.regex(large.text, /^Error: /);
	const encoded = await phone(url, "end", call(), { "content-encoding": "gzip" });
	t.deepEqual([encoded.status, encoded.text], [400, 'Error: Wrong Content-Encoding ("gzip")\n']);
	const bulky = Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`k${at}`, "語".repeat(512)]));
	const report = await phone(url, "end", call({ run: bulky }));
	t.is(report.status, 400);
	t.regex(report.text, /^Error: Not stored: the report has more than 65536 bytes\.\n$/);
	t.is((await store.counts()).events, 0);
});

test("other methods are told which is taken", async (t) => {
	const { url } = await testServer(t);
	const response = await fetch(`${url}/ET/start`);
	t.is(response.status, 405);
	t.is(response.headers.get("allow"), "POST");
	t.is(await response.text(), "Error: This address takes POST only. Nothing was done.\n");
});

test("a store that cannot be used is said in a line, with when to come back", async (t) => {
	const { url, store } = await testServer(t);
	await store.close();
	const response = await fetch(`${url}/ET/start`, {
		method: "POST",
		headers: { "content-type": TYPE },
		body: JSON.stringify(call()),
	});
	t.is(response.status, 503);
	t.truthy(response.headers.get("retry-after"));
	t.regex(await response.text(), /^Error: [^\n]+\n$/);
});

test("numbers that only Python has are not known, and what stands in texts is left alone", async (t) => {
	const server = await testServer(t);
	const body = JSON.stringify(call({ run: { time: 1, note: 'NaN \\" -Infinity', rate: 0 } })).replace(
		'"rate":0',
		'"rate":NaN,"least":-Infinity,"most":Infinity',
	);
	t.is((await phone(server.url, "end", body)).status, 200);
	const [report] = await eventsOf(t, server);
	t.deepEqual(report?.data, { note: 'NaN \\" -Infinity', rate: null, least: null, most: null });
});

test("JSON is read as JSON.parse reads it where it can", (t) => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			const text = JSON.stringify({ value, note: "NaN Infinity" });
			t.deepEqual(readPythonJson(Buffer.from(text)), JSON.parse(text));
		}),
	);
	const quotes = `"${'\\"'.repeat(130_000)} NaN`;
	t.is(readPythonJson(Buffer.from(quotes)), undefined);
});

test("whatever is sent, there is a clear answer, and no page executes it", async (t) => {
	const { url } = await testServer(t);
	const hostile = [
		call({ script: "<script>alert(1)</script>", version: '"><img src=x onerror=alert(1)>' }),
		call({ run: { "<b>": 1, __proto__: { polluted: true }, constructor: "x", nested: { deep: [1] }, list: [1, 2] } }),
		call({ run: "<script>" }),
		call({ run: null }),
		call({ run: { exception: { type: "<i>", traceback: [null, 1, { file: {}, line: -1 }, { line: 1e300 }] } } }),
		call({ run: { time: -1, input_size: "12 reads", failed: "no" } }),
		call({ test: { a: 1 }, platform: ["galaxy"] }),
		call({ run: { time: 1e308, max_mem: 2 ** 60 } }),
	];
	for (const [at, body] of hostile.entries()) {
		t.is((await phone(url, "end", { ...body, run_id: `hostile-${at}` })).status, 200, JSON.stringify(body));
	}
	for (const body of [`${"[".repeat(100_000)}`, `${"[".repeat(60_000)}${"]".repeat(60_000)}`, "NaN", "null", '"x"']) {
		t.is((await phone(url, "end", body)).status, 400);
	}
	const deep = `{"project":"p","script":"s","version":"1","run_id":"r","run":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
	t.is((await phone(url, "end", deep)).status, 200);
	const page = await (await fetch(`${url}/`)).text();
	t.notRegex(page, /<script|<img|<b>/);
});

test("a damaged call is stored or refused, and never a fault of the server's", async (t) => {
	const { url } = await testServer(t);
	const whole = JSON.stringify(call());
	await fc.assert(
		fc.asyncProperty(damaged(whole), async (body) => {
			const { status, text } = await phone(url, "end", body);
			t.true(status === 200 || status === 400, text);
			t.regex(text, status === 200 ? /^project:\t/ : /^Error: /);
		}),
		{ numRuns: 200 },
	);
});
