/** What a program reads with a token: its project's, and never another's, whichever way it asks. */
import test from "ava";
import { parse } from "csv-parse/sync";
import type { RunningServer } from "../../../src/server/serve.js";
import { addToken, closedServer, Visit } from "../../helpers/access.js";
import { post, randomRunId, wireBatch, wireReport } from "../../helpers/server.js";

const SECRET = "secret";
const RUN = randomRunId();

/** Two projects whose run ids collide; only the other one has tests, losses, and the command `secret`. */
async function fill(server: RunningServer): Promise<void> {
	const mine = { project: "mine", run_id: RUN };
	const theirs = { project: "theirs", command: SECRET, version: SECRET };
	const reports = [
		wireReport(mine),
		wireReport({ ...theirs, run_id: RUN }),
		...Array.from({ length: 5 }, () => wireReport(theirs)),
		wireReport({ ...theirs, test: true }),
		...Array.from({ length: 3 }, () => wireReport({ project: "mine" })),
	];
	const lost = [{ id: "0197b0e0-0000-7000-8000-000000000001", project: "theirs", reason: SECRET, count: 77 }];
	await post(server.url, wireBatch(reports, { lost }));
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("a token of one project gives that project's runs and events, in every format, page after page", async (t) => {
	const server = await closedServer(t);
	await fill(server);
	const program = new Visit(server, bearer(await addToken(server.store, "mine")));
	for (const kind of ["runs", "events"] as const) {
		for (const tests of ["without", "only", "with"]) {
			for (const format of ["json", "ndjson", "csv", "tsv"]) {
				const { status, text } = await program.get(`/v1/${kind}?tests=${tests}&format=${format}`);
				t.is(status, 200);
				t.notRegex(text, /theirs|secret/, `${kind} ${tests} ${format}`);
			}
		}
		const csv = (await program.get(`/v1/${kind}?format=csv`)).text;
		t.is(parse(csv, { columns: true }).length, 4);
		const seen: string[] = [];
		let cursor = "";
		for (let page = 0; page < 10; page++) {
			const { text } = await program.get(`/v1/${kind}?limit=1${cursor}`);
			const answer = JSON.parse(text);
			for (const item of answer[kind]) seen.push((item.report ?? item).project);
			if (answer[kind].length === 0 || answer.cursor === null) break;
			cursor = `&cursor=${answer.cursor}`;
		}
		t.deepEqual(seen, ["mine", "mine", "mine", "mine"], kind);
	}
	const parquet = await program.get("/v1/runs?format=parquet");
	t.is(parquet.status, 200);
	t.notRegex(parquet.text, /theirs|secret/);
});

test("another's cursor, a made-up one, and a place before all give nothing of another project", async (t) => {
	const server = await closedServer(t);
	await fill(server);
	const all = new Visit(server, bearer(await addToken(server.store, null)));
	const mine = new Visit(server, bearer(await addToken(server.store, "mine")));
	const { cursor } = JSON.parse((await all.get("/v1/runs?limit=1")).text);
	for (const path of [
		`/v1/runs?cursor=${cursor}`,
		"/v1/runs?cursor=999999-999999",
		"/v1/events?cursor=0",
		"/v1/events?cursor=1&limit=1000",
		`/?as_of=999&before=999`,
		"/?as_of=999&after=0",
		"/?tests=only",
		"/",
	]) {
		const { status, text } = await mine.get(path);
		t.is(status, 200, path);
		t.notRegex(text, /theirs|secret/, path);
	}
});

test("asking for another project by name is told apart from nothing, whether there is such a one or not", async (t) => {
	const server = await closedServer(t);
	await fill(server);
	const mine = new Visit(server, bearer(await addToken(server.store, "mine")));
	const answers = new Set<string>();
	for (const project of ["theirs", "unheard-of", "MINE", "mine%00"]) {
		for (const path of ["/v1/runs?project=", "/v1/events?project="]) {
			const { status, text } = await mine.get(`${path}${project}`);
			t.is(status, 403, `${path}${project}`);
			answers.add(text);
		}
		t.is((await mine.get(`/?project=${project}`)).status, 403);
		t.is((await mine.get(`/runs/${project}/${RUN}`)).status, 403);
	}
	t.is(answers.size, 1);
	t.is((await mine.get("/v1/runs?project=theirs&project=mine")).status, 403);
	t.is((await mine.get(`/runs/mine/${RUN}`)).status, 200);
	t.notRegex((await mine.get(`/runs/mine/${RUN}`)).text, /secret|theirs/);
	t.is((await mine.get("/?project=mine")).status, 200);
});

test("a token of all projects reads all, and the server's metrics; one of a project does not read those", async (t) => {
	const server = await closedServer(t);
	await fill(server);
	const all = new Visit(server, bearer(await addToken(server.store, null)));
	t.regex((await all.get("/v1/runs")).text, /theirs/);
	t.is((await all.get("/metrics")).status, 200);
	const mine = new Visit(server, bearer(await addToken(server.store, "mine")));
	t.is((await mine.get("/metrics")).status, 403);
	t.is((await mine.get("/v1/openapi.json")).status, 200);
});

test("a token administers nothing, and sends nothing", async (t) => {
	const server = await closedServer(t);
	const token = await addToken(server.store, null);
	const program = new Visit(server, bearer(token));
	for (const path of ["/admin/tokens", "/admin/audit", "/admin/password"]) t.is((await program.get(path)).status, 403);
	t.is((await program.post("/admin/tokens", { name: "more" })).status, 403);
	t.is((await server.store.tokens()).length, 1);
	const sent = await fetch(`${server.url}/v1/batches`, {
		method: "POST",
		headers: { "content-type": "application/json", ...bearer(token) },
		body: JSON.stringify(wireBatch([wireReport()])),
	});
	t.is(sent.status, 401);
	t.is((await server.store.counts()).events, 0);
});

test("a token that is not one, or not any more, opens nothing; nor does one of another kind", async (t) => {
	const server = await closedServer(t);
	const token = await addToken(server.store, null);
	for (const wrong of [
		"x",
		`${token}x`,
		token.slice(0, -1),
		token.toUpperCase(),
		`etk_${token.slice(4)}`,
		`' OR 1=1 --`,
		"e".repeat(8000),
	]) {
		const answer = await new Visit(server, bearer(wrong)).get("/v1/runs");
		t.is(answer.status, 401, wrong.slice(0, 50));
		t.is(JSON.parse(answer.text).error.code, "login_required");
	}
	const program = new Visit(server, bearer(token));
	t.is((await program.get("/v1/runs")).status, 200);
	const [kept] = await server.store.tokens();
	t.truthy(kept?.usedAt);
	const administrator = new Visit(server);
	await administrator.logIn();
	t.is((await administrator.fill("/admin/tokens", "/admin/tokens/revoke", { id: String(kept?.id) })).status, 303);
	t.is((await program.get("/v1/runs")).status, 401);
	t.is((await program.get("/")).status, 401, "a program is not sent to a page to log in");
});

test("a token is made on the page, shown once, and kept as a hash", async (t) => {
	const server = await closedServer(t);
	await fill(server);
	const visit = new Visit(server);
	await visit.logIn();
	const made = await visit.fill("/admin/tokens", "/admin/tokens", { name: "ci <b>", project: "mine" });
	const token = /etr_[A-Za-z0-9_-]{43}/.exec(made.text)?.[0] ?? "";
	t.notRegex(made.text, /<b>/);
	t.notRegex((await visit.get("/admin/tokens")).text, /etr_[A-Za-z0-9_-]{43}/);
	t.is(JSON.parse((await new Visit(server, bearer(token)).get("/v1/runs")).text).runs.length, 4);
	t.like((await server.store.acts({ limit: 1 }))[0], { act: "token_made", who: "ada", what: "ci <b>" });
	for (const fields of [
		{ name: "" },
		{ name: "a\u202eb" },
		{ name: "x", project: "../theirs" },
		{ name: "x".repeat(129) },
	]) {
		const refused = await visit.fill("/admin/tokens", "/admin/tokens", fields as Record<string, string>);
		t.is(refused.status, 422, JSON.stringify(fields).slice(0, 60));
		t.regex(refused.text, /role="alert"/);
	}
	t.is((await server.store.tokens()).length, 1);
});
