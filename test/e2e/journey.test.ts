/** The whole way of a report: script, spool, uploader, server, page; with real processes and the package as shipped. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { countWaiting } from "../../src/spool/waiting.js";
import { type ChildResult, runProgram, runScript, runTogether } from "../helpers/child.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { testServer } from "../helpers/server.js";
import { namesIn } from "../helpers/spool.js";

const CLIENT = moduleUrl("pkg/index.js");
const [ET, UPLOADER] = ["pkg/et.js", "pkg/et-uploader.js"].map((path) => fileURLToPath(moduleUrl(path))) as [
	string,
	string,
];
const PROCESSES = 50;
const REPORTS_EACH = 20;
const UNDELIVERED = 4;

const scriptOf = (home: Home, body: string): string => `
	import { enqueue, startRun } from ${JSON.stringify(CLIENT)};
	const manifest = ${JSON.stringify(home.manifestPath)};
	${body}`;

/** A home whose user has agreed to reports to a server. */
function homeFor(t: ExecutionContext, endpoint: string): Home {
	const home = temporaryHome(t, testManifest({ endpoint }));
	grantAt(home);
	return home;
}

const program = (t: ExecutionContext, home: Home, path: string, args: readonly string[]): Promise<ChildResult> =>
	runProgram(t, process.execPath, [path, ...args], { env: home.env });

const pageOf = async (url: string): Promise<string> => (await fetch(url)).text();

test("what a script reports is shown, sent exactly so, and stands on its author's page", async (t) => {
	const server = await testServer(t);
	const home = homeFor(t, server.url);
	const body = `
		const run = startRun({ manifest, command: "align", version: "1.2", inputs: { pairs: 2500000 } });
		const result = run.end({ outcome: "ok", data: { duplexes: 42 } });
		process.stdout.write(result.id);`;
	const script = await runScript(t, scriptOf(home, body), { env: home.env });
	t.deepEqual([script.code, script.stderr], [0, ""]);
	const shown = await program(t, home, ET, ["show", script.stdout]);
	t.is(shown.code, 0);

	const uploader = await program(t, home, UPLOADER, ["--once"]);
	t.deepEqual([uploader.code, uploader.stderr], [0, ""]);
	t.is(countWaiting(home.spool), 0);
	const { run_id } = JSON.parse(shown.stdout) as { run_id: string };
	const [, end] = await server.store.runEvents("dunovo", run_id);
	t.deepEqual(end?.report as unknown, JSON.parse(shown.stdout));
	t.regex(await pageOf(server.url), new RegExp(`/runs/dunovo/${run_id}`));
	t.regex(await pageOf(`${server.url}/runs/dunovo/${run_id}`), /align/);
});

test("fifty processes at once, twenty reports each: a thousand on the server, once", async (t) => {
	const server = await testServer(t);
	const home = homeFor(t, server.url);
	const body = `
		let queued = 0;
		for (let n = 0; n < ${REPORTS_EACH}; n++) if (enqueue({ wallS: n }, { manifest }).status === "queued") queued++;
		process.exitCode = queued;`;
	const scripts = Array<string>(PROCESSES).fill(scriptOf(home, body));
	for (const { code, stdout, stderr } of await runTogether(t, scripts, { env: home.env })) {
		t.deepEqual([code, stdout, stderr], [REPORTS_EACH, "", ""]);
	}
	const uploaders = await Promise.all([1, 2].map(() => program(t, home, UPLOADER, ["--once", "--now"])));
	t.true(uploaders.some(({ code }) => code === 0));
	t.is(countWaiting(home.spool), 0);
	t.like(await server.store.counts(), { events: PROCESSES * REPORTS_EACH, runs: PROCESSES * REPORTS_EACH });
});

/** A server that does what it is told with requests. */
async function oddServer(t: ExecutionContext, listener: Parameters<typeof createServer>[1]): Promise<string> {
	const server: Server = createServer(listener ?? (() => {}));
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const captivePortal = "<!doctype html><title>Please log in</title>";
const WRONG_SERVERS: Record<string, Parameters<typeof createServer>[1]> = {
	"a captive portal's page": (_request, response) => response.setHeader("content-type", "text/html").end(captivePortal),
	"a proxy's 404": (_request, response) => response.writeHead(404).end("not found"),
	"acknowledgements of what was not sent": (_request, response) =>
		response
			.setHeader("content-type", "application/json")
			.end('{"wire":1,"verdicts":[{"id":"0198f0c0-0000-7000-8000-000000000000","verdict":"accepted"}]}'),
	"a connection that breaks": (request) => request.socket.destroy(),
};

for (const [what, listener] of Object.entries(WRONG_SERVERS)) {
	test(`a server that answers with ${what} costs no report`, async (t) => {
		let requests = 0;
		const url = await oddServer(t, (request, response) => {
			requests++;
			listener?.(request, response);
		});
		const home = homeFor(t, url);
		const script = await runScript(t, scriptOf(home, "enqueue({}, { manifest });"), { env: home.env });
		t.deepEqual(script, { code: 0, signal: null, stdout: "", stderr: "" });
		t.is(requests, 0);
		const before = namesIn(home.spool.new);
		await program(t, home, UPLOADER, ["--once"]);
		t.true(requests > 0);
		t.deepEqual(namesIn(home.spool.new), before);
	});
}

test("while its server is down a script ends as ever, and what it left arrives later", async (t) => {
	const server = await testServer(t);
	const { port } = new URL(server.url);
	const home = homeFor(t, server.url);
	await server.close();
	const script = await runScript(t, scriptOf(home, "enqueue({}, { manifest });"), { env: home.env });
	t.deepEqual(script, { code: 0, signal: null, stdout: "", stderr: "" });
	t.is((await program(t, home, UPLOADER, ["--once"])).code, UNDELIVERED);
	t.is(countWaiting(home.spool), 1);
	const again = await testServer(t, { port: Number(port), database: server.database });
	t.is((await program(t, home, UPLOADER, ["--once", "--now"])).code, 0);
	t.is(countWaiting(home.spool), 0);
	t.is((await again.store.counts()).events, 1);
});

test("bad files among the reports are set aside, each with its reason, and the rest is sent", async (t) => {
	const server = await testServer(t);
	const home = homeFor(t, server.url);
	const body = `
		import { writeFileSync } from "node:fs";
		const paths = [1, 2, 3, 4, 5].map(() => enqueue({}, { manifest }).path);
		const contents = ["", '{"et":1', Buffer.alloc(500, 7), "x".repeat(2 ** 20)];
		for (const [index, content] of contents.entries()) writeFileSync(paths[index], content);`;
	t.is((await runScript(t, scriptOf(home, body), { env: home.env })).code, 0);
	t.is((await program(t, home, UPLOADER, ["--once"])).code, 0);
	const reasons = namesIn(home.spool.corrupt).map((name) => name.slice(name.lastIndexOf(".") + 1));
	t.deepEqual(reasons.toSorted(), ["empty", "not_json", "not_json", "too_large"]);
	t.is(countWaiting(home.spool), 0);
	t.is((await server.store.counts()).events, 1);
});
