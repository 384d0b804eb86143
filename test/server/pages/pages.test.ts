import test from "ava";
import type { RunningServer } from "../../../src/server/serve.js";
import { post, randomRunId, testServer, uuid, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

const ATTACK = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\u0000\u202e`;

/** A report with an attack in every field that takes a text of one's own. */
function hostileReport(): Record<string, unknown> & { run_id: string } {
	return wireReport({
		command: ATTACK,
		version: ATTACK,
		outcome: "killed",
		signal: "SIGKILL",
		kill_reason: ATTACK,
		measured_by: { wall_s: ATTACK },
		inputs: [{ name: "pairs", unit: ATTACK, size: 1 }],
		exception: { type: ATTACK, frames: [{ file: ATTACK, line: 1, function: ATTACK }] },
		data: { note: ATTACK },
	});
}

async function page({ url }: RunningServer, path: string): Promise<string> {
	return (await fetch(`${url}${path}`)).text();
}

function linkOf(html: string, text: string): string {
	const href = new RegExp(`<a href="([^"]+)"[^>]*>${text}</a>`).exec(html)?.[1];
	return (href ?? "no such link").replaceAll("&#61;", "=").replaceAll("&#38;", "&");
}

test("a server without runs says what to do", async (t) => {
	const html = await page(await testServer(t), "/");
	t.regex(html, /No runs yet/);
	t.regex(html, /et-uploader --once/);
});

test("a run is shown with its figures, and with a dash for what is not known", async (t) => {
	const server = await testServer(t);
	const report = wireReport({
		cpu_user_s: 100,
		cpu_system_s: 20,
		inputs: [
			{ name: "left", unit: "bytes", size: 3_120_090_064, measured_by: "estimated" },
			{ name: "right", unit: "bytes", size: 3_023_664_700 },
		],
	});
	await post(server.url, wireBatch([report]));
	const list = await page(server, "/");
	t.regex(list, /5\.72 GiB/);
	t.regex(list, /12\.5 s/);
	t.regex(list, /2 min 00 s/);
	t.regex(list, /data-label="Peak memory"[^>]*><span class="none" title="not known">/);
	t.is(linkOf(list, "align"), `/runs/dunovo/${report.run_id}`);

	const run = await page(server, linkOf(list, "align"));
	t.regex(run, /6,143,754,764 bytes/);
	t.regex(run, /2\.91 GiB/);
	t.regex(run, /<td>estimated<\/td>/);
	t.notRegex(run, />0 B</);
});

test("the events of a run are one line, and a page with all of them", async (t) => {
	const server = await testServer(t);
	const run_id = randomRunId();
	const start = wireReport({
		run_id,
		event: "start",
		outcome: null,
		wall_s: null,
		occurred_at: "2026-01-31T11:59:00.000Z",
	});
	await post(server.url, wireBatch([start]));
	t.regex(await page(server, "/"), /status-running/);
	await post(server.url, wireBatch([wireReport({ run_id, test: true })]));
	const list = await page(server, "/?tests=only");
	t.is(list.match(/<tr>/g)?.length, 2);
	t.regex(list, /status-ok/);
	t.regex(list, /class="badge"[^>]*>test</);
	const run = await page(server, `/runs/dunovo/${run_id}`);
	t.regex(run, /2026-01-31 11:59:00[\s\S]*2026-01-31 12:00:00/);
});

test("a clock that was corrected is said to be", async (t) => {
	const server = await testServer(t, { clock: () => Date.UTC(2026, 0, 31, 14) });
	const report = wireReport({ occurred_at: "2026-01-31T12:00:00.000Z" });
	await post(server.url, wireBatch([report], { sent_at: "2026-01-31T12:30:00.000Z" }));
	const run = await page(server, `/runs/dunovo/${report.run_id}`);
	t.regex(run, /2026-01-31 13:30:00/);
	t.regex(run, /its own clock said[\s\S]*2026-01-31 12:00:00/);
});

test("test runs have a page of their own, which is offered where there are any", async (t) => {
	const server = await testServer(t);
	await post(server.url, wireBatch([wireReport({ command: "tried", test: true })]));
	const first = await page(server, "/");
	t.regex(first, /No runs of users yet/);
	await post(server.url, wireBatch([wireReport({ command: "used" })]));
	const list = await page(server, "/");
	t.regex(list, />used</);
	t.notRegex(list, />tried</);
	const tests = await page(server, linkOf(list, "Test runs"));
	t.regex(tests, /<h1>Test runs<\/h1>/);
	t.regex(tests, />tried</);
	t.notRegex(tests, />used</);
	t.is(linkOf(tests, "Users' runs"), "/");
});

test("nothing in a report becomes part of a page", async (t) => {
	const server = await testServer(t);
	const report = hostileReport();
	t.deepEqual(verdicts(await post(server.url, wireBatch([report]))), ["accepted"]);
	for (const html of [await page(server, "/"), await page(server, `/runs/dunovo/${report.run_id}`)]) {
		t.regex(html, /&#60;script&#62;/);
		t.notRegex(html, /<script|<img|onerror=|javascript:/);
		t.false(html.includes("\u0000") || html.includes("\u202e"));
	}
});

test("names that JavaScript knows are data like any other", async (t) => {
	const server = await testServer(t);
	const report = wireReport({ data: { constructor: "a", toString: "b", hasOwnProperty: "c" } });
	t.deepEqual(verdicts(await post(server.url, wireBatch([report]))), ["accepted"]);
	t.regex(
		await page(server, `/runs/dunovo/${report.run_id}`),
		/<dt>constructor<\/dt><dd>a<\/dd><dt>toString<\/dt><dd>b<\/dd>/,
	);
});

test("links lead through all pages and back, and stay in their project", async (t) => {
	const server = await testServer(t, { config: { runsPerPage: 2 } });
	const commands = ["a1", "a2", "a3", "a4", "a5"];
	for (const command of commands) {
		await post(
			server.url,
			wireBatch([wireReport({ command }), wireReport({ command: `other-${command}`, project: "galaxy" })]),
		);
	}
	const shown = (html: string) => [...html.matchAll(/class="command"><a [^>]*>([^<]+)</g)].map(([, name]) => name);

	const first = await page(server, linkOf(await page(server, "/"), "dunovo"));
	t.deepEqual(shown(first), ["a5", "a4"]);
	const second = await page(server, linkOf(first, "Older"));
	t.deepEqual(shown(second), ["a3", "a2"]);
	const third = await page(server, linkOf(second, "Older"));
	t.deepEqual(shown(third), ["a1"]);
	t.notRegex(third, />Older</);
	t.deepEqual(shown(await page(server, linkOf(third, "Newer"))), ["a3", "a2"]);
	t.is(linkOf(third, "Newest"), "/?project=dunovo");
});

test("a project's page tells what its users' spools had to drop", async (t) => {
	const server = await testServer(t);
	const lost = [{ id: uuid(), project: "dunovo", reason: "full", count: 1234 }];
	await post(server.url, wireBatch([wireReport()], { lost }));
	t.regex(await page(server, "/?project=dunovo"), /drop 1,234 reports[^.]*full: 1,234/);
	t.is((await fetch(`${server.url}/?project=unheard-of`)).status, 404);
});
