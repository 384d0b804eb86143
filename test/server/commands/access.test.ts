/** `et-server admin`, `tokens` and `audit`, as processes of their own, also beside a server that runs. */
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { ADA, Visit } from "../../helpers/access.js";
import { type ChildResult, runProgram } from "../../helpers/child.js";
import { ET_SERVER, startServerProcess } from "../../helpers/et-server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

function console(t: ExecutionContext, database = join(temporaryFolder(t), "et.sqlite")) {
	const run = (args: readonly string[], input = ""): Promise<ChildResult> =>
		runProgram(t, process.execPath, [ET_SERVER, ...args, "--database", database], { input });
	return { database, run };
}

test("an administrator is made, given a new password and removed on the console, while the server runs", async (t) => {
	const { database, run } = console(t);
	const server = await startServerProcess(t, database);
	const visit = new Visit(server);
	t.is((await visit.get("/")).status, 200);
	const added = await run(["admin", "create", "ada"], `${ADA.password}\n`);
	t.is(added.code, 0, added.stderr);
	t.regex(added.stdout, /^ada is an administrator\. From now on reading needs a login or a token/);
	t.is((await visit.get("/")).status, 303);
	t.is((await visit.logIn()).status, 303);
	t.is((await visit.get("/")).status, 200);

	t.is((await run(["admin", "reset-password", "ada"], "a new long password")).code, 0);
	t.is((await visit.get("/")).status, 303, "logged out everywhere");
	t.is((await visit.logIn()).status, 403);
	t.is((await visit.logIn({ name: "ada", password: "a new long password" })).status, 303);

	const last = await run(["admin", "remove", "ada"]);
	t.is(last.code, 8);
	t.regex(last.stderr, /^et-server: ada is the last administrator\. Nothing was changed: .*\n$/);
	t.is((await run(["admin", "add", "bob"], "a password of bob's")).code, 0);
	t.is((await run(["admin", "remove", "ada"])).code, 0);
	t.is((await visit.get("/")).status, 303);
	t.deepEqual(
		JSON.parse((await run(["admin", "list", "--json"])).stdout).map(({ name }: { name: string }) => name),
		["bob"],
	);
	t.is(await server.end("SIGTERM"), 0);
	t.notRegex(server.output(), /"level":"error"/);
});

test("a reset password lifts what somebody else's guesses did", async (t) => {
	const { database, run } = console(t);
	await run(["admin", "add", "ada"], ADA.password);
	const server = await startServerProcess(t, database, ["--set", "loginsPerName=1", "--set", "loginsPerAddress=1000"]);
	const visit = new Visit(server);
	t.is((await visit.logIn({ name: "ada", password: "a guess of somebody" })).status, 403);
	t.is((await visit.logIn()).status, 429);
	await run(["admin", "reset-password", "ada"], ADA.password);
	t.is((await visit.logIn()).status, 303);
});

test("what cannot be done on the console is said in a line, and changes nothing", async (t) => {
	const { run } = console(t);
	const wrong: [args: string[], input: string, code: number, said: RegExp][] = [
		[["admin", "add", "ada"], "short", 8, /has 5 characters; it needs 12 at least.* Nothing was changed\.$/],
		[["admin", "add", "ada"], "", 8, /has 0 characters/],
		[["admin", "add", "a\u202eb"], ADA.password, 2, /1 to 128 characters/],
		[["admin", "reset-password", "ada"], ADA.password, 8, /There is no administrator ada\. Nothing was changed\./],
		[["admin", "remove", "ada"], "", 8, /There is no administrator ada\./],
		[["tokens", "revoke", "1"], "", 8, /There is no token 1 /],
		[["tokens", "revoke", "x"], "", 2, /It is a number/],
		[["tokens", "add", ""], "", 2, /1 to 128 characters/],
		[["tokens", "add", "x", "--project", "../y"], "", 2, /project/],
		[["audit", "--limit", "0"], "", 2, /above 0/],
	];
	for (const [args, input, code, said] of wrong) {
		const result = await run(args, input);
		t.is(result.code, code, `${args.join(" ")}: ${result.stderr}`);
		t.regex(result.stderr.trimEnd(), said);
		t.is(result.stdout, "");
	}
	t.is((await run(["audit"])).stdout, "There is nothing.\n");
	t.is((await run(["admin", "add", "ada"], ADA.password)).code, 0);
	const again = await run(["admin", "add", "ada"], ADA.password);
	t.regex(again.stderr, /^et-server: ada is an administrator already\. Nothing was changed\./);
});

test("a token is made and revoked on the console, and every act is in the log", async (t) => {
	const { database, run } = console(t);
	await run(["admin", "add", "ada"], ADA.password);
	const made = await run(["tokens", "add", "nightly export", "--project", "dunovo"]);
	const token = /etr_[A-Za-z0-9_-]{43}/.exec(made.stdout)?.[0] ?? "";
	t.regex(made.stdout, /^Token 1 for nightly export, which reads dunovo, shown this once: etr_/);
	const server = await startServerProcess(t, database);
	const program = new Visit(server, { authorization: `Bearer ${token}` });
	t.is((await program.get("/v1/runs")).status, 200);
	const list = await run(["tokens", "list"]);
	t.regex(list.stdout, /^token 1 for nightly export, reads dunovo, made \S+ by the console, last used \S+Z\n$/);
	t.notRegex(list.stdout, /etr_/);
	t.like(JSON.parse((await run(["tokens", "list", "--json"])).stdout)[0], {
		number: 1,
		project: "dunovo",
		revoked_at: null,
	});
	t.is((await run(["tokens", "revoke", "1"])).code, 0);
	t.is((await program.get("/v1/runs")).status, 401);
	t.is((await run(["tokens", "revoke", "1"])).code, 8, "only once");

	const said = (await run(["audit"])).stdout.trimEnd().split("\n");
	t.deepEqual(
		said.map((line) => line.replace(/^\S+Z {2}/, "")),
		[
			"the console: revoked the token nightly export",
			"the console: made the token nightly export",
			"the console: added the administrator ada",
		],
	);
	t.like(JSON.parse((await run(["audit", "--json", "--limit", "1"])).stdout)[0], {
		who: null,
		act: "token_revoked",
		what: "nightly export",
		from: "console",
	});
});

test("what is done to projects on the console is in the log as well; what was not done is not", async (t) => {
	const { run } = console(t);
	const done: string[][] = [
		["register", "--project", "dunovo"],
		["keys", "add", "dunovo"],
		["keys", "revoke", "dunovo", "1"],
		["addresses", "set", "hashed"],
		["retention", "dunovo", "P90D"],
		["unregister", "dunovo"],
	];
	for (const args of done) {
		const { code, stderr } = await run(args);
		t.is(code, 0, `${args.join(" ")}: ${stderr}`);
	}
	t.not((await run(["keys", "add", "dunovo"])).code, 0);
	t.not((await run(["unregister", "dunovo"])).code, 0);
	const acts = JSON.parse((await run(["audit", "--json"])).stdout) as { act: string; what: string; from: string }[];
	t.deepEqual(
		acts.map(({ act, what, from }) => `${from}: ${act} ${what}`),
		[
			"console: project_unregistered dunovo",
			"console: retention_set P90D of dunovo",
			"console: addresses_set hashed",
			"console: key_revoked 1 of dunovo",
			"console: key_made dunovo",
			"console: project_registered dunovo",
		],
	);
});

test("where an act comes from is kept as the policy of addresses allows, and goes when that changes", async (t) => {
	const { database, run } = console(t);
	await run(["admin", "add", "ada"], ADA.password);
	await run(["addresses", "set", "truncated"]);
	const server = await startServerProcess(t, database, ["--trust-proxy", "127.0.0.1"]);
	await new Visit(server, { "x-forwarded-for": "198.51.100.77" }).logIn();
	const newest = async () => JSON.parse((await run(["audit", "--json"])).stdout);
	t.like((await newest())[0], { act: "logged_in", from: "198.51.100.0/24" });
	await run(["addresses", "set", "none"]);
	t.notRegex(JSON.stringify(await newest()), /198\.51/);
	t.regex(JSON.stringify(await newest()), /"console"/);
});

test("without an administrator it listens on this machine only, and says what to do", async (t) => {
	const { database, run } = console(t);
	for (const host of ["0.0.0.0", "::"]) {
		const refused = await run(["--host", host, "--port", "0"]);
		t.is(refused.code, 8);
		t.is(refused.stdout, "");
		t.regex(
			refused.stderr,
			/^et-server: There is no administrator yet, so that whoever reaches \S+ would read everything\. Nothing was received\. Make one with et-server admin add NAME, and start again; or listen on 127\.0\.0\.1, where only this machine reads\.\n$/,
		);
	}
	await run(["admin", "add", "ada"], ADA.password);
	const server = await startServerProcess(t, database, ["--host", "0.0.0.0"]);
	t.regex(server.output(), /^Read by: administrators who log in, and tokens$/m);
	t.notRegex(server.output(), /setup/);
	const { port } = new URL(server.url);
	t.is((await new Visit({ url: `http://127.0.0.1:${port}` }).get("/v1/runs")).status, 401);
});
