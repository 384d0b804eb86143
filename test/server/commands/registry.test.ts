/** Registering projects and making keys, as an operator does it, while a server runs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { runProgram } from "../../helpers/child.js";
import { ET_SERVER } from "../../helpers/et-server.js";
import { manifestJson } from "../../helpers/manifest.js";
import { post, postBytes, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

function operator(t: ExecutionContext, folder = temporaryFolder(t)) {
	const database = join(folder, "et.sqlite");
	const run = (...args: string[]) => runProgram(t, process.execPath, [ET_SERVER, ...args, "--database", database]);
	const writeManifest = (changes: Record<string, unknown> = {}): string => {
		const file = join(folder, "et.json");
		writeFileSync(file, JSON.stringify(manifestJson(changes)));
		return file;
	};
	return { database, run, writeManifest };
}

test("a project is registered, listed and forgotten, and a server that runs goes by it", async (t) => {
	const { database, run, writeManifest } = operator(t);
	const { url } = await testServer(t, { database, config: { openIntake: false, registryMaxAgeMs: 0 } });
	const send = async () => verdicts(await post(url, wireBatch([wireReport()])));
	t.deepEqual(await send(), ["later:project_not_registered"]);
	t.regex((await run("list")).stdout, /^No project is registered\. .*et-server register et\.json\n$/);

	const registered = await run("register", writeManifest());
	t.is(registered.code, 0, registered.stderr);
	t.regex(
		registered.stdout,
		/^Registered dunovo, notice version 1\. .*: inputs\.pairs \(reads\), data\.duplexes \(integer\)\.\n/,
	);
	t.deepEqual(await send(), ["accepted"]);
	t.is((await run("list")).stdout, "dunovo: notice 1, no keys: anybody may send\n");
	const [json] = JSON.parse((await run("list", "--json")).stdout);
	t.like(json, { project: "dunovo", notices: [1], keys: 0 });

	t.is((await run("unregister", "dunovo")).code, 0);
	t.deepEqual(await send(), ["later:project_not_registered"]);
	const again = await run("unregister", "dunovo");
	t.is(again.code, 8);
	t.regex(again.stderr, /^et-server: dunovo is not registered\. Nothing was changed\. .*et-server list\n$/);
});

test("a notice whose text has changed and its version has not is refused, with what has changed", async (t) => {
	const { run, writeManifest } = operator(t);
	t.is((await run("register", writeManifest())).code, 0);
	t.regex((await run("register", writeManifest({ sample: 0.5 }))).stdout, /was registered already/);

	const other = { inputs: { pairs: { unit: "bases", why: "Run time depends on it." } } };
	const refused = await run("register", writeManifest(other));
	t.is(refused.code, 8);
	t.is(refused.stdout, "");
	t.regex(refused.stderr, /Nothing was changed\.\n {2}inputs\.pairs\.unit: "reads" -> "bases"\n/);

	t.is((await run("unregister", "dunovo", "--notice", "1")).code, 0);
	t.is((await run("register", writeManifest(other))).code, 0);
	const second = { ...other, notice: { ...(manifestJson()["notice"] as object), version: 2 } };
	t.is((await run("register", writeManifest(second))).code, 0);
	t.is((await run("list")).stdout, "dunovo: notice 1, 2, no keys: anybody may send\n");
});

test("what is no manifest is not registered, and all that is wrong is said", async (t) => {
	const { run, writeManifest } = operator(t);
	const missing = await run("register", join(temporaryFolder(t), "none.json"));
	t.is(missing.code, 8);
	t.regex(missing.stderr, /none\.json cannot be registered: ENOENT\nNothing was changed\. See: et check\n$/);
	const wrong = await run("register", writeManifest({ project: "a/b", endpoint: "ftp://x" }));
	t.is(wrong.code, 8);
	t.regex(wrong.stderr, /project: .*\n.*endpoint: /);
	t.regex((await run("list")).stdout, /^No project/);
});

test("a key is shown once and kept as a hash; a script's endpoint carries it; revoked, it is refused", async (t) => {
	const { database, run, writeManifest } = operator(t);
	const { url } = await testServer(t, { database, config: { openIntake: false, registryMaxAgeMs: 0 } });
	t.is((await run("keys", "add", "dunovo")).code, 8);
	await run("register", writeManifest());
	const added = await run("keys", "add", "dunovo");
	t.is(added.code, 0, added.stderr);
	const key = /etk_[A-Za-z0-9_-]{27}/.exec(added.stdout)?.[0] ?? "none";
	t.true(added.stdout.includes(`"endpoint": "https://SERVER/k/${key}"`));
	t.is((await run("register", writeManifest({ endpoint: `https://et.example.org/k/${key}`, project: "o" }))).code, 0);

	const body = () => JSON.stringify(wireBatch([wireReport()]));
	t.deepEqual(verdicts(await postBytes(url, body())), ["later:key_required"]);
	t.deepEqual(verdicts(await postBytes(`${url}/k/${key}`, body())), ["accepted"]);
	const db = new Sqlite(database, { readonly: true });
	t.teardown(() => db.close());
	t.false(JSON.stringify(db.prepare("SELECT * FROM ingest_keys").all()).includes(key));

	t.regex((await run("keys", "list", "dunovo")).stdout, /^key 1, made \d{4}-[^,]*Z\n$/);
	t.is((await run("keys", "revoke", "dunovo", "1")).code, 0);
	t.regex((await run("keys", "list", "dunovo")).stdout, /^key 1, made .*, revoked .*Z\n$/);
	t.is((await postBytes(`${url}/k/${key}`, body())).status, 401);
	t.is((await run("keys", "revoke", "dunovo", "2")).code, 8);
});

test("each command has help, and says which database", async (t) => {
	const { run } = operator(t);
	for (const command of [["register"], ["list"], ["unregister"], ["keys"], ["keys", "add"], ["keys", "revoke"]]) {
		const { code, stdout } = await run(...command, "--help");
		t.is(code, 0, command.join(" "));
		t.regex(stdout, /--database/);
	}
});
