/** From a closed server to its pages, and out again, as a browser goes. */
import test from "ava";
import { ADA, addAdministrator, closedServer, Visit } from "../../helpers/access.js";
import { post, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

const READ = ["/", "/?project=dunovo", "/v1/runs", "/v1/events?format=csv", "/v1/openapi.json", "/metrics"];
const ADMINISTER = ["/admin/tokens", "/admin/audit", "/admin/password"];

test("before there is an administrator whoever is on this machine reads everything, and administers nothing", async (t) => {
	const server = await testServer(t);
	const visit = new Visit(server);
	for (const path of ["/", "/v1/runs", "/v1/events", "/v1/openapi.json", "/metrics"]) {
		t.is((await visit.get(path)).status, 200, path);
	}
	for (const path of ADMINISTER) t.is((await visit.get(path)).location, `/login?next=${encodeURIComponent(path)}`);
	const login = await visit.get("/login");
	t.regex(login.text, /No administrator yet/);
	t.notRegex(login.text, /<form/);
});

test("not from elsewhere: by the name of another site, or through a proxy", async (t) => {
	const server = await testServer(t);
	for (const headers of [
		{ "x-forwarded-for": "198.51.100.1" },
		{ forwarded: "for=198.51.100.1" },
		{ via: "1.1 proxy" },
	] as Record<string, string>[]) {
		const visit = new Visit(server, headers);
		t.is((await visit.get("/")).location, "/login", JSON.stringify(headers));
		t.is((await visit.get("/v1/runs")).status, 401);
	}
});

test("the moment there is one, everything that reads is closed, on this machine, too; intake and health stay open", async (t) => {
	const server = await testServer(t);
	const visit = new Visit(server);
	t.is((await visit.get("/")).status, 200);
	await addAdministrator(server.store);
	for (const path of [...READ, ...ADMINISTER, "/runs/dunovo/0123456789abcdef0123456789abcdef"]) {
		const answer = await visit.get(path);
		const isForPrograms = /^\/(v1|metrics)/.test(path);
		t.is(answer.status, isForPrograms ? 401 : 303, path);
		if (isForPrograms) t.is(answer.headers.get("www-authenticate"), 'Bearer realm="et"');
		else t.is(answer.location, path === "/" ? "/login" : `/login?next=${encodeURIComponent(path)}`);
		t.notRegex(answer.text, /dunovo/);
	}
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
	t.is((await visit.get("/healthz")).status, 200);
	t.is((await visit.get("/style.css")).status, 200);
});

test("who logs in goes where they wanted, reads everything, and is shown as logged in until they log out", async (t) => {
	const server = await closedServer(t);
	await post(server.url, wireBatch([wireReport({ command: "align" })]));
	const visit = new Visit(server);
	const away = await visit.get("/?project=dunovo");
	const back = await visit.logIn(ADA, away.location ?? "");
	t.is(back.status, 303);
	t.is(back.location, "/?project=dunovo");
	const cookie = back.headers.getSetCookie().find((each) => each.startsWith("et_session=")) ?? "";
	t.regex(cookie, /^et_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
	const page = await visit.get("/?project=dunovo");
	t.regex(page.text, /align/);
	t.regex(page.text, />ada<\/a>/);
	t.regex(page.text, /Log out/);
	for (const path of [...READ, ...ADMINISTER]) t.is((await visit.get(path)).status, 200, path);
	t.is((await visit.get("/login?next=/admin/audit")).location, "/admin/audit");

	const thief = visit.copy();
	t.is((await visit.fill("/", "/logout", {})).location, "/login");
	t.false(visit.cookies.has("et_session"));
	t.is((await visit.get("/")).status, 303);
	t.is((await thief.get("/")).status, 303, "a cookie that was kept opens nothing after the logout");
	const acts = (await server.store.acts({ limit: 10 })).map(({ act, who, source }) => [act, who, source]);
	t.deepEqual(acts, [
		["logged_out", "ada", null],
		["logged_in", "ada", null],
		["administrator_added", null, null],
	]);
});

test("a session ends when it is not used for long, and in any case", async (t) => {
	let now = Date.now();
	const config = { sessionIdleMs: 1000_000, sessionMaxMs: 3000_000 };
	const server = await closedServer(t, { clock: () => now, config });
	const visit = new Visit(server);
	await visit.logIn();
	for (let step = 0; step < 3; step++) {
		now += 900_000;
		t.is((await visit.get("/")).status, 200, `used after ${step}`);
	}
	now += 900_000;
	t.is((await visit.get("/")).status, 303, "3600 s old");
	await visit.logIn();
	now += 1000_000;
	t.is((await visit.get("/")).status, 303, "not used for 1000 s");
});

test("behind a trusted proxy that ends TLS cookies go over https alone; another's word counts for nothing", async (t) => {
	const headers = { "x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https", host: "et.example.org" };
	const trusting = await closedServer(t, { config: { trustedProxies: ["127.0.0.1"] } });
	const visit = new Visit(trusting, headers);
	const login = await visit.logIn();
	t.regex(login.headers.getSetCookie().join("\n"), /^__Host-et_session=\S+; Path=\/; HttpOnly; SameSite=Lax; Secure$/m);
	t.is((await visit.get("/")).status, 200);
	const plain = new Visit(await closedServer(t), headers);
	t.notRegex((await plain.logIn()).headers.getSetCookie().join("\n"), /Secure/);
});

test("a new password ends all sessions of its administrator but the one that set it", async (t) => {
	const server = await closedServer(t);
	const [here, there] = [new Visit(server), new Visit(server)];
	await here.logIn();
	await there.logIn();
	const before = here.cookies.get("et_session");
	const fields = { current: ADA.password, password: "another long one", again: "another long one" };
	const wrong = await here.fill("/admin/password", "/admin/password", { ...fields, current: "not this one at all" });
	t.is(wrong.status, 403);
	const short = await here.fill("/admin/password", "/admin/password", { ...fields, password: "short", again: "short" });
	t.is(short.status, 422);
	t.regex(short.text, /has 5 characters; it needs 12/);
	const typo = await here.fill("/admin/password", "/admin/password", { ...fields, again: "another long ome" });
	t.regex(typo.text, /passwords differ/);
	t.is((await there.get("/")).status, 200);
	t.is((await here.fill("/admin/password", "/admin/password", fields)).location, "/");
	t.is((await here.get("/")).status, 200);
	t.not(here.cookies.get("et_session"), before);
	t.is((await there.get("/")).status, 303);
	t.is((await there.logIn()).status, 403);
	t.is((await there.logIn({ name: "ada", password: "another long one" })).status, 303);
});
