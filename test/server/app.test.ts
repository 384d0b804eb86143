/** Addresses, methods and headers, whatever stands behind them. */
import test from "ava";
import { testServer } from "../helpers/server.js";

test("healthz says ok while the store answers, and 503 when it does not", async (t) => {
	const { url, store } = await testServer(t);
	const healthy = await fetch(`${url}/healthz`);
	t.is(healthy.status, 200);
	t.deepEqual(await healthy.json(), { status: "ok", wire: 1 });

	await store.close();
	const ill = await fetch(`${url}/healthz`);
	t.is(ill.status, 503);
	t.truthy(ill.headers.get("retry-after"));
});

test("what is not there is not found: as JSON for programs, as a page for people", async (t) => {
	const { url } = await testServer(t);
	const program = await fetch(`${url}/v1/nothing`, { method: "POST", body: "text" });
	t.is(program.status, 404);
	t.is(((await program.json()) as { error: { code: string } }).error.code, "not_found");

	const person = await fetch(`${url}/nothing`);
	t.is(person.status, 404);
	t.regex(person.headers.get("content-type") ?? "", /text\/html/);
	t.notRegex(await person.text(), /nothing</);
});

test("an address says which methods it takes", async (t) => {
	const { url } = await testServer(t);
	for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
		const response = await fetch(`${url}/v1/batches`, { method });
		t.is(response.status, 405, method);
		t.is(response.headers.get("allow"), "POST");
		t.is(((await response.json()) as { error: { code: string } }).error.code, "method_not_allowed");
	}
	const put = await fetch(`${url}/`, { method: "PUT", body: "text" });
	t.is(put.status, 405);
	t.is(put.headers.get("allow"), "GET, HEAD");
	t.is((await fetch(`${url}/`, { method: "HEAD" })).status, 200);
});

test("an address that cannot be read is the client's mistake", async (t) => {
	const { url } = await testServer(t);
	for (const path of [
		"/%zz",
		"/runs/%00/%ff",
		"/?project=%3Cb%3E",
		"/?before=x",
		"/?before=1&after=1",
		"/?before=1&before=2",
	]) {
		const { status } = await fetch(`${url}${path}`);
		t.true(status === 400 || status === 404, `${path}: ${status}`);
	}
});

test("every page forbids scripts, frames and other origins", async (t) => {
	const { url } = await testServer(t);
	for (const path of ["/", "/nothing", "/?before=x", "/runs/dunovo/none"]) {
		const { headers } = await fetch(`${url}${path}`);
		const policy = headers.get("content-security-policy") ?? "";
		t.regex(policy, /default-src 'none'/, path);
		t.regex(policy, /frame-ancestors 'none'/);
		t.notRegex(policy, /script-src|unsafe|upgrade-insecure-requests/);
		t.is(headers.get("x-content-type-options"), "nosniff");
		t.is(headers.get("cache-control"), "no-store");
		t.is(headers.get("strict-transport-security"), null);
	}
});

test("the style sheet's address may be kept for ever", async (t) => {
	const { url } = await testServer(t);
	const page = await (await fetch(`${url}/`)).text();
	const href = /rel="stylesheet" href="([^"]+)"/.exec(page)?.[1]?.replace("&#61;", "=") ?? "";
	t.regex(href, /^\/style\.css\?v=[0-9a-f]{12}$/);
	const style = await fetch(`${url}${href}`);
	t.is(style.headers.get("content-type"), "text/css; charset=utf-8");
	t.regex(style.headers.get("cache-control") ?? "", /immutable/);
});

test("close waits for the requests under way", async (t) => {
	const server = await testServer(t);
	let release = () => {};
	const held = new Promise<void>((resolve) => {
		release = resolve;
	});
	let entered = () => {};
	const inside = new Promise<void>((resolve) => {
		entered = resolve;
	});
	const { check } = server.store;
	server.store.check = async () => {
		entered();
		await held;
		return check.call(server.store);
	};
	const request = fetch(`${server.url}/healthz`);
	await inside;
	const closed = server.close();
	release();
	t.is((await request).status, 200);
	await closed;
	await t.throwsAsync(fetch(`${server.url}/healthz`));
});
