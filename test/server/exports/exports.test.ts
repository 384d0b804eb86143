import test, { type ExecutionContext } from "ava";
import { parse } from "csv-parse/sync";
import { parquetReadObjects } from "hyparquet";
import { EVENTS_EXPORT_PATH, RUNS_EXPORT_PATH } from "../../../src/server/exports/route.js";
import type { RunningServer } from "../../../src/server/serve.js";
import { post, randomRunId, testServer, wireBatch, wireReport } from "../../helpers/server.js";

// biome-ignore lint/suspicious/noExplicitAny: what a program finds in an answer
type Json = any;

async function get(server: RunningServer, path: string, query: Record<string, string> = {}): Promise<Response> {
	return fetch(`${server.url}${path}?${new URLSearchParams(query)}`);
}

async function json(server: RunningServer, path: string, query: Record<string, string> = {}): Promise<Json> {
	return (await get(server, path, query)).json();
}

const names = (records: Json[]): string[] => records.map(({ command, report }) => command ?? report.command);

/** A server that has heard of commands, one after the other. */
async function serverWith(t: ExecutionContext, ...reports: Record<string, unknown>[]): Promise<RunningServer> {
	const server = await testServer(t);
	for (const report of reports) await post(server.url, wireBatch([wireReport(report)]));
	return server;
}

test("events come in the order in which they were heard of, and a cursor goes on where one stopped", async (t) => {
	const server = await serverWith(t, ...["a", "b", "c"].map((command) => ({ command })));
	const first = await json(server, EVENTS_EXPORT_PATH, { limit: "2" });
	t.deepEqual(names(first.events), ["a", "b"]);
	t.true(first.more);
	const second = await json(server, EVENTS_EXPORT_PATH, { limit: "2", cursor: first.cursor });
	t.deepEqual(names(second.events), ["c"]);
	t.false(second.more);
	await post(server.url, wireBatch([wireReport({ command: "d" })]));
	const later = await json(server, EVENTS_EXPORT_PATH, { cursor: second.cursor });
	t.deepEqual(names(later.events), ["d"]);
	t.deepEqual((await json(server, EVENTS_EXPORT_PATH, { cursor: later.cursor })).events, []);
});

test("runs come newest first, page by page, as they were at one moment", async (t) => {
	const server = await serverWith(t, ...["a", "b", "c", "d", "e"].map((command) => ({ command })));
	const seen: string[] = [];
	let cursor: string | null | undefined;
	do {
		const page: Json = await json(server, RUNS_EXPORT_PATH, { limit: "2", ...(cursor && { cursor }) });
		seen.push(...names(page.runs));
		cursor = page.cursor;
		await post(server.url, wireBatch([wireReport({ command: "late" })]));
	} while (cursor !== null);
	t.deepEqual(seen, ["e", "d", "c", "b", "a"]);
});

test("the events of a run are one run, with its figures and their methods", async (t) => {
	const run_id = randomRunId();
	const inputs = [
		{ name: "left", unit: "reads", size: 40 },
		{ name: "right", unit: "reads", size: 2 },
	];
	const limits = { memory_bytes: 5, wall_s: null, cpus: 2 };
	const server = await serverWith(
		t,
		{ run_id, event: "start", outcome: null, wall_s: null, inputs, limits },
		{ run_id, exit_code: 3, outcome: "failed", wall_s: 7.5, measured_by: { wall_s: "monotonic" }, data: { k: 1 } },
	);
	const { runs } = await json(server, RUNS_EXPORT_PATH);
	t.is(runs.length, 1);
	t.like(runs[0], {
		run_id,
		status: "failed",
		exit_code: 3,
		wall_s: 7.5,
		cpu_user_s: null,
		measured_by: { wall_s: "monotonic" },
		limits,
		totals: [{ unit: "reads", size: 42 }],
		data: { k: 1 },
		events: 2,
	});
});

test("filters choose; test runs are left out unless they are asked for", async (t) => {
	const server = await serverWith(
		t,
		{ command: "old", occurred_at: "2026-01-01T00:00:00.000Z" },
		{ command: "new", occurred_at: "2026-03-01T00:00:00.000Z", version: "9" },
		{ command: "bad", outcome: "failed", exit_code: 1 },
		{ command: "tried", test: true },
		{ command: "other", project: "galaxy", event: "start", outcome: null, wall_s: null },
	);
	const both: [Record<string, string>, string[]][] = [
		[{}, ["bad", "new", "old", "other"]],
		[{ tests: "with" }, ["bad", "new", "old", "other", "tried"]],
		[{ tests: "only" }, ["tried"]],
		[{ project: "galaxy" }, ["other"]],
		[{ project: "unheard-of" }, []],
		[{ command: "bad" }, ["bad"]],
		[{ version: "9" }, ["new"]],
		[{ since: "2026-02-01" }, ["new"]],
		[{ until: "2026-01-31T11:59:59Z" }, ["old"]],
		[{ since: "2026-01-01", until: "2026-01-02" }, ["old"]],
	];
	for (const [query, expected] of both) {
		const asked = JSON.stringify(query);
		t.deepEqual(names((await json(server, RUNS_EXPORT_PATH, query)).runs).sort(), expected, asked);
		t.deepEqual(names((await json(server, EVENTS_EXPORT_PATH, query)).events).sort(), expected, asked);
	}
	t.deepEqual(names((await json(server, RUNS_EXPORT_PATH, { status: "failed" })).runs), ["bad"]);
	t.deepEqual(names((await json(server, EVENTS_EXPORT_PATH, { event: "start" })).events), ["other"]);
	t.deepEqual(names((await json(server, EVENTS_EXPORT_PATH, { outcome: "failed" })).events), ["bad"]);
});

test("an address that asks for what cannot be gives out nothing, and says why", async (t) => {
	const server = await serverWith(t, {});
	const queries: Record<string, string>[] = [
		{ format: "xlsx" },
		{ projcet: "dunovo" },
		{ project: "'; DROP TABLE events; --" },
		{ since: "yesterday" },
		{ since: "2026-13-01" },
		{ limit: "0" },
		{ limit: "1e3" },
		{ cursor: "9".repeat(16) },
		{ cursor: "-1" },
		{ tests: "maybe" },
	];
	for (const query of queries) {
		for (const path of [RUNS_EXPORT_PATH, EVENTS_EXPORT_PATH]) {
			const response = await get(server, path, query);
			t.is(response.status, 400, `${path} ${JSON.stringify(query)}`);
			t.is(((await response.json()) as Json).error.code, "bad_query");
		}
	}
	t.is((await get(server, RUNS_EXPORT_PATH, { event: "end" })).status, 400);
	t.is((await fetch(`${server.url}${RUNS_EXPORT_PATH}`, { method: "POST" })).status, 405);
});

const ATTACKS = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200b=1", "＝1"];
const ODD = 'a "quoted", text\nof two lines\\and a tab\t.';

test("CSV and TSV hold every text, and none that a spreadsheet would calculate", async (t) => {
	const texts = [...ATTACKS, ODD, "plain"];
	const server = await serverWith(t, ...texts.map((command) => ({ command, exit_code: -9, outcome: "killed" })));
	for (const path of [RUNS_EXPORT_PATH, EVENTS_EXPORT_PATH]) {
		const page = await json(server, path);
		const csv = await get(server, path, { format: "csv" });
		t.is(csv.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
		t.regex(csv.headers.get("content-disposition") ?? "", /^attachment; filename="et-(runs|events)\.csv"$/);
		const rows: Record<string, string>[] = parse(await csv.text(), { columns: true, record_delimiter: "\r\n" });
		t.deepEqual(
			rows.map(({ command }) => command?.replace(/^'/, "")),
			names(page.runs ?? page.events),
		);
		t.deepEqual(new Set(rows.map(({ exit_code }) => exit_code)), new Set(["-9"]));
		for (const row of rows) {
			for (const [name, cell] of Object.entries(row)) {
				if (name !== "exit_code") t.notRegex(cell, /^[\s\p{C}]*[=+\-@＝]/u, name);
			}
		}
		const tsv = (await (await get(server, path, { format: "tsv" })).text()).split("\n");
		t.is(tsv.length, rows.length + 2);
		const widths = tsv.slice(0, -1).map((line) => line.split("\t").length);
		t.deepEqual(new Set(widths), new Set([Object.keys(rows[0] ?? {}).length]));
	}
});

test("what is not known is an empty cell, and never 0", async (t) => {
	const server = await serverWith(t, { wall_s: null, outcome: null, event: "start" }, { wall_s: 0 });
	const csv = await (await get(server, RUNS_EXPORT_PATH, { format: "csv" })).text();
	const [known, unknown]: Record<string, string>[] = parse(csv, { columns: true });
	t.is(known?.["wall_s"], "0");
	t.is(unknown?.["wall_s"], "");
	t.is(unknown?.["test"], "false");
});

test("NDJSON is the records of JSON, a line each", async (t) => {
	const server = await serverWith(t, { command: "a" }, { command: "b\u2028c" });
	const ndjson = await get(server, RUNS_EXPORT_PATH, { format: "ndjson" });
	const lines = (await ndjson.text()).trimEnd().split("\n");
	t.deepEqual(
		lines.map((line) => JSON.parse(line)),
		(await json(server, RUNS_EXPORT_PATH)).runs,
	);
	t.is(await (await get(server, RUNS_EXPORT_PATH, { format: "ndjson", project: "none" })).text(), "");
});

test("Parquet is read by another's reader, with types, and with null for what is not known", async (t) => {
	const inputs = [{ name: "a", unit: "reads", size: 3 }];
	const server = await serverWith(
		t,
		{ command: "=1+1", wall_s: 1.5, max_rss_bytes: 2 ** 40, exit_code: -9, inputs },
		{ command: "b", wall_s: null },
	);
	const file = await (await get(server, RUNS_EXPORT_PATH, { format: "parquet" })).arrayBuffer();
	const [b, a] = (await parquetReadObjects({ file })) as Json[];
	t.is(a.command, "=1+1");
	t.is(a.wall_s, 1.5);
	t.is(a.max_rss_bytes, 2n ** 40n);
	t.is(a.exit_code, -9n);
	t.is(a.input_size, 3);
	t.deepEqual(a.inputs, inputs);
	t.deepEqual(a.last_at, new Date("2026-01-31T12:00:00.000Z"));
	t.is(b.wall_s ?? null, null);
	t.is(b.test, false);
	const none = await (await get(server, EVENTS_EXPORT_PATH, { format: "parquet", project: "none" })).arrayBuffer();
	t.deepEqual(await parquetReadObjects({ file: none }), []);
});

test("more than one step is given out whole, and a limit is kept", async (t) => {
	const server = await testServer(t);
	const reports = Array.from({ length: 1201 }, (_, index) => wireReport({ command: `c${index}` }));
	for (let at = 0; at < reports.length; at += 400) await post(server.url, wireBatch(reports.slice(at, at + 400)));
	const lines = async (path: string, query: Record<string, string>): Promise<string[]> =>
		(await (await get(server, path, { format: "ndjson", ...query })).text()).trimEnd().split("\n");
	for (const path of [RUNS_EXPORT_PATH, EVENTS_EXPORT_PATH]) {
		t.is(new Set(await lines(path, {})).size, 1201);
		t.is((await lines(path, { limit: "777" })).length, 777);
		t.deepEqual(names((await lines(path, { command: "c3" })).map((line) => JSON.parse(line))), ["c3"]);
	}
	const { runs, cursor } = await json(server, RUNS_EXPORT_PATH, { command: "c3" });
	t.is(runs.length, 1);
	t.is(cursor, null);
});

test("who looks for one run among many keeps nobody else waiting", async (t) => {
	const server = await testServer(t);
	const reports = Array.from({ length: 3000 }, () => wireReport({}));
	for (let at = 0; at < reports.length; at += 500) await post(server.url, wireBatch(reports.slice(at, at + 500)));
	const ended: string[] = [];
	const search = get(server, RUNS_EXPORT_PATH, { command: "none" });
	const { store } = server;
	const listRuns = store.listRuns.bind(store);
	const begun = new Promise<void>((resolve) => {
		store.listRuns = (query) => {
			resolve();
			return listRuns(query);
		};
	});
	await begun;
	await Promise.all([
		search.then(() => ended.push("search")),
		fetch(`${server.url}/healthz`).then(() => ended.push("other")),
	]);
	t.deepEqual(ended, ["other", "search"]);
});
