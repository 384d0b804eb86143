/** What the server writes to its log, and what never. */
import test, { type ExecutionContext } from "ava";
import type { LogLevel } from "../../src/server/log-levels.js";
import { ADA, closedServer, Visit } from "../helpers/access.js";
import { rawExchange } from "../helpers/raw.js";
import { post, randomRunId, wireBatch, wireReport } from "../helpers/server.js";

async function logged(t: ExecutionContext, level: LogLevel) {
	const lines: string[] = [];
	const stream = { write: (line: string) => void lines.push(line) };
	const server = await closedServer(t, { logTarget: { level, stream }, config: { trustedProxies: ["127.0.0.1"] } });
	return { server, lines };
}

test("a line for each request: its method, the pattern of its address, status and time, and nothing of who asked what", async (t) => {
	const { server, lines } = await logged(t, "info");
	const visit = new Visit(server, {
		"x-forwarded-for": "198.51.100.77",
		"user-agent": "secret-agent",
		authorization: "Basic c2VjcmV0OnNlY3JldA==",
	});
	await visit.logIn();
	const run = randomRunId();
	await post(server.url, wireBatch([wireReport({ run_id: run, project: "secretproject" })]));
	await visit.get(`/runs/secretproject/${run}?x=secretquery`);
	await visit.get("/?project=secretproject&token=secrettoken");
	await visit.get("/secretpath/not/there");
	await visit.get("/%zz?secretbroken");
	await rawExchange(server.url, "GET /secretraw HTTP/1.1\r\nhost: secrethost\r\nbad header\r\n\r\n");
	await server.close();
	const entries = lines.map((line) => JSON.parse(line));
	const requests = entries.filter(({ msg }) => msg === "request");
	t.deepEqual(requests.map(({ level, method, route, status }) => [level, method, route, status]).slice(0, 6), [
		["info", "GET", "/login", 200],
		["info", "POST", "/login", 303],
		["info", "POST", "/v1/batches", 200],
		["info", "GET", "/runs/:project/:runId", 200],
		["info", "GET", "/", 200],
		["info", "GET", null, 404],
	]);
	for (const entry of requests) {
		t.deepEqual(Object.keys(entry).sort(), ["level", "method", "ms", "msg", "pid", "route", "status", "time"]);
		t.regex(entry.time, /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
	}
	t.notRegex(lines.join(""), /secret|198\.51|agent|Basic/);
	t.false(lines.join("").includes(run));
	t.false(lines.join("").includes(ADA.password));
	t.false(lines.join("").includes(visit.cookies.get("et_session") ?? "none"));
});

test("at error the server's own trouble is logged, with its cause, and no request", async (t) => {
	const { server, lines } = await logged(t, "error");
	server.store.insertBatch = async () => {
		throw Object.assign(new Error("outer", { cause: new Error("inner") }), { detail: "Key (id)=(secret)", code: "X1" });
	};
	t.is((await post(server.url, wireBatch([wireReport()]))).status, 503);
	t.is((await new Visit(server).get("/v1/runs")).status, 401);
	t.is(lines.length, 1);
	const [entry] = lines.map((line) => JSON.parse(line));
	t.is(entry.level, "error");
	t.regex(entry.msg, /^POST \/v1\/batches was answered 503 internal_error$/);
	t.like(entry.err, { type: "Error", message: "outer", code: "X1", cause: { message: "inner" } });
	t.notRegex(lines.join(""), /secret/);
});

test("silent is silent", async (t) => {
	const { server, lines } = await logged(t, "silent");
	server.store.insertBatch = async () => {
		throw new Error("outer");
	};
	t.is((await post(server.url, wireBatch([wireReport()]))).status, 503);
	t.deepEqual(lines, []);
});
