/** https of the server itself: with real certificates, over real sockets, by clients that check them. */

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type PeerCertificate } from "node:tls";
import type { ExecutionContext } from "ava";
import { readTls } from "../../src/server/tls.js";
import { HAS_OPENSSL, makeCertificates } from "../helpers/certificate.js";
import { runProgram } from "../helpers/child.js";
import { ET_SERVER, startServerProcess } from "../helpers/et-server.js";
import { asOrdinaryUser, needing } from "../helpers/needs.js";
import { testServer, wireBatch, wireReport } from "../helpers/server.js";
import { temporaryFolder } from "../helpers/temporary.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const withOpenssl = needing("openssl", () => HAS_OPENSSL);

interface Files {
	folder: string;
	/** The authority's certificate, which a client has to trust. */
	authority: string;
	cert: string;
	key: string;
}

function certificates(t: ExecutionContext): Files {
	const folder = temporaryFolder(t);
	const { authority } = makeCertificates(folder);
	return { folder, authority, cert: join(folder, "server.pem"), key: join(folder, "server.key") };
}

/** A request of a client that trusts the authority, and nobody else, to the host that the certificate is for. */
function ask(url: string, path: string, ca: Buffer, body?: string): Promise<{ status: number; text: string }> {
	const options = { ca, method: body === undefined ? "GET" : "POST", headers: { "content-type": "application/json" } };
	return new Promise((resolve, reject) => {
		request(`https://localhost:${new URL(url).port}${path}`, { ...options, agent: false }, (response) => {
			let text = "";
			response.setEncoding("utf8").on("data", (part: string) => {
				text += part;
			});
			response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
		})
			.on("error", reject)
			.end(body);
	});
}

function certificateShownBy(url: string): Promise<PeerCertificate> {
	return new Promise((resolve, reject) => {
		const socket = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false }, () => {
			resolve(socket.getPeerCertificate());
			socket.destroy();
		}).on("error", reject);
	});
}

withOpenssl("a batch is taken, and pages are shown, over https", async (t) => {
	const files = certificates(t);
	const { url, store } = await testServer(t, { tls: files });
	t.regex(url, /^https:/);
	const ca = readFileSync(files.authority);
	const posted = await ask(url, "/v1/batches", ca, JSON.stringify(wireBatch([wireReport()])));
	t.is(posted.status, 200);
	t.like(JSON.parse(posted.text), { verdicts: [{ verdict: "accepted" }] });
	t.regex((await ask(url, "/", ca)).text, /dunovo/);
	t.is((await store.counts()).events, 1);
});

withOpenssl("what is no TLS harms nothing", async (t) => {
	const files = certificates(t);
	const { url } = await testServer(t, { tls: files });
	await new Promise<void>((resolve) => {
		const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.end("GET / HTTP/1.1\r\n\r\n"));
		socket.on("error", () => undefined).on("close", () => resolve());
	});
	await t.throwsAsync(fetch(url.replace("https", "http")));
	await t.throwsAsync(ask(url, "/", Buffer.from("")));
	t.is((await ask(url, "/healthz", readFileSync(files.authority))).status, 200);
});

withOpenssl("each file that cannot be used is said, with what to do", (t) => {
	const files = certificates(t);
	const other = join(files.folder, "other");
	mkdirSync(other);
	makeCertificates(other);
	const locked = join(files.folder, "locked.key");
	spawnSync("openssl", ["pkey", "-in", files.key, "-aes256", "-passout", "pass:x", "-out", locked]);
	const weak = join(files.folder, "weak");
	const weakArgs = ["req", "-x509", "-newkey", "rsa:512", "-nodes", "-keyout", `${weak}.key`, "-out", `${weak}.pem`];
	spawnSync("openssl", [...weakArgs, "-subj", "/CN=localhost"]);
	const nothing = join(files.folder, "nothing.pem");
	const now = Date.now();
	const cases: Array<[changes: Partial<Files>, nowMs: number, message: RegExp]> = [
		[{ cert: nothing }, now, /certificate .*nothing\.pem cannot be read: there is no such file; .* --tls-cert\.$/],
		[{ key: nothing }, now, /private key .*nothing\.pem cannot be read: there is no such file; .* --tls-key\.$/],
		[{ cert: files.folder }, now, /cannot be read: it is a folder/],
		[{ cert: files.key }, now, /server\.key holds no certificate in PEM; .* --tls-cert is for/],
		[{ key: files.cert }, now, /server\.pem holds no private key in PEM; .* --tls-key is for/],
		[{ key: join(other, "server.key") }, now, /is not that of the certificate .*; .* made together/],
		[{ key: locked }, now, /locked by a passphrase; .* openssl pkey -in /],
		[{}, now + 3 * DAY_MS, /expired on \d{4}-\d{2}-\d{2}; .* renewed\.$/],
		[{}, now - 3 * DAY_MS, /is not valid before \d{4}-\d{2}-\d{2}; .* clock/],
		[{ cert: `${weak}.pem`, key: `${weak}.key` }, now, /cannot be used \(.*key too small.*\); .* 2048 bits/],
	];
	for (const [changes, nowMs, message] of cases) {
		t.throws(() => readTls({ ...files, ...changes }, nowMs), { code: "ET_TLS_UNUSABLE", message });
	}
	t.like(readTls(files, now), { names: "localhost" });
});

withOpenssl("the command says in one line what is wrong, and makes no database", async (t) => {
	const { folder, cert, key } = certificates(t);
	const run = (...args: string[]) =>
		runProgram(t, process.execPath, [ET_SERVER, "--port", "0", "--database", join(folder, "et.sqlite"), ...args]);
	const missing = await run("--tls-cert", cert, "--tls-key", join(folder, "none.pem"));
	t.is(missing.code, 7);
	t.regex(missing.stderr, /^et-server: The private key \S+none\.pem cannot be read: [^\n]+\n$/);
	const half = await run("--tls-cert", cert);
	t.is(half.code, 2);
	t.regex(half.stderr, /^error: --tls-cert and --tls-key belong together[^\n]+\n$/);
	t.is((await run("--tls-key", key)).code, 2);
	t.throws(() => readFileSync(join(folder, "et.sqlite")), { code: "ENOENT" });
});

asOrdinaryUser("a key that may not be read is said in one line", async (t) => {
	const { folder, cert, key } = certificates(t);
	chmodSync(key, 0);
	const args = ["--port", "0", "--database", join(folder, "et.sqlite"), "--tls-cert", cert, "--tls-key", key];
	const { code, stderr } = await runProgram(t, process.execPath, [ET_SERVER, ...args]);
	t.is(code, 7);
	t.regex(stderr, /it may not be read by this user/);
});

withOpenssl("SIGHUP shows a renewed certificate, and one that cannot be used changes nothing", async (t) => {
	const files = certificates(t);
	const renewed = join(files.folder, "renewed");
	mkdirSync(renewed);
	makeCertificates(renewed);
	const server = await startServerProcess(t, join(files.folder, "et.sqlite"), [
		...["--host", "localhost", "--tls-cert", files.cert, "--tls-key", files.key],
	]);
	t.regex(server.output(), /^Certificate: for localhost, until \d{4}-\d{2}-\d{2}T/m);
	const first = await certificateShownBy(server.url);
	const said = (pattern: RegExp) =>
		new Promise<void>((resolve) => {
			const heard = server.output().length;
			for (const stream of [server.child.stdout, server.child.stderr]) {
				stream?.on("data", () => {
					if (pattern.test(server.output().slice(heard))) resolve();
				});
			}
			server.child.kill("SIGHUP");
		});
	writeFileSync(files.cert, "nothing");
	await said(/ holds no certificate in PEM; .* shown the certificate that was there before\."}$/m);
	t.is((await certificateShownBy(server.url)).fingerprint256, first.fingerprint256);
	for (const [name, file] of [["server.pem", files.cert] as const, ["server.key", files.key] as const]) {
		copyFileSync(join(renewed, name), file);
	}
	await said(/^Certificate: for localhost, until /m);
	t.not((await certificateShownBy(server.url)).fingerprint256, first.fingerprint256);
	t.is((await ask(server.url, "/healthz", readFileSync(join(renewed, "ca.pem")))).status, 200);
	t.is(await server.end("SIGTERM"), 0);
});
