/** How often, how much at once, and on whose word. */
import { gzipSync } from "node:zlib";
import test from "ava";
import { rawAnswers, rawConnection, rawExchange, readAll } from "../../helpers/raw.js";
import { post, postBytes, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

const PROXIED = { trustedProxies: ["127.0.0.1"] };

function from(address: string): Record<string, string> {
	return { "x-forwarded-for": address };
}

test("an address that asks too often is told when to come back, and others are served", async (t) => {
	const { url, store } = await testServer(t, { config: { ...PROXIED, requestsPerAddress: 3 } });
	const body = () => JSON.stringify(wireBatch([wireReport()]));
	for (let count = 0; count < 3; count++) t.is((await postBytes(url, body(), from("192.0.2.1"))).status, 200);
	const refused = await postBytes(url, body(), from("192.0.2.1"));
	t.is(refused.status, 429);
	t.is(refused.body.error.code, "too_many_requests");
	const seconds = Number(refused.headers.get("retry-after"));
	t.true(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
	t.is((await store.counts()).events, 3);
	t.is((await postBytes(url, body(), from("192.0.2.2"))).status, 200);
});

test("pages and addresses that are not there count as well, and a person gets a page", async (t) => {
	const { url } = await testServer(t, { config: { ...PROXIED, requestsPerAddress: 2 } });
	const ask = (path: string) => fetch(`${url}${path}`, { headers: from("192.0.2.1") });
	t.deepEqual([(await ask("/none")).status, (await ask("/none")).status], [404, 404]);
	const page = await ask("/");
	t.is(page.status, 429);
	t.regex(await page.text(), /Too many requests/);
});

test("the window over, an address is served again", async (t) => {
	const { url } = await testServer(t, { config: { ...PROXIED, requestsPerAddress: 1, rateWindowMs: 50 } });
	const ask = async () => (await fetch(`${url}/healthz`, { headers: from("192.0.2.1") })).status;
	t.is(await ask(), 200);
	const until = Date.now() + 10_000;
	while ((await ask()) !== 200) t.true(Date.now() < until, "it was never served again");
});

test("the users of one IPv6 network are one client", async (t) => {
	const { url } = await testServer(t, { config: { ...PROXIED, requestsPerAddress: 1 } });
	const ask = async (address: string) => (await fetch(`${url}/healthz`, { headers: from(address) })).status;
	t.is(await ask("2001:db8::1"), 200);
	t.is(await ask("2001:db8::2"), 429);
	t.is(await ask("2001:db8:0:1::1"), 200);
});

test("X-Forwarded-For is believed of nobody who is not named", async (t) => {
	const config = { requestsPerAddress: 1 };
	for (const trustedProxies of [[], ["192.0.2.9"]]) {
		const { url } = await testServer(t, { config: { ...config, trustedProxies } });
		// All come from this machine, which is not counted, whatever the header says.
		for (let count = 0; count < 5; count++) {
			t.is((await fetch(`${url}/healthz`, { headers: from("198.51.100.1") })).status, 200);
		}
	}
	const { url } = await testServer(t, { config: { ...config, ...PROXIED } });
	const ask = async (addresses: string) => (await fetch(`${url}/healthz`, { headers: from(addresses) })).status;
	t.is(await ask("198.51.100.1"), 200);
	// What the client itself put before the proxy's word changes nothing.
	t.is(await ask("203.0.113.7, 198.51.100.1"), 429);
	t.is(await ask("127.0.0.1, 198.51.100.1"), 429);
});

test("beyond its budget the server says that it is busy and takes nothing more; below it, it does again", async (t) => {
	const batch = JSON.stringify(wireBatch([wireReport()]));
	const { url } = await testServer(t, { config: { maxBytesAtOnce: 100_000 } });
	const holder = await rawConnection(url);
	holder.write(
		"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n",
	);
	holder.write(" ".repeat(99_990));
	const until = Date.now() + 10_000;
	let refused = await postBytes(url, batch);
	while (refused.status === 200 && Date.now() < until) refused = await postBytes(url, batch);
	t.is(refused.status, 503);
	t.is(refused.body.error.code, "busy");
	t.truthy(refused.headers.get("retry-after"));
	t.is((await fetch(`${url}/healthz`)).status, 200);

	holder.destroy();
	let served = await postBytes(url, batch);
	while (served.status !== 200 && Date.now() < until) served = await postBytes(url, batch);
	t.deepEqual(verdicts(served), ["accepted"]);
});

test("every request gives back what it held of the budget, however it ends", async (t) => {
	const { url } = await testServer(t, { config: { maxBytesAtOnce: 5_000, maxInflatedBytes: 4_000 } });
	const batch = JSON.stringify(wireBatch([wireReport()]));
	const gzipped = new Uint8Array(gzipSync(batch));
	const bomb = new Uint8Array(gzipSync(Buffer.alloc(100_000)));
	const gzip = { "content-encoding": "gzip" };
	for (let round = 0; round < 20; round++) {
		t.is((await post(url, wireBatch([wireReport()]))).status, 200);
		t.is((await postBytes(url, gzipped, gzip)).status, 200);
		t.is((await postBytes(url, bomb, gzip)).status, 413);
		t.is((await postBytes(url, "{")).status, 400);
		const broken = await rawConnection(url);
		broken.write(
			`POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n{`,
		);
		broken.end();
		await readAll(broken);
	}
});

test("a body that is said to be too long is refused before it is sent", async (t) => {
	const { url } = await testServer(t);
	const head =
		"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n";
	const [answer] = rawAnswers(await rawExchange(url, head));
	t.is(answer?.status, 413);
	t.regex(answer?.body ?? "", /body_too_large/);
});

test("a body without a length is read as far as one may be long", async (t) => {
	const { url } = await testServer(t, { config: { maxBodyBytes: 1_000 } });
	const head =
		"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
	const [answer] = rawAnswers(await rawExchange(url, head, `2000\r\n${" ".repeat(0x2000)}\r\n`));
	t.is(answer?.status, 413);
});
