/** `et consent withdraw` and `deny`: what waits goes, what is under way is named, and what has left can be forgotten. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { eraseKey, runIdOf } from "../../src/report/ids.js";
import { makeFolders } from "../../src/spool/put.js";
import { setAsideCorrupt } from "../../src/spool/remove.js";
import { atTerminal, ET_WORDS, et, grantedHome } from "../helpers/cli.js";
import { accepting, faultyServer, hanging } from "../helpers/faulty-server.js";
import { grantAt, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { requestsIn } from "../helpers/requests.js";
import { testServer } from "../helpers/server.js";
import { plantFile, putReport } from "../helpers/spool.js";
import { pendingIds, runUploader, startUploader } from "../helpers/uploader.js";

const KEY = eraseKey(Buffer.alloc(16, 7));

/** A home whose one report has left. */
async function leftScene(t: ExecutionContext) {
	const server = await faultyServer(t, accepting);
	const manifest = testManifest({ endpoint: server.url });
	const home = temporaryHome(t, manifest);
	grantAt(home);
	makeFolders(home.spool);
	putReport(home.spool, { manifest, key: KEY, grant: "test-grant" });
	t.is((await runUploader(t, home.spool, ["--once"])).code, 0);
	t.is(server.requests.length, 1);
	return { home, server, manifest };
}

test("withdrawn while a batch is under way: it is named, no other leaves, and what waited is gone", async (t) => {
	const server = await faultyServer(t, hanging);
	const manifest = testManifest({ endpoint: server.url });
	const home = temporaryHome(t, manifest);
	grantAt(home);
	makeFolders(home.spool);
	putReport(home.spool, { manifest, grant: "test-grant" });
	const [id = ""] = pendingIds(home.spool);
	const { child, ended } = startUploader(t, home.spool, ["--once"]);
	await server.arrived(1);
	putReport(home.spool, { manifest, grant: "test-grant", changes: { hold: "user" } });
	const { stdout } = await et(t, home, ["consent", "withdraw", "dunovo"]);
	t.regex(stdout, /2 reports of dunovo that waited: removed\./);
	t.regex(stdout, new RegExp(`In a request without an answer: 1 report, nothing of which is sent again:\n  ${id}\n`));
	t.regex(stdout, /To have what left erased by its servers: et forget --project dunovo\n$/);
	child.kill("SIGKILL");
	await ended;
	server.behave(accepting);
	await runUploader(t, home.spool, ["--once", "--now"]);
	t.is(server.requests.length, 1, "nothing more was sent");
	t.deepEqual(pendingIds(home.spool), []);
});

test("files that were no reports, markers and copies go with it; others' stay", async (t) => {
	const home = grantedHome(t);
	makeFolders(home.spool);
	for (const project of ["dunovo", "other"]) {
		setAsideCorrupt(home.spool, plantFile(home.spool, `{"report":{"project": "${project}"}`), "not_json");
		mkdirSync(home.spool.open, { recursive: true });
		writeFileSync(join(home.spool.open, `${project}.json`), JSON.stringify({ project }));
	}
	const { stdout } = await et(t, home, ["consent", "deny", "dunovo"]);
	t.regex(stdout, /\nRemoved, too: 1 file that was no report, 1 marker of runs under way\.\n$/);
	t.is(readdirSync(home.spool.corrupt).length, 1);
	t.deepEqual(readdirSync(home.spool.open), ["other.json"]);
});

test("what a server has erased since is not said to be there", async (t) => {
	const server = await testServer(t);
	const manifest = testManifest({ endpoint: server.url });
	const home = temporaryHome(t, manifest);
	grantAt(home);
	makeFolders(home.spool);
	putReport(home.spool, { manifest, key: KEY, grant: "test-grant" });
	t.is((await runUploader(t, home.spool, ["--once"])).code, 0);
	t.is((await et(t, home, ["forget", "--project", "dunovo", "--yes"])).code, 0);
	t.is((await runUploader(t, home.spool, ["--once"])).code, 0);
	const { stdout } = await et(t, home, ["consent", "withdraw", "dunovo", "--json"]);
	t.like(JSON.parse(stdout), { left: { delivered: 0, unanswered: 0 } });
});

test("--forget has what has left erased at once", async (t) => {
	const { home, server } = await leftScene(t);
	const { stdout } = await et(t, home, ["consent", "withdraw", "dunovo", "--forget", "--json"]);
	t.like(JSON.parse(stdout), { mode: "withdrawn", erasable: 1, left: { delivered: 1, in_flight: [] } });
	t.deepEqual(JSON.parse(stdout).forgotten.runs, [{ run_id: runIdOf(KEY), project: "dunovo", fate: "asked" }]);
	t.deepEqual(
		requestsIn(home.spool).map(({ key, endpoint }) => [key, endpoint]),
		[[KEY, server.url]],
	);
	t.is((await et(t, home, ["consent", "status", "dunovo", "--forget"])).code, 2);
});

onTerminal("at a terminal it asks, and forgets only after a yes", async (t) => {
	const { home } = await leftScene(t);
	const see = "Have 1 run that may have left erased by their servers, too? [y/N] ";
	const answer = (type: string) =>
		atTerminal(t, [...ET_WORDS, "consent", "withdraw", "dunovo"], [{ see, type }], { env: home.env });
	t.regex((await answer("n\n")).shown, /To have what left erased by its servers: et forget --project dunovo/);
	t.deepEqual(requestsIn(home.spool), []);
	t.regex((await answer("y\n")).shown, /1 run: erasure is asked for at et-uploader's next turn/);
	t.is(requestsIn(home.spool).length, 1);
});
