/** What never becomes a request is answered in the same form as what does. */
import { once } from "node:events";
import test from "ava";
import { type RawAnswer, rawAnswers, rawConnection, rawExchange, readAll } from "../../helpers/raw.js";
import { testServer, wireBatch, wireReport } from "../../helpers/server.js";

function codeOf(answer: RawAnswer | undefined): string {
	const { wire, error } = JSON.parse(answer?.body ?? "{}") as { wire?: number; error?: { code: string } };
	return wire === 1 ? `${answer?.status} ${error?.code}` : `${answer?.status}, not ours`;
}

function batchRequest(body = JSON.stringify(wireBatch([wireReport()]))): string {
	return `POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

test("what is not HTTP is refused as such, and the connection closed", async (t) => {
	const { url } = await testServer(t);
	for (const garbage of [
		"hello\r\n\r\n",
		"GET\r\n\r\n",
		"\u0000\u0001\u0002\u0003",
		"GET / HTTP/9.9\r\n\r\n",
		"BREW / HTTP/1.1\r\nhost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
		"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\na: b\u0000c\r\n\r\n",
		"POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
		"CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\n\r\n",
	]) {
		const [answer, ...more] = rawAnswers(await rawExchange(url, garbage));
		t.is(codeOf(answer), "400 bad_request", JSON.stringify(garbage));
		t.is(answer?.headers.get("connection"), "close");
		t.deepEqual(more, []);
	}
});

test("a request of HTTP/1.1 without a host is refused in our form", async (t) => {
	const { url } = await testServer(t);
	const said = await rawExchange(url, "POST /v1/batches HTTP/1.1\r\nconnection: close\r\n\r\n");
	t.is(codeOf(rawAnswers(said)[0]), "400 bad_request");
});

test("headers and addresses that are too long are refused as such", async (t) => {
	const { url } = await testServer(t);
	for (const flood of [
		`GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(20_000)}\r\n`,
		`GET / HTTP/1.1\r\nhost: x\r\nlong: ${"x".repeat(100_000)}\r\n\r\n`,
		`GET /${"x".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
	]) {
		t.is(codeOf(rawAnswers(await rawExchange(url, flood))[0]), "431 headers_too_large");
	}
});

test("garbage behind a good request does not take that one's answer", async (t) => {
	const { url, store } = await testServer(t);
	const answers = rawAnswers(await rawExchange(url, batchRequest() + batchRequest(), "garbage\r\n\r\n"));
	t.deepEqual(
		answers.map(({ status }) => status),
		[200, 200, 400],
	);
	t.is((await store.counts()).events, 2);
});

test("requests that come at once are answered in their order", async (t) => {
	const { url } = await testServer(t);
	const last = "GET /v1/none HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
	const answers = rawAnswers(await rawExchange(url, batchRequest() + batchRequest("{") + batchRequest() + last));
	t.deepEqual(
		answers.map(({ status }) => status),
		[200, 400, 200, 404],
	);
});

test("a client that takes too long over headers or body is told so, and loses its connection", async (t) => {
	const { url } = await testServer(t, { config: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
	const slowHeaders = await rawConnection(url);
	slowHeaders.write("POST /v1/batches HTTP/1.1\r\nhost: x\r\n");
	t.is(codeOf(rawAnswers(await readAll(slowHeaders))[0]), "408 too_slow");

	const slowBody = await rawConnection(url);
	slowBody.write(batchRequest().slice(0, -10));
	t.is(codeOf(rawAnswers(await readAll(slowBody))[0]), "408 too_slow");
});

test("five hundred clients that send a byte now and then keep nobody from being served", async (t) => {
	const { url } = await testServer(t, { config: { headersTimeoutMs: 1_000, requestTimeoutMs: 2_000 } });
	const slow = await Promise.all(Array.from({ length: 500 }, () => rawConnection(url)));
	const closed = slow.map((socket) => once(socket, "close"));
	for (const socket of slow)
		socket.resume().write("POST /v1/batches HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n");
	const trickle = setInterval(() => {
		for (const socket of slow) if (socket.writable) socket.write("a: b\r\n");
	}, 100);
	t.teardown(() => clearInterval(trickle));
	const [answer] = rawAnswers(await rawExchange(url, batchRequest().replace("\r\n", "\r\nconnection: close\r\n")));
	t.is(answer?.status, 200);
	await Promise.all(closed);
	t.pass("each of them lost its connection");
});

test("connections beyond the limit are closed, and those below it are served", async (t) => {
	const { url } = await testServer(t, { config: { maxConnections: 3 } });
	const held = await Promise.all(Array.from({ length: 3 }, () => rawConnection(url)));
	// The fourth is closed without a word; a client takes that for a network that broke, and comes back.
	const beyond = await rawConnection(url);
	t.is(await readAll(beyond), "");
	held[0]?.write("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
	t.is(rawAnswers(await readAll(held[0] as (typeof held)[0]))[0]?.status, 200);
	for (const socket of held) socket.destroy();
});
