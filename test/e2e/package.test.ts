/** What is shipped, where it differs from what tsc wrote: code that a script loads only when it comes to it. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import { runScript } from "../helpers/child.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { moduleUrl } from "../helpers/modules.js";
import { namesIn } from "../helpers/spool.js";

const CLIENT = JSON.stringify(moduleUrl("pkg/index.js"));
const BOUND = 3;
/** The turn comes once in 256 reports: not to have come by now has a chance of 1 in 10^17. */
const MOST_REPORTS = 10_000;

test("one script in 256 holds the spool to its bounds", async (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const body = `
		import { readdirSync } from "node:fs";
		import { enqueue } from ${CLIENT};
		let kept = 0;
		for (let n = 1; n < ${MOST_REPORTS} && kept === 0; n++) {
			if (enqueue({}, { manifest: ${JSON.stringify(home.manifestPath)} }).status !== "queued") break;
			const left = readdirSync(${JSON.stringify(home.spool.new)}).length;
			if (left < n) kept = left;
		}
		process.exitCode = kept;`;
	const env = { ...home.env, ET_MAX_REPORTS: String(BOUND) };
	t.deepEqual(await runScript(t, body, { env }), { code: BOUND, signal: null, stdout: "", stderr: "" });
	t.is(namesIn(home.spool.new).length, BOUND);
});

test("a script starts the uploader where its user chose that", async (t) => {
	const server = createServer((_request, response) => response.writeHead(503).end());
	const asked = once(server, "request") as Promise<[IncomingMessage]>;
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const home = temporaryHome(t, testManifest({ endpoint }));
	grantAt(home);
	const body = `
		import { enqueue } from ${CLIENT};
		enqueue({}, { manifest: ${JSON.stringify(home.manifestPath)} });`;
	const result = await runScript(t, body, { env: { ...home.env, ET_FLUSH: "detached" } });
	t.deepEqual(result, { code: 0, signal: null, stdout: "", stderr: "" });
	const [request] = await asked;
	t.is(request.url, "/v1/batches");
});
