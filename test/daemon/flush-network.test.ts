/** A flush over networks that fail: every wait ends by itself, nothing is lost, and the reason is told. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import ava from "ava";
import { readState } from "../../src/spool/state.js";
import { HAS_OPENSSL, makeCertificates } from "../helpers/certificate.js";
import {
	accepting,
	type Behaviour,
	deadAddress,
	faultyServer,
	hanging,
	judging,
	socketServer,
} from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { needing } from "../helpers/needs.js";
import { testProxy } from "../helpers/proxy.js";
import { fillSpool, temporarySpool } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { flushSpool, IMPATIENT, pendingIds, QUICK, rejections, runUploader } from "../helpers/uploader.js";

const MEBIBYTE = 1024 * 1024;
/** One after another: each measures time. */
const test = ava.serial;
const withOpenssl = needing("openssl", () => HAS_OPENSSL);

/** A spool with reports for one address. */
function spoolFor(t: Parameters<typeof temporarySpool>[0], endpoint: string, count = 3) {
	const folders = temporarySpool(t);
	fillSpool(folders, count, { manifest: testManifest({ endpoint }) });
	return { folders, ids: pendingIds(folders) };
}

/** Flushes against an address that fails, and looks whether that cost anything. */
async function failsHarmlessly(t: Parameters<typeof temporarySpool>[0], endpoint: string, why: RegExp): Promise<void> {
	const { folders, ids } = spoolFor(t, endpoint);
	const summary = await flushSpool(folders, { policy: IMPATIENT });
	t.is(summary.delivered + summary.rejected + summary.lost + summary.corrupt, 0);
	t.regex(summary.failed[0]?.why ?? "", why);
	t.deepEqual(pendingIds(folders), ids);
	t.deepEqual(rejections(folders), []);
	const state = readState(folders).endpoints[endpoint];
	t.is(state?.failures, 1);
	t.is(state?.held, null);
	t.regex(state?.last_error?.why ?? "", why);
}

test("nobody listens", async (t) => {
	await failsHarmlessly(t, await deadAddress(), /ECONNREFUSED/);
});

test("a name that does not exist", async (t) => {
	await failsHarmlessly(t, "https://et.invalid", /ENOTFOUND|EAI_AGAIN/);
});

test("a connection that is reset at once is tried a few times, and no more", async (t) => {
	const server = await socketServer(t, (socket) => socket.resetAndDestroy());
	await failsHarmlessly(t, server.url, /ECONNRESET|closed/);
	t.is(server.connections(), 1 + QUICK.quickRetries);
});

test("a connection that is reset in the middle of the request's body", async (t) => {
	const server = await socketServer(t, (socket) => socket.once("data", () => socket.resetAndDestroy()));
	await failsHarmlessly(t, server.url, /ECONNRESET|EPIPE|closed/);
});

test("a server that hangs before it answers", async (t) => {
	const server = await faultyServer(t, hanging);
	await failsHarmlessly(t, server.url, /no answer within 0.5 s/);
	t.is(server.requests.length, 1);
});

test("a server that accepts connections and reads nothing", async (t) => {
	const server = await socketServer(t, (socket) => socket.pause());
	await failsHarmlessly(t, server.url, /no answer within 0.5 s/);
});

test("a server that hangs after its headers", async (t) => {
	const server = await faultyServer(t, ({ response }) => {
		response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
	});
	await failsHarmlessly(t, server.url, /no answer within 0.5 s/);
});

test("a server that answers a byte at a time is cut off at the time limit", async (t) => {
	const server = await faultyServer(t, async ({ response }) => {
		for (const byte of '{"wire":1,"verdicts":[]}'.repeat(100)) {
			response.write(byte);
			await delay(20);
			if (response.destroyed) return;
		}
	});
	await failsHarmlessly(t, server.url, /no answer within 0.5 s/);
});

test("headers a byte at a time are cut off as well", async (t) => {
	const server = await socketServer(t, (socket) => {
		const timer = setInterval(() => socket.write("X"), 20);
		socket.write("HTTP/1.1 200 OK\r\nA: ");
		socket.on("close", () => clearInterval(timer));
	});
	await failsHarmlessly(t, server.url, /no answer within 0.5 s/);
});

test("an answer that breaks off in its middle", async (t) => {
	const server = await faultyServer(t, ({ response }) => {
		response.writeHead(200, { "content-length": "1000" });
		response.write('{"wire":1,', () => response.destroy());
	});
	await failsHarmlessly(t, server.url, /closed|terminated|ECONNRESET/);
});

test("something that does not speak HTTP", async (t) => {
	const server = await socketServer(t, (socket) => socket.end("220 mail.example.org ESMTP\r\n"));
	await failsHarmlessly(t, server.url, /HPE_|Parse|HTTP|closed/i);
});

test("an answer whose gzip is cut short is no answer", async (t) => {
	const server = await faultyServer(t, ({ received, response }) => {
		const verdicts = received.ids.map((id) => ({
			id,
			verdict: "accepted",
			message: createHash("sha256").digest("hex"),
		}));
		const whole = gzipSync(JSON.stringify({ wire: 1, verdicts }));
		response.writeHead(200, { "content-encoding": "gzip" }).end(whole.subarray(0, whole.length / 2));
	});
	const { folders, ids } = spoolFor(t, server.url);
	const summary = await flushSpool(folders);
	t.is(summary.failed.length, 1);
	t.deepEqual(pendingIds(folders), ids);
});

test("an answer that is gzipped, whole, counts", async (t) => {
	const server = await faultyServer(t, ({ received, response }) => {
		const verdicts = received.ids.map((id) => ({ id, verdict: "accepted" }));
		const body = gzipSync(JSON.stringify({ wire: 1, verdicts }));
		response.writeHead(200, { "content-encoding": "gzip" }).end(body);
	});
	const { folders } = spoolFor(t, server.url);
	t.is((await flushSpool(folders)).delivered, 3);
});

/** Writes until it is cut off, or a GiB is out. */
function streaming(written: { bytes: number }, chunk: Buffer, headers: Record<string, string> = {}): Behaviour {
	return async ({ response }) => {
		response.writeHead(200, { "content-type": "application/json", ...headers });
		while (written.bytes < 1024 * MEBIBYTE && !response.destroyed) {
			written.bytes += chunk.length;
			if (!response.write(chunk)) await drained(response);
		}
	};
}

/** Resolves when there is room again, or nobody to write to. */
function drained(response: Parameters<Behaviour>[0]["response"]): Promise<unknown> {
	const settled = new AbortController();
	const ends = ["drain", "close"].map((event) => once(response, event, { signal: settled.signal }).catch(() => {}));
	return Promise.race(ends).finally(() => settled.abort());
}

test("an answer of a GiB is read no further than its bound", async (t) => {
	const written = { bytes: 0 };
	const server = await faultyServer(t, streaming(written, Buffer.alloc(64 * 1024, " ")));
	const { folders, ids } = spoolFor(t, server.url);
	const summary = await flushSpool(folders);
	t.regex(summary.failed[0]?.why ?? "", /answered 200, and not as/);
	t.deepEqual(pendingIds(folders), ids);
	t.true(written.bytes < 32 * MEBIBYTE, `${written.bytes} bytes left the server`);
});

test("an answer that inflates without end is inflated no further than its bound", async (t) => {
	const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE, " "));
	const server = await faultyServer(t, ({ response }) => {
		response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
	});
	const { folders, ids } = spoolFor(t, server.url);
	const before = process.memoryUsage().rss;
	const summary = await flushSpool(folders);
	t.regex(summary.failed[0]?.why ?? "", /answered 200, and not as/);
	t.deepEqual(pendingIds(folders), ids);
	t.true(process.memoryUsage().rss - before < 32 * MEBIBYTE);
});

withOpenssl("a certificate of an authority that nobody knows", async (t) => {
	const { server: tls } = makeCertificates(temporaryFolder(t));
	const server = await faultyServer(t, accepting, tls);
	await failsHarmlessly(t, server.url, /certificate/);
	t.deepEqual(server.requests, []);
});

withOpenssl("a certificate for another name", async (t) => {
	const files = makeCertificates(temporaryFolder(t));
	const server = await faultyServer(t, accepting, files.server);
	const { folders, ids } = spoolFor(t, server.url.replace("localhost", "127.0.0.1"));
	const ended = await runUploader(t, folders, ["--once"], { NODE_EXTRA_CA_CERTS: files.authority });
	t.is(ended.code, 4);
	t.regex(ended.stdout, /altnames/);
	t.deepEqual(pendingIds(folders), ids);
	t.deepEqual(server.requests, []);
});

withOpenssl("TLS spoken to a server that has none", async (t) => {
	const server = await faultyServer(t, accepting);
	await failsHarmlessly(t, server.url.replace("http:", "https:"), /SSL|EPROTO|wrong version/i);
});

withOpenssl("NODE_EXTRA_CA_CERTS makes an authority of the user's own known", async (t) => {
	const files = makeCertificates(temporaryFolder(t));
	const server = await faultyServer(t, accepting, files.server);
	const { folders } = spoolFor(t, server.url);
	const ended = await runUploader(t, folders, ["--once"], { NODE_EXTRA_CA_CERTS: files.authority });
	t.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "Delivered 3 reports.\n", ""]);
	t.deepEqual(pendingIds(folders), []);
});

test("a proxy's address without a scheme is one, as for curl", async (t) => {
	const [server, proxy] = [await faultyServer(t, accepting), await testProxy(t)];
	const { folders } = spoolFor(t, server.url);
	await flushSpool(folders, { env: { http_proxy: new URL(proxy.url).host } });
	t.deepEqual(proxy.tunnels, [new URL(server.url).host]);
	t.deepEqual(pendingIds(folders), []);
});

for (const variable of ["HTTP_PROXY", "http_proxy"]) {
	test(`${variable} is honoured`, async (t) => {
		const [server, proxy] = [await faultyServer(t, accepting), await testProxy(t)];
		const { folders } = spoolFor(t, server.url);
		const ended = await runUploader(t, folders, ["--once"], { [variable]: proxy.url });
		t.deepEqual([ended.code, ended.stderr], [0, ""]);
		t.deepEqual(proxy.tunnels, [new URL(server.url).host]);
		t.deepEqual(pendingIds(folders), []);
	});
}

for (const value of ["127.0.0.1", "*", "example.org,127.0.0.1"]) {
	test(`NO_PROXY=${value} goes around the proxy`, async (t) => {
		const [server, proxy] = [await faultyServer(t, accepting), await testProxy(t)];
		const { folders } = spoolFor(t, server.url);
		const ended = await runUploader(t, folders, ["--once"], { HTTP_PROXY: proxy.url, NO_PROXY: value });
		t.is(ended.code, 0);
		t.deepEqual(proxy.tunnels, []);
		t.deepEqual(pendingIds(folders), []);
	});
}

withOpenssl(
	"HTTPS_PROXY is honoured, with an authority of the user's own, and sees no more than an address",
	async (t) => {
		const files = makeCertificates(temporaryFolder(t));
		const [server, proxy] = [await faultyServer(t, accepting, files.server), await testProxy(t)];
		const { folders } = spoolFor(t, server.url);
		const env = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: files.authority };
		const ended = await runUploader(t, folders, ["--once"], env);
		t.deepEqual([ended.code, ended.stderr], [0, ""]);
		t.deepEqual(proxy.tunnels, [new URL(server.url).host]);
		t.deepEqual(pendingIds(folders), []);
	},
);

test("a proxy that nobody listens at loses nothing", async (t) => {
	const server = await faultyServer(t, accepting);
	const { folders, ids } = spoolFor(t, server.url);
	const ended = await runUploader(t, folders, ["--once"], { HTTP_PROXY: await deadAddress() });
	t.is(ended.code, 4);
	t.regex(ended.stdout, /ECONNREFUSED/);
	t.deepEqual(pendingIds(folders), ids);
	t.deepEqual(server.requests, []);
});

test("a proxy's address that is none is told, and loses nothing", async (t) => {
	const server = await faultyServer(t, accepting);
	const { folders, ids } = spoolFor(t, server.url);
	const ended = await runUploader(t, folders, ["--once"], { HTTP_PROXY: "not a url" });
	t.is(ended.code, 1);
	t.regex(ended.stderr, /^et-uploader: HTTP_PROXY is not the address of an HTTP proxy\. Nothing was sent/);
	t.deepEqual(pendingIds(folders), ids);
	t.deepEqual(server.requests, []);
});

const interleaved = 4000;

test("an endpoint that hangs holds back no other: thousands arrive before its time limit", async (t) => {
	const [healthy, stuck] = [await faultyServer(t, accepting), await faultyServer(t, hanging)];
	const folders = temporarySpool(t);
	const firstMs = Date.now() - 2 * interleaved;
	for (const [offset, { url }] of [stuck, healthy].entries()) {
		// One of each in turn, in steps of two milliseconds.
		for (let index = 0; index < interleaved; index += 1000) {
			const atMs = firstMs + 2 * index + offset;
			fillSpool(folders, 1000, { manifest: testManifest({ endpoint: url }), atMs });
		}
	}
	const stop = new AbortController();
	let delivered = 0;
	const flushing = flushSpool(folders, {
		abort: stop.signal,
		onProgress: (done) => {
			delivered = done;
			if (done === interleaved) stop.abort();
		},
	});
	const summary = await flushing;
	t.is(delivered, interleaved);
	t.is(summary.delivered, interleaved);
	t.is(pendingIds(folders).length, interleaved);
	t.is(new Set(healthy.requests.flatMap(({ ids }) => ids)).size, interleaved);
	t.is(stuck.requests.length, 1);
});

test("an endpoint that answers slowly gets all its reports in one flush all the same", async (t) => {
	const server = await faultyServer(t, async (exchange) => {
		await delay(2 * QUICK.patienceMs);
		await accepting(exchange);
	});
	const { folders } = spoolFor(t, server.url, 50);
	const summary = await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 } });
	t.deepEqual([summary.delivered, server.requests.length], [50, 5]);
});

test("one endpoint's failure is its own", async (t) => {
	const good = await faultyServer(t, accepting);
	const half = await faultyServer(
		t,
		judging((_, index) => (index === 0 ? { verdict: "accepted" } : null)),
	);
	const dead = await deadAddress();
	const folders = temporarySpool(t);
	for (const endpoint of [dead, half.url, good.url]) fillSpool(folders, 5, { manifest: testManifest({ endpoint }) });
	const summary = await flushSpool(folders);
	t.is(summary.delivered, 6);
	t.deepEqual(
		summary.failed.map(({ endpoint }) => endpoint),
		[dead],
	);
	t.is(pendingIds(folders).length, 9);
});
