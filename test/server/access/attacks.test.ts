/** What somebody would try who wants in, or wants an administrator's browser to act for them. */
import test from "ava";
import { digestOf, newSecret } from "../../../src/server/access/secrets.js";
import { ADA, act, addAdministrator, closedServer, hiddenFields, Visit } from "../../helpers/access.js";
import { rawAnswers, rawExchange } from "../../helpers/raw.js";
import { testServer } from "../../helpers/server.js";

test("a session that an attacker chose beforehand is not the one that the login gives", async (t) => {
	const server = await closedServer(t);
	const planted = newSecret();
	const victim = new Visit(server);
	victim.cookies.set("et_session", planted);
	victim.cookies.set("et_visit", newSecret());
	await victim.logIn();
	t.not(victim.cookies.get("et_session"), planted);
	const attacker = new Visit(server);
	attacker.cookies.set("et_session", planted);
	t.is((await attacker.get("/")).status, 303);
});

test("logging in again ends the session before, so that one that was stolen does not live on beside it", async (t) => {
	const server = await closedServer(t);
	const visit = new Visit(server);
	await visit.logIn();
	const stolen = visit.copy();
	const page = await new Visit(server).get("/login");
	const anew = new Visit(server);
	anew.cookies.set("et_session", visit.cookies.get("et_session") ?? "");
	const key = hiddenFields((await anew.get("/")).text, "/logout")["form"] ?? "";
	t.is((await anew.post("/login", { ...hiddenFields(page.text, "/login"), ...ADA, form: key })).status, 303);
	t.is((await stolen.get("/")).status, 303);
	t.is((await anew.get("/")).status, 200);
});

test("two administrators' sessions do not open each other's forms", async (t) => {
	const server = await closedServer(t);
	await addAdministrator(server.store, { name: "bob", password: "a password of bob's" });
	const [ada, bob] = [new Visit(server), new Visit(server)];
	await ada.logIn();
	await bob.logIn({ name: "bob", password: "a password of bob's" });
	const adasForm = hiddenFields((await ada.get("/admin/tokens")).text, "/admin/tokens");
	t.is((await bob.post("/admin/tokens", { ...adasForm, name: "crossed" })).status, 403);
	// A form from before the login is none any more.
	const early = new Visit(server);
	const before = hiddenFields((await early.get("/login")).text, "/login");
	await early.logIn();
	t.is((await early.post("/admin/tokens", { ...before, name: "early" })).status, 403);
	t.deepEqual(await server.store.tokens(), []);
});

test("no form of an administrator works without its key, with a wrong one, or from another site", async (t) => {
	const server = await closedServer(t);
	const visit = new Visit(server);
	await visit.logIn();
	const good = hiddenFields((await visit.get("/admin/tokens")).text, "/admin/tokens");
	const key = good["form"] ?? "";
	const forms: [path: string, fields: Record<string, string>][] = [
		["/admin/tokens", { name: "forged" }],
		["/admin/tokens/revoke", { id: "1" }],
		["/admin/password", { current: ADA.password, password: "attacker's password", again: "attacker's password" }],
		["/logout", {}],
	];
	const headers: Record<string, string>[] = [
		{ "sec-fetch-site": "cross-site" },
		{ "sec-fetch-site": "same-site" },
		{ "sec-fetch-site": "none" },
		{ origin: "https://evil.example" },
		{ origin: "null" },
		{ origin: `${server.url}.evil.example` },
		{ origin: server.url.replace(/\d+$/, "1") },
	];
	for (const [path, fields] of forms) {
		for (const form of ["", "x", `${key}x`, key.slice(1), key.toLowerCase(), newSecret()]) {
			t.is((await visit.post(path, { ...fields, form })).status, 403, `${path} ${form}`);
		}
		t.is((await visit.post(path, fields)).status, 403, path);
		for (const from of headers) {
			t.is((await visit.post(path, { ...fields, form: key }, from)).status, 403, `${path} ${JSON.stringify(from)}`);
		}
		t.is((await visit.get(`${path}?${new URLSearchParams({ ...fields, form: key })}`)).status === 303, false);
		const json = { ...fields, form: key };
		const asJson = await fetch(server.url + path, {
			method: "POST",
			headers: { "content-type": "text/plain", cookie: `et_session=${visit.cookies.get("et_session")}` },
			body: JSON.stringify(json),
		});
		t.is(asJson.status, 415, path);
	}
	t.deepEqual(await server.store.tokens(), []);
	t.is((await visit.get("/")).status, 200, "still logged in");
	for (const from of [{ "sec-fetch-site": "same-origin" }, { origin: server.url }, {}] as Record<string, string>[]) {
		t.is((await visit.post("/admin/tokens", { name: "real", form: key }, from)).status, 200, JSON.stringify(from));
	}
});

test("a browser is not logged in as somebody else by a form of another site", async (t) => {
	const server = await closedServer(t);
	const victim = new Visit(server);
	t.is((await victim.post("/login", { ...ADA })).status, 403);
	const attackers = hiddenFields((await new Visit(server).get("/login")).text, "/login");
	t.is((await victim.post("/login", { ...attackers, ...ADA })).status, 403);
	t.false(victim.cookies.has("et_session"));
});

test("after logging in nobody lands on another site", async (t) => {
	const server = await closedServer(t);
	const hostile = [
		"https://evil.example/",
		"//evil.example/",
		"/\\evil.example/",
		"\\\\evil.example",
		"/\t/evil.example",
		"/%09//evil.example",
		"/..//evil.example",
		"/.//evil.example",
		"/a/..//evil.example",
		"javascript:alert(1)",
		"data:text/html,x",
		" /x",
		"/x\r\nset-cookie: a=b",
		"/\u0000",
		"http:evil.example",
		"///evil.example",
		"/@evil.example/../..//evil.example",
		"",
	];
	for (const next of hostile) {
		const visit = new Visit(server);
		const { text } = await visit.get(`/login?next=${encodeURIComponent(next)}`);
		const fields = { ...hiddenFields(text, "/login"), ...ADA };
		for (const given of [fields, { ...fields, next }]) {
			const { location, headers } = await visit.copy().post("/login", given);
			t.is(new URL(location ?? "", server.url).origin, server.url, JSON.stringify(next));
			t.notRegex(location ?? "", /^\/[/\\]/, JSON.stringify(next));
			t.notRegex(headers.getSetCookie().join("\n"), /a=b/);
		}
	}
	const good = "/runs/dunovo/x?a=1&b=%2F";
	const visit = new Visit(server);
	t.is((await visit.logIn(ADA, `/login?next=${encodeURIComponent(good)}`)).location, good);
});

test("guesses are refused beyond a number, with when to come back, many at once, too, and so is the right password then", async (t) => {
	let now = Date.now();
	const config = { loginsPerName: 5, loginsPerAddress: 1000, loginWindowMs: 60_000 };
	const server = await closedServer(t, { clock: () => now, config });
	const visit = new Visit(server);
	const form = hiddenFields((await visit.get("/login")).text, "/login");
	const guess = (password: string) => visit.copy().post("/login", { ...form, name: "ada", password });
	const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => guess(`guess number ${index}`)));
	t.is(answers.filter(({ status }) => status === 403).length, 5);
	const refused = answers.filter(({ status }) => status === 429);
	t.is(refused.length, 15);
	for (const { headers } of refused) t.is(headers.get("retry-after"), "60");
	t.is((await guess(ADA.password)).status, 429);
	t.is(
		(await visit.post("/login", { ...form, name: "bob", password: "x" })).status,
		403,
		"another name is not kept out",
	);
	now += 60_000;
	t.is((await guess(ADA.password)).status, 303);
	const acts = (await server.store.acts({ limit: 100 })).map((each) => `${each.act} ${each.what}`);
	t.is(acts.filter((each) => each === "login_failed ada").length, 5);
	t.is(acts.filter((each) => each === "login_blocked ada").length, 1, "a flood leaves one line");
});

test("one address is kept out that tries many names; another one is not", async (t) => {
	const config = { trustedProxies: ["127.0.0.1"], loginsPerAddress: 4, loginsPerName: 1000 };
	const server = await closedServer(t, { config });
	const from = (address: string) => new Visit(server, { "x-forwarded-for": address });
	const attacker = from("198.51.100.1");
	const { text } = await attacker.get("/login");
	const form = hiddenFields(text, "/login");
	const statuses: number[] = [];
	for (let index = 0; index < 6; index++) {
		statuses.push((await attacker.post("/login", { ...form, name: `name ${index}`, password: "guess" })).status);
	}
	t.deepEqual(statuses, [403, 403, 403, 403, 429, 429]);
	t.is((await from("198.51.100.2").logIn()).status, 303);
	const acts = await server.store.acts({ limit: 100 });
	t.is(acts.filter((each) => each.act === "login_failed").length, 1, "names that are not there leave one line");
	t.notRegex(JSON.stringify(acts), /name \d|198\.51/);
});

test("a name that is not there takes as long to refuse as one that is", async (t) => {
	const server = await testServer(t, { config: { loginsPerName: 1000, loginsPerAddress: 1000 } });
	const { hashPassword } = await import("../../../src/server/access/passwords.js");
	await server.store.addAdministrator({ name: "ada", password: await hashPassword(ADA.password) }, act());
	const visit = new Visit(server);
	const form = hiddenFields((await visit.get("/login")).text, "/login");
	const fastest = async (name: string): Promise<number> => {
		const times: number[] = [];
		for (let round = 0; round < 5; round++) {
			const begun = performance.now();
			const { status, text } = await visit.post("/login", { ...form, name, password: "not the password" });
			times.push(performance.now() - begun);
			t.is(status, 403);
			t.regex(text, /Name and password do not belong together/);
		}
		return Math.min(...times);
	};
	const [known, unknown] = [await fastest("ada"), await fastest("nobody")];
	// Without a hash to compute it would take a hundredth.
	t.true(unknown > known / 3 && known > unknown / 3, `${known} ms and ${unknown} ms`);
});

test("cookies of absurd size, number and content are no session, and no trouble", async (t) => {
	const server = await closedServer(t);
	const visit = new Visit(server);
	await visit.logIn();
	const real = visit.cookies.get("et_session") ?? "";
	const cookies = [
		`et_session=${"A".repeat(10_000)}`,
		`et_session=${real}A`,
		`et_session="${real}"`,
		`et_session=${real.slice(0, 42)}`,
		`et_session=${encodeURIComponent(`${real}\u0000`)}`,
		`et_session=' OR '1'='1`,
		`et_session=; et_session=${real}`,
		`xet_session=${real}`,
		`__Host-et_session=${real}`,
		`ET_SESSION=${real}`,
		`${"a=b; ".repeat(2_000)}et_session=x`,
		";;;===;;",
		`et_session=${digestOf(real).toString("base64url")}`,
	];
	for (const cookie of cookies) {
		const { status } = await fetch(`${server.url}/`, { headers: { cookie }, redirect: "manual" });
		t.is(status, 303, cookie.slice(0, 60));
	}
	const tooLong = await rawExchange(server.url, `GET / HTTP/1.1\r\nhost: x\r\ncookie: ${"a".repeat(20_000)}\r\n\r\n`);
	t.is(rawAnswers(tooLong)[0]?.status, 431);
	t.is((await visit.get("/")).status, 200);
});

test("names that are HTML are shown as they are, on every page", async (t) => {
	const server = await testServer(t);
	const name = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
	await addAdministrator(server.store, { name, password: ADA.password });
	const visit = new Visit(server);
	const wrong = await visit.fill("/login", "/login", { name, password: "wrong password" });
	t.is(wrong.status, 403);
	t.notRegex(wrong.text, /<script|<img/);
	await visit.logIn({ name, password: ADA.password });
	await visit.fill("/admin/tokens", "/admin/tokens", { name, project: "" });
	for (const path of ["/", "/admin/tokens", "/admin/audit", "/admin/password", "/?project=none", "/nothing"]) {
		const { text } = await visit.get(path);
		t.regex(text, /script/, path);
		t.notRegex(text, /<script|<img/, path);
	}
});

test("a form that is too long, broken, or says a thing twice changes nothing", async (t) => {
	const server = await closedServer(t);
	const visit = new Visit(server);
	const form = hiddenFields((await visit.get("/login")).text, "/login");
	t.is((await visit.post("/login", { ...form, ...ADA, more: "x".repeat(9_000) })).status, 413);
	t.is((await visit.post("/login", { ...form, name: "ada", password: "x".repeat(5_000) })).status, 403);
	for (const body of [
		"",
		"&&&===",
		"%",
		"%zz=%ff",
		`form=${form["form"]}&name=%00&password=%00`,
		"\u0000".repeat(100),
	]) {
		const answer = await fetch(`${server.url}/login`, {
			method: "POST",
			headers: {
				"content-type": "application/x-www-form-urlencoded",
				cookie: `et_visit=${visit.cookies.get("et_visit")}`,
			},
			body,
			redirect: "manual",
		});
		t.is(answer.status, 403, JSON.stringify(body));
	}
	// The first of two counts, so that nothing can be put behind what a form has.
	const twice = `form=${form["form"]}&name=ada&name=bob&password=wrong&password=${encodeURIComponent(ADA.password)}`;
	const answer = await fetch(`${server.url}/login`, {
		method: "POST",
		headers: {
			"content-type": "application/x-www-form-urlencoded",
			cookie: `et_visit=${visit.cookies.get("et_visit")}`,
		},
		body: twice,
		redirect: "manual",
	});
	t.is(answer.status, 403);
});

test("a page that has another site's name point to this machine reads nothing", async (t) => {
	const server = await testServer(t);
	for (const host of [
		"evil.example",
		"evil.example:8377",
		"127.0.0.1.evil.example",
		"localhost.evil.example",
		"[::2]",
	]) {
		for (const path of ["/", "/v1/runs", "/metrics"]) {
			const [answer] = rawAnswers(
				await rawExchange(server.url, `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
			);
			t.is(answer?.status, path === "/" ? 303 : 401, `${host} ${path}`);
		}
	}
	for (const host of ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.1.1:80", "[::1]:8377", "et.localhost"]) {
		const [answer] = rawAnswers(
			await rawExchange(server.url, `GET /v1/runs HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
		);
		t.is(answer?.status, 200, host);
	}
});
