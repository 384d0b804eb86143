/** `et hold`, `release`, `approve`, and the delay: end to end, with a real uploader and a server that writes down what comes. */
import test, { type ExecutionContext } from "ava";
import { waiting } from "../../src/spool/waiting.js";
import { et } from "../helpers/cli.js";
import { accepting, answering, type FaultyServer, faultyServer } from "../helpers/faulty-server.js";
import { type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { runUploader } from "../helpers/uploader.js";

interface World {
	home: Home;
	server: FaultyServer;
	/** Runs `et`, and takes its answer as JSON. */
	said: (args: readonly string[]) => Promise<Record<string, unknown>>;
	/** What the uploader sends in one round. */
	flush: () => Promise<string[]>;
}

async function world(t: ExecutionContext, ...grantOptions: string[]): Promise<World> {
	const server = await faultyServer(t, accepting);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	const said = async (args: readonly string[]) => {
		const { stdout, stderr, code } = await et(t, home, [...args, "--json"]);
		t.is(code, 0, stderr);
		return JSON.parse(stdout) as Record<string, unknown>;
	};
	await said(["consent", "grant", home.manifestPath, "--yes", ...grantOptions]);
	const flush = async () => {
		const before = server.requests.length;
		const { code, stderr } = await runUploader(t, home.spool, ["--once", "--now"]);
		t.is(code, 0, stderr);
		return server.requests.slice(before).flatMap(({ ids }) => ids);
	};
	return { home, server, said, flush };
}

/** Puts so many reports as a user does. @returns their ids */
async function enqueue({ said, home }: World, count: number): Promise<string[]> {
	const ids: string[] = [];
	for (let index = 0; index < count; index++) {
		ids.push(String((await said(["enqueue", "--manifest", home.manifestPath]))["id"]));
	}
	return ids;
}

const idsIn = ({ home }: World): string[] => [...waiting(home.spool)].map(({ envelope }) => envelope.report.id);

test("what is held stays, and leaves once it is released", async (t) => {
	const here = await world(t);
	const [first = "", second = ""] = await enqueue(here, 2);
	t.deepEqual(await here.said(["hold", first.slice(-12, -2)]), { held: [first], unchanged: [], may_have_left: [] });
	t.deepEqual(await here.said(["hold", first]), { held: [], unchanged: [first], may_have_left: [] });
	t.deepEqual(await here.flush(), [second]);
	t.regex((await et(t, here.home, ["status"])).stdout, /1 stay, since your word is awaited/);
	t.deepEqual(idsIn(here), [first]);
	t.deepEqual(await here.said(["release", first]), { released: [first], to_be_approved: [] });
	t.deepEqual(await here.flush(), [first]);
	t.deepEqual(idsIn(here), []);
});

test("where nothing leaves unapproved, approval alone lets it go", async (t) => {
	const here = await world(t, "--approve");
	const [first = "", second = ""] = await enqueue(here, 2);
	t.deepEqual(await here.flush(), []);
	t.deepEqual(await here.said(["release", "--all"]), { released: [], to_be_approved: [first, second] });
	await here.said(["hold", first]);
	await here.said(["release", first]);
	t.deepEqual(await here.flush(), [], "a hold that was taken back approves nothing");
	t.deepEqual(await here.said(["approve", first]), { approved: [first], unchanged: [] });
	t.deepEqual(await here.flush(), [first]);
	t.deepEqual(await here.said(["approve", "--all", "--project", "dunovo"]), { approved: [second], unchanged: [] });
	t.deepEqual(await here.flush(), [second]);
});

test("what already waits is held when approval is asked for, and stays held when it no longer is", async (t) => {
	const here = await world(t);
	const [id = ""] = await enqueue(here, 1);
	const decided = await here.said(["consent", "grant", here.home.manifestPath, "--yes", "--approve"]);
	t.deepEqual(decided["for_approval"], { held: [id], may_have_left: [] });
	t.deepEqual(decided["review"], { approve: true, delay_s: 0 });
	await here.said(["consent", "grant", here.home.manifestPath, "--yes", "--no-approve"]);
	t.deepEqual(await here.flush(), []);
	t.deepEqual(await here.said(["approve", id]), { approved: [id], unchanged: [] });
	t.deepEqual(await here.flush(), [id]);
});

test("a delay is waited for, said, and ended by approval or by taking it away", async (t) => {
	const here = await world(t, "--delay", "2d");
	const [first = "", second = ""] = await enqueue(here, 2);
	t.deepEqual(await here.flush(), []);
	const { reports } = (await here.said(["pending"])) as { reports: { spool: Record<string, string> }[] };
	const { state, reason, leaves_at = "" } = reports[0]?.spool ?? {};
	t.deepEqual([state, reason], ["delayed", "review_delay"]);
	t.true(Date.parse(leaves_at) > Date.now() + 47 * 3600 * 1000);
	const { kept, next_leaves_at } = await here.said(["status"]);
	t.deepEqual(kept, { review_delay: 2 });
	t.is(next_leaves_at, leaves_at);
	await here.said(["approve", first]);
	t.deepEqual(await here.flush(), [first]);
	await here.said(["consent", "grant", here.home.manifestPath, "--yes", "--delay", "0"]);
	t.deepEqual(await here.flush(), [second]);
});

test("times that are none, and wishes that exclude each other, change nothing", async (t) => {
	const here = await world(t, "--delay", "30m");
	const grant = ["consent", "grant", here.home.manifestPath, "--yes"];
	for (const wrong of [
		["--delay", "2"],
		["--delay", "1.5h"],
		["--delay", "-1d"],
		["--delay", "9999d"],
	]) {
		t.is((await et(t, here.home, [...grant, ...wrong])).code, 2, wrong.join(" "));
	}
	t.is((await et(t, here.home, [...grant, "--approve", "--no-approve"])).code, 2);
	t.like(await here.said(["consent", "status", "dunovo"]), { review: { approve: false, delay_s: 1800 } });
	t.regex((await et(t, here.home, ["consent"])).stdout, /each report waits 30m before it leaves/);
});

test("ids that mean none change nothing, and ids and --all exclude each other", async (t) => {
	const here = await world(t);
	const [id = ""] = await enqueue(here, 1);
	for (const command of ["hold", "release", "approve"]) {
		t.is((await et(t, here.home, [command, id, "no-such-id"])).code, 5);
		t.is((await et(t, here.home, [command, id, "--all"])).code, 2);
		t.is((await et(t, here.home, [command])).code, 2);
	}
	t.deepEqual(await here.flush(), [id]);
});

test("what a server has refused waits for nobody's word", async (t) => {
	const here = await world(t);
	const [id = ""] = await enqueue(here, 1);
	here.server.behave(answering(413));
	await here.flush();
	for (const word of ["hold", "release", "approve"]) {
		const { code, stderr } = await et(t, here.home, [word, id]);
		t.is(code, 5, word);
		t.regex(stderr, /waits no more: its server has refused it/);
	}
});
