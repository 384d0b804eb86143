/** `et redact`: what is taken out does not leave, and where it may have left its server is asked. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { runIdOf } from "../../src/report/ids.js";
import type { WireReport } from "../../src/report/types.js";
import { historyLines, VIEW_FILE } from "../../src/spool/history.js";
import { keptLines } from "../../src/spool/kept.js";
import { requestEntries } from "../../src/spool/requests.js";
import { fold } from "../../src/spool/segments.js";
import { waiting } from "../../src/spool/waiting.js";
import { et } from "../helpers/cli.js";
import { accepting, answering, type FaultyServer, faultyServer } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { namesIn, plantFile, putReport } from "../helpers/spool.js";
import { runUploader } from "../helpers/uploader.js";

interface World {
	home: Home;
	server: FaultyServer;
	/** The id of the one report that waits. */
	id: string;
	flush: () => Promise<void>;
}

const REPORT = { event: "end", outcome: "ok", wall_s: 12.5, inputs: { pairs: 1000 }, data: { duplexes: 42 } };

async function world(t: ExecutionContext): Promise<World> {
	const server = await faultyServer(t, accepting);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	const queued = await et(t, home, ["enqueue", "--stdin", "--manifest", home.manifestPath, "--json"], {
		input: JSON.stringify(REPORT),
	});
	t.is(queued.code, 0, queued.stderr);
	const flush = async () => {
		await runUploader(t, home.spool, ["--once", "--now"]);
	};
	return { home, server, id: JSON.parse(queued.stdout).id, flush };
}

async function redact(t: ExecutionContext, { home, id }: World, ...fields: string[]): Promise<Record<string, unknown>> {
	const { stdout, stderr, code } = await et(t, home, ["redact", id, ...fields, "--json"]);
	t.is(code, 0, stderr);
	return JSON.parse(stdout);
}

const batches = ({ server }: World): WireReport[] =>
	server.requests.filter(({ path }) => path.endsWith("/batches")).flatMap(({ reports }) => reports);

function foldAll({ home: { spool } }: World, segment: string): void {
	const read = (name: string) => ({ name, text: readFileSync(join(spool.new, name), "utf8") });
	fold(spool, segment, namesIn(spool.new).map(read));
}

for (const folded of [false, true]) {
	test(`what was taken out of a ${folded ? "folded" : "loose"} report does not leave, and nothing else is missing`, async (t) => {
		const here = await world(t);
		if (folded) foldAll(here, "a-0");
		const done = await redact(t, here, "wall_s", "inputs.pairs", "data.duplexes");
		t.like(done, { taken_out: true, may_have_left: false, server: "nowhere" });
		if (folded) foldAll(here, "b-0");
		const shown = await et(t, here.home, ["show", here.id]);
		await here.flush();
		const [report] = batches(here);
		t.is(JSON.stringify(report), shown.stdout);
		t.like(report, { id: here.id, outcome: "ok", wall_s: null, inputs: [], data: {} });
		t.deepEqual([...waiting(here.home.spool)], []);
		t.deepEqual(requestEntries(here.home.spool), []);
	});
}

test("a report that has left: its server is asked once, with the run's key", async (t) => {
	const here = await world(t);
	await here.flush();
	const [sent] = batches(here);
	t.like(await redact(t, here, "wall_s", "data.duplexes"), {
		taken_out: false,
		waits: false,
		may_have_left: true,
		server: "asked",
	});
	const [entry] = requestEntries(here.home.spool);
	t.like(entry?.request, { kind: "redact", endpoint: here.server.url, report_id: here.id, run_id: sent?.run_id ?? "" });
	t.deepEqual(entry?.request.fields, ["wall_s", "data.duplexes"]);
	t.is(runIdOf(entry?.request.key ?? ""), sent?.run_id ?? "");
	t.like(await redact(t, here, "wall_s"), { server: "asked_before" });
	t.like(await redact(t, here, "wall_s", "platform"), { server: "asked" });
	t.is(requestEntries(here.home.spool).length, 2);
});

test("a report that may have left and still waits is taken care of in both places", async (t) => {
	const here = await world(t);
	here.server.behave(answering(500));
	await here.flush();
	const text = await et(t, here.home, ["redact", here.id.slice(-12, -3), "wall_s"]);
	t.regex(text.stdout, /^Taken out: wall_s\.\nIt may have left before, as it was\.\nIts server is asked/);
	t.is(requestEntries(here.home.spool).length, 1);
	const before = batches(here).length;
	here.server.behave(accepting);
	await here.flush();
	const [again] = batches(here).slice(before);
	t.is(again?.wall_s, null);
});

test("where no key is here, that is said, and nothing is asked", async (t) => {
	const here = await world(t);
	const [name = ""] = namesIn(here.home.spool.new);
	const path = join(here.home.spool.new, name);
	writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), erase_key: null }));
	await here.flush();
	rmSync(here.home.spool.keys, { recursive: true, force: true });
	const { stdout } = await et(t, here.home, ["redact", here.id, "wall_s"]);
	t.regex(stdout, /has left, or may have\.\nNo key is here that entitles/);
	t.deepEqual(requestEntries(here.home.spool), []);
});

test("a server that refused it has nothing to take out", async (t) => {
	const here = await world(t);
	here.server.behave(answering(413));
	await here.flush();
	t.like(await redact(t, here, "wall_s"), { server: "nowhere", waits: false });
});

test("a server that has it has it, whatever it says of a copy that was sent once more", async (t) => {
	const here = await world(t);
	const copy = readFileSync(join(here.home.spool.new, namesIn(here.home.spool.new)[0] ?? ""));
	await here.flush();
	here.server.behave(answering(413));
	plantFile(here.home.spool, copy);
	await here.flush();
	t.like(await redact(t, here, "wall_s"), { server: "asked", waits: false });
});

test("what a server has refused is without the fields, and keeps the server's reason", async (t) => {
	const here = await world(t);
	here.server.behave(answering(413));
	await here.flush();
	const { rejected, tmp } = here.home.spool;
	const path = join(rejected, namesIn(rejected)[0] ?? "");
	const before = JSON.parse(readFileSync(path, "utf8"));
	t.like(await redact(t, here, "wall_s"), { taken_out: false, elsewhere: { rejected: 1, copies: 0, history: 0 } });
	t.deepEqual(JSON.parse(readFileSync(path, "utf8")), { ...before, report: { ...before.report, wall_s: null } });
	t.deepEqual(namesIn(tmp), []);
	const again = await et(t, here.home, ["redact", here.id, "wall_s"]);
	t.regex(again.stdout, /^It waits here no more, so there was nothing to take out of it here: wall_s\./);
});

test("the copy of what has left goes, and the history says nothing of the fields; what others took stays", async (t) => {
	const here = await world(t);
	await et(t, here.home, ["sent", "--keep", "on"]);
	putReport(here.home.spool, { manifest: here.home.manifest, grant: "test-grant", given: { wallS: 7 } });
	await here.flush();
	await et(t, here.home, ["view", "--no-open"]);
	t.true(existsSync(join(here.home.spool.view, VIEW_FILE)));
	const done = await redact(t, here, "wall_s");
	t.like(done, { server: "asked", elsewhere: { rejected: 0, copies: 1, history: 1 } });
	t.false(existsSync(join(here.home.spool.view, VIEW_FILE)));
	const history = [...historyLines(here.home.spool)];
	t.deepEqual(history.map(({ wall_s }) => wall_s).sort(), [7, null]);
	t.deepEqual(history.find(({ id }) => id === here.id)?.inputs, [{ name: "pairs", unit: "reads", size: 1000 }]);
	t.deepEqual(
		[...keptLines(here.home.spool)].map(({ id }) => id === here.id),
		[false],
	);
	t.like(await redact(t, here, "wall_s"), { elsewhere: { rejected: 0, copies: 0, history: 0 } });
});

test("what was carried away in a file is said, and the server that it goes to is asked", async (t) => {
	const here = await world(t);
	t.is((await et(t, here.home, ["export", join(here.home.folder, "reports.et")])).code, 0);
	t.like(await redact(t, here, "wall_s"), { taken_out: true, exported: true, server: "asked" });
	t.is(requestEntries(here.home.spool)[0]?.request.endpoint, here.server.url);
});

test("what is no field, or can't be missing, changes nothing", async (t) => {
	const here = await world(t);
	const text = readFileSync(join(here.home.spool.new, namesIn(here.home.spool.new)[0] ?? ""), "utf8");
	for (const fields of [["run_id"], ["wall_s", "project"], ["walls"], ["data."], ["inputs.a/b"], []]) {
		t.is((await et(t, here.home, ["redact", here.id, ...fields])).code, 2, fields.join(" "));
	}
	t.is((await et(t, here.home, ["redact", "no-such-id", "wall_s"])).code, 5);
	t.regex((await et(t, here.home, ["redact", here.id, "wall_x"])).stderr, /Did you mean wall_s\?/);
	t.like(await redact(t, here, "exception"), { taken_out: false, waits: true });
	t.is(readFileSync(join(here.home.spool.new, namesIn(here.home.spool.new)[0] ?? ""), "utf8"), text);
});
