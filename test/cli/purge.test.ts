/** `et purge`: nothing of ET's is left, and nothing that is not ET's has gone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { makeFolders } from "../../src/spool/put.js";
import { NEW_STATE, writeState } from "../../src/spool/state.js";
import { atTerminal, ET_WORDS, et } from "../helpers/cli.js";
import { accepting, eachBy, erasing, faultyServer, hanging } from "../helpers/faulty-server.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";
import { onTerminal } from "../helpers/needs.js";
import { requestsIn } from "../helpers/requests.js";
import { fillSpool, plantFile, putReport } from "../helpers/spool.js";
import { flushSpool, runUploader, startUploader } from "../helpers/uploader.js";

/** A home in which much has happened: reports left, wait, are folded, refused and unreadable; a run is forgotten. */
async function livedIn(t: ExecutionContext): Promise<Home> {
	const server = await faultyServer(t, eachBy(accepting, erasing()));
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	makeFolders(home.spool);
	await et(t, home, ["sent", "--keep", "on"]);
	putReport(home.spool, { manifest: home.manifest });
	putReport(home.spool, { manifest: home.manifest });
	await flushSpool(home.spool);
	await et(t, home, ["forget", JSON.parse((await et(t, home, ["sent", "--json"])).stdout).reports[0].id]);
	plantFile(home.spool, "{");
	fillSpool(home.spool, 1200, { manifest: home.manifest, changes: { hold: "user" } });
	await flushSpool(home.spool);
	putReport(home.spool, { manifest: home.manifest, changes: { hold: "user" } });
	writeFileSync(join(home.spool.tmp, "keeper"), "");
	t.true(
		["corrupt", "forgotten", "kept", "keys", "requests", "segments", "sent"].every((part) =>
			existsSync(join(home.spool.root, part)),
		),
	);
	return home;
}

test("after it, find finds nothing", async (t) => {
	const home = await livedIn(t);
	const service = join(home.folder, ".config/systemd/user/et-uploader.service");
	mkdirSync(join(dirname(service), "default.target.wants"), { recursive: true });
	writeFileSync(service, "ExecStart=/usr/bin/et-uploader --quiet\n");
	symlinkSync(service, join(dirname(service), "default.target.wants/et-uploader.service"));
	mkdirSync(join(home.consent.folder, "asked"));
	writeFileSync(join(home.consent.folder, "asked", "dunovo.json"), "{}");
	const without = await et(t, home, ["purge"]);
	t.is(without.code, 2);
	t.regex(without.stdout, /^Spool: [\d,]+ files, .* MiB|^Spool: [\d,]+ files, .* KiB/);
	t.regex(without.stdout, /\n1 run may have left\. Without the keys/);
	t.true(existsSync(home.spool.root));
	const { stdout, code, stderr } = await et(t, home, ["purge", "--yes"]);
	t.is(code, 0, stderr);
	t.regex(stdout, /\nAll of it is removed\.\n/);
	t.deepEqual(
		home.contents().filter((path) => !/^\.config(\/systemd(\/user(\/default\.target\.wants)?)?)?$/.test(path)),
		[],
	);
	t.is((await et(t, home, ["purge", "--yes"])).stdout, "Nothing of ET is here.\n");
	await et(t, home, ["enqueue", "--manifest", home.manifestPath]);
	t.false(existsSync(home.spool.root), "nothing is recorded any more");
});

test("what is not ET's stays and is named; no link is followed", async (t) => {
	const home = await livedIn(t);
	const elsewhere = join(dirname(home.folder), "elsewhere");
	mkdirSync(elsewhere);
	writeFileSync(join(elsewhere, "a.json"), "mine");
	symlinkSync(elsewhere, home.spool.imports);
	symlinkSync(join(elsewhere, "a.json"), join(home.spool.new, "link.json"));
	writeFileSync(join(home.spool.new, "thesis.txt"), "mine");
	mkdirSync(join(home.spool.corrupt, "folder.json"));
	writeFileSync(join(home.spool.root, "notes"), "mine");
	const { removed, left } = JSON.parse((await et(t, home, ["purge", "--yes", "--json"])).stdout);
	t.true(removed.spool.files.length > 0);
	const strangers = [
		join(home.spool.corrupt, "folder.json"),
		home.spool.imports,
		join(home.spool.new, "thesis.txt"),
		join(home.spool.root, "notes"),
	];
	t.deepEqual(left.sort(), strangers.sort());
	for (const path of strangers) t.true(existsSync(path), path);
	t.deepEqual(readdirSync(home.spool.new), ["thesis.txt"]);
	t.is(readFileSync(join(elsewhere, "a.json"), "utf8"), "mine");
	t.deepEqual(readdirSync(home.spool.root).sort(), ["corrupt", "imports", "new", "notes"]);
});

test("it refuses while an uploader runs, and takes over what a dead one left", async (t) => {
	const server = await faultyServer(t, hanging);
	const home = temporaryHome(t, testManifest({ endpoint: server.url }));
	grantAt(home);
	makeFolders(home.spool);
	putReport(home.spool, { manifest: home.manifest, grant: "test-grant" });
	const { child, ended } = startUploader(t, home.spool, ["--once"]);
	await server.arrived(1);
	const refused = await et(t, home, ["purge", "--yes"]);
	t.is(refused.code, 1);
	t.regex(
		refused.stderr,
		new RegExp(`An uploader works with this spool \\(process ${child.pid}\\)\\. Nothing was removed\\.`),
	);
	child.kill("SIGKILL");
	await ended;
	t.true(existsSync(home.spool.lease));
	t.is((await et(t, home, ["purge", "--yes"])).code, 0);
	t.deepEqual(home.contents(), []);
});

test("it refuses while an uploader of another machine holds the lease", async (t) => {
	const home = temporaryHome(t);
	makeFolders(home.spool);
	mkdirSync(home.spool.lease);
	writeState(home.spool, { ...NEW_STATE, pid: 1, host: "0123456789ab", alive_at: new Date().toISOString() });
	const { code, stderr } = await et(t, home, ["purge", "--yes"]);
	t.is(code, 1);
	t.regex(stderr, /on another machine/);
	t.true(existsSync(home.spool.state));
});

onTerminal("at a terminal it asks to forget first, then whether all shall go", async (t) => {
	const home = await livedIn(t);
	const erase = "Have 1 run erased by their servers first? [y/N] ";
	const remove = "Remove all of it? [y/N] ";
	const answers = (...types: [string, string][]) =>
		atTerminal(
			t,
			[...ET_WORDS, "purge"],
			types.map(([see, type]) => ({ see, type })),
			{ env: home.env },
		);
	t.regex((await answers([erase, "n\n"], [remove, "n\n"])).shown, /Nothing was removed\./);
	t.is(requestsIn(home.spool).length, 1);
	t.regex((await answers([erase, "y\n"])).shown, /erasure is asked for.*Nothing else was removed/s);
	t.is(requestsIn(home.spool).length, 2);
	t.true(existsSync(home.spool.keys));
	t.regex((await answers([erase, "n\n"], [remove, "n\n"])).shown, /1 request to a server, not yet answered/);
	await runUploader(t, home.spool, ["--once"]);
	t.regex((await answers([remove, "y\n"])).shown, /All of it is removed\./);
	t.deepEqual(home.contents(), []);
});

onTerminal("with --json what was forgotten first is JSON, too", async (t) => {
	const home = await livedIn(t);
	const { shown } = await atTerminal(t, [...ET_WORDS, "purge", "--json"], [{ see: "[y/N] ", type: "y\n" }], {
		env: home.env,
	});
	const said = shown.split(/\r?\n/).find((line) => line.startsWith("{"));
	t.is(JSON.parse(said ?? "").removed, null);
	t.notRegex(shown, /Nothing else was removed/);
});
