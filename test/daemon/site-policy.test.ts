/** What the site's policy rules holds at sending, too: what is left out, and the way that everything goes. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { run as runShow } from "../../src/cli/commands/show.js";
import type { CliContext } from "../../src/cli/context.js";
import { Output } from "../../src/cli/output.js";
import { systemContext } from "../../src/client/context.js";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import type { SpoolFolders } from "../../src/spool/layout.js";
import { fold } from "../../src/spool/segments.js";
import { accepting, type FaultyServer, faultyServer } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { testProxy } from "../helpers/proxy.js";
import { putReport, temporarySpool } from "../helpers/spool.js";
import { directoriesOf, flushSpool, pendingIds, QUICK } from "../helpers/uploader.js";

const GRANT = "site-grant";
const GIVEN = { platform: "slurm", command: "align", wallS: 3, inputs: { pairs: 7 }, data: { duplexes: 2 } } as const;

interface Site {
	folders: SpoolFolders;
	server: FaultyServer;
	rule: (policy: object | null) => void;
}

/** A spool with a loose report and a folded one, granted, at a site whose policy a test writes. */
async function site(t: ExecutionContext, without: readonly string[] = []): Promise<Site> {
	const [server, folders] = [await faultyServer(t, accepting), temporarySpool(t)];
	const manifest = testManifest({ endpoint: server.url });
	const { consent, sitePolicy } = directoriesOf(folders);
	const change = { now: new Date(), how: "test", without };
	new ConsentStore(consent).write(grant(manifest, "granted", null, GRANT, change));
	const folded = putReport(folders, { manifest, grant: GRANT, given: GIVEN });
	const text = readFileSync(join(folders.new, folded), "utf8");
	fold(folders, "0000000001000-test", [{ name: folded, text }]);
	putReport(folders, { manifest, grant: GRANT, given: { ...GIVEN, command: "sort" } });
	const rule = (policy: object | null): void =>
		policy === null ? rmSync(sitePolicy) : writeFileSync(sitePolicy, JSON.stringify(policy));
	return { folders, server, rule };
}

class Recorded extends Output {
	text = "";
	override write(text: string): void {
		this.text += text;
	}
}

/** What `et show` prints of a report, at this site. */
function shownAt(folders: SpoolFolders, id: string): string {
	const out = new Recorded(-1);
	const client = { ...systemContext({}), folders: directoriesOf(folders) };
	const context: CliContext = { client, out, err: new Recorded(-1) };
	runShow(context, [id]);
	return out.text;
}

test("what waits does not leave with a field that the policy leaves out, and et show says so byte for byte", async (t) => {
	const { folders, server, rule } = await site(t, ["data.duplexes"]);
	rule({ without: ["platform", "inputs.pairs"] });
	const shown = pendingIds(folders).map((id) => shownAt(folders, id));
	await flushSpool(folders);
	t.true(server.requests[0]?.text.endsWith(`"reports":[${shown.join(",")}]}`));
	t.is(server.requests[0]?.reports.length, 2);
	for (const { platform, inputs, data, wall_s } of server.requests[0]?.reports ?? []) {
		t.deepEqual({ platform, inputs, data, wall_s }, { platform: null, inputs: [], data: {}, wall_s: 3 });
	}
	t.deepEqual(pendingIds(folders), []);
});

test("without a policy and a choice the bytes that wait are the bytes that leave", async (t) => {
	const { folders, server } = await site(t);
	const shown = pendingIds(folders).map((id) => shownAt(folders, id));
	await flushSpool(folders);
	t.true(server.requests[0]?.text.endsWith(`"reports":[${shown.join(",")}]}`));
	t.is(server.requests[0]?.reports[0]?.platform, "slurm");
});

test("the policy's proxy carries everything, whatever the environment says", async (t) => {
	const { folders, server, rule } = await site(t);
	const [ruled, other] = [await testProxy(t), await testProxy(t)];
	rule({ proxy: ruled.url });
	await flushSpool(folders, { env: { HTTP_PROXY: other.url, NO_PROXY: "*", no_proxy: "127.0.0.1" } });
	t.deepEqual(ruled.tunnels, [new URL(server.url).host]);
	t.deepEqual(other.tunnels, []);
	t.deepEqual(pendingIds(folders), []);
});

test("where the policy's proxy does not answer, nothing goes around it", async (t) => {
	const { folders, server, rule } = await site(t);
	rule({ proxy: "http://127.0.0.1:9" });
	const { failed } = await flushSpool(folders);
	t.is(failed.length, 1);
	t.deepEqual(server.requests, []);
	t.is(pendingIds(folders).length, 2);
});

test("a proxy that is ruled while a flush is under way ends its sending; the next one goes through it", async (t) => {
	const { folders, server, rule } = await site(t);
	const proxy = await testProxy(t);
	server.behave((exchange) => {
		rule({ proxy: proxy.url });
		return accepting(exchange);
	});
	const [first, second] = pendingIds(folders);
	await flushSpool(folders, { policy: { ...QUICK, batchReports: 1 } });
	t.deepEqual(
		server.requests.map(({ ids }) => ids),
		[[first]],
	);
	t.deepEqual(pendingIds(folders), [second]);
	await flushSpool(folders);
	t.deepEqual(proxy.tunnels, [new URL(server.url).host]);
	t.deepEqual(pendingIds(folders), []);
});

test("a policy that can't be understood keeps everything here", async (t) => {
	const { folders, server, rule } = await site(t);
	rule({ withuot: ["platform"] });
	await flushSpool(folders);
	t.deepEqual(server.requests, []);
	t.is(pendingIds(folders).length, 2);
	rule(null);
	await flushSpool(folders);
	t.deepEqual(pendingIds(folders), []);
});
