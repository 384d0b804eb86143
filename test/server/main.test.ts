/** The command as its user meets it: a process with options, output, exit codes and signals. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import Sqlite from "better-sqlite3";
import { openSqliteStore } from "../../src/server/store/sqlite.js";
import { runProgram } from "../helpers/child.js";
import { ET_SERVER, startServerProcess } from "../helpers/et-server.js";
import { asOrdinaryUser } from "../helpers/needs.js";
import { post, verdicts, wireBatch, wireReport } from "../helpers/server.js";
import { temporaryFolder } from "../helpers/temporary.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

function etServer(t: ExecutionContext, ...args: string[]) {
	return runProgram(t, process.execPath, [ET_SERVER, ...args]);
}

/** An installed package: the built files, and those of its packages that are named. */
function installation(t: ExecutionContext, packages: readonly string[]): { main: string; modules: string } {
	const folder = temporaryFolder(t);
	const modules = join(folder, "node_modules");
	cpSync(join(ROOT, "dist", "src"), join(folder, "dist", "src"), { recursive: true });
	cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
	mkdirSync(join(modules, "@fastify"), { recursive: true });
	for (const name of packages) symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
	return { main: join(folder, "dist", "src", "server", "main.js"), modules };
}

test("it says where it listens, where the database is, what to do next and how to stop", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	const server = await startServerProcess(t, database);
	const lines = server.output().trimEnd().split("\n");
	t.deepEqual(lines, [
		`ET server ${PACKAGE.version} listens on ${server.url}`,
		`Database: ${database}`,
		"Takes reports of: every project (--open)",
		"Read by: this machine, until there is an administrator. To set one up, once and within the hour:",
		lines[4],
		`Next: name ${server.url} as "endpoint" in a script's et.json; its runs appear on ${server.url}/`,
		"Stop: Ctrl-C",
	]);
	t.regex(lines[4] ?? "", new RegExp(`^  ${server.url}/setup\\?token=ets_[A-Za-z0-9_-]{43}$`));
	t.regex(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
	t.is((await fetch(`${server.url}/healthz`)).status, 200);
	t.is(await server.end("SIGINT"), 0);
});

test("SIGTERM in the middle of batches: every batch was answered or never stored, and nothing is left open", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	const server = await startServerProcess(t, database);
	t.deepEqual(verdicts(await post(server.url, wireBatch([wireReport()]))), ["accepted"]);
	const sent = Array.from({ length: 20 }, () => post(server.url, wireBatch([wireReport(), wireReport()])));
	const ended = server.end("SIGTERM");
	const answers = await Promise.allSettled(sent);
	t.is(await ended, 0);
	const answered = answers.filter((answer) => answer.status === "fulfilled" && answer.value.status === 200).length;
	const store = openSqliteStore(database);
	t.teardown(() => store.close());
	t.is((await store.counts()).events, 1 + 2 * answered);
	t.notRegex(server.output(), /Error/);
});

test("SIGKILL in the middle of batches: what was acknowledged is stored, once", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	const acknowledged: string[] = [];
	for (let round = 0; round < 3; round++) {
		const server = await startServerProcess(t, database);
		const batches = Array.from({ length: 10 }, () => Array.from({ length: 100 }, () => wireReport()));
		const sent = batches.map((reports) =>
			post(server.url, wireBatch(reports)).then(({ body }) => {
				for (const { id, verdict } of body.verdicts) if (verdict === "accepted" && id !== null) acknowledged.push(id);
			}),
		);
		await Promise.any(sent);
		t.is(await server.end("SIGKILL"), "SIGKILL");
		await Promise.allSettled(sent);
	}
	const server = await startServerProcess(t, database);
	t.is((await fetch(`${server.url}/`)).status, 200);
	const db = new Sqlite(database, { readonly: true });
	t.teardown(() => db.close());
	const stored = db.prepare<[], string>("SELECT json_extract(report, '$.id') FROM events").pluck().all();
	t.true(acknowledged.length > 0);
	t.is(new Set(stored).size, stored.length);
	const storedIds = new Set(stored);
	t.deepEqual(
		acknowledged.filter((id) => !storedIds.has(id)),
		[],
	);
});

test("a port that is taken is said in one line", async (t) => {
	const other = createServer();
	await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
	t.teardown(() => other.close());
	const address = other.address();
	const port = String(typeof address === "object" ? address?.port : address);
	const { code, stderr } = await etServer(t, "--port", port, "--database", join(temporaryFolder(t), "et.sqlite"));
	t.is(code, 4);
	t.is(
		stderr,
		`et-server: Cannot listen on 127.0.0.1 port ${port}: another program listens there. Nothing was received. Choose another with --host or --port.\n`,
	);
});

test("a database that cannot be opened is said in one line", async (t) => {
	const { code, stderr } = await etServer(t, "--port", "0", "--database", join(ET_SERVER, "et.sqlite"));
	t.is(code, 5);
	t.regex(stderr, /^et-server: The database .* cannot be opened \(.*\)\. Nothing was changed\. .*--database\.\n$/);
});

asOrdinaryUser("a folder that may not be written is said in one line", async (t) => {
	const folder = temporaryFolder(t);
	chmodSync(folder, 0o500);
	const { code, stderr } = await etServer(t, "--port", "0", "--database", join(folder, "et", "et.sqlite"));
	t.is(code, 5);
	t.regex(stderr, /^et-server: [^\n]+\n$/);
});

test("a database of a newer version is said in one line", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	await openSqliteStore(database).close();
	const db = new Sqlite(database);
	db.pragma("user_version = 999");
	db.close();
	const { code, stderr } = await etServer(t, "--port", "0", "--database", database);
	t.is(code, 6);
	t.regex(stderr, /^et-server: .* newer version of ET [^\n]*\n$/);
});

test("wrong usage is said, and has a code of its own", async (t) => {
	for (const args of [
		["--port", "70000"],
		["--port", "1e3"],
		["--database", ""],
		["--database", "mysql://x"],
		["--database", "postgres://["],
		["migrate", "--port", "1"],
		["serve"],
		["--no-such"],
		["--trust-proxy", "everybody"],
		["--trust-proxy", "0.0.0.0/0"],
		["--set", "maxReports"],
		["--set", "maxReports=0"],
		["--set", "maxReports=-1"],
		["--set", "openIntake=1"],
		["register"],
		["register", "et.json", "--project", "dunovo"],
		["register", "--project", "a/b"],
		["unregister"],
		["unregister", "dunovo", "--notice", "0"],
		["keys", "add", "a/b"],
		["keys", "revoke", "dunovo", "x"],
		["keys", "revoke", "dunovo"],
	]) {
		const { code, stdout, stderr } = await etServer(t, ...args);
		t.is(code, 2, args.join(" "));
		t.is(stdout, "");
		t.regex(stderr, /^error: /);
	}
});

test("help explains options, examples and every exit code; version is the package's", async (t) => {
	const help = await etServer(t, "--help");
	t.is(help.code, 0);
	for (const part of [
		"--host",
		"--port",
		"--database",
		"--tls-cert",
		"--tls-key",
		"Examples:",
		"ET_DATA",
		...Array.from("012345678", (code) => `\n  ${code}  `),
	]) {
		t.true(help.stdout.includes(part), part);
	}
	const version = await etServer(t, "--version");
	t.deepEqual([version.code, version.stdout], [0, `${PACKAGE.version}\n`]);
});

test("without the server's packages it says in one line what to install", async (t) => {
	const { main } = installation(t, ["commander"]);
	const { code, stdout, stderr } = await runProgram(t, process.execPath, [main]);
	t.is(code, 3);
	t.is(stdout, "");
	t.regex(
		stderr,
		/^et-server: The server's packages are not installed; no data was touched\. Run: npm install [^\n]+\n$/,
	);
	for (const [name, range] of Object.entries(PACKAGE.peerDependencies))
		t.true(stderr.includes(` ${name}@${range}`), name);

	const help = await runProgram(t, process.execPath, [main, "--help"]);
	t.is(help.code, 0);
});

test("with a driver that was not built it says in one line how to build it", async (t) => {
	const peers = Object.keys(PACKAGE.peerDependencies).filter((name) => name !== "better-sqlite3" && name !== "pg");
	const { main, modules } = installation(t, ["commander", "bindings", ...peers]);
	for (const part of ["lib", "package.json"]) {
		cpSync(join(ROOT, "node_modules", "better-sqlite3", part), join(modules, "better-sqlite3", part), {
			recursive: true,
		});
	}
	const database = join(temporaryFolder(t), "et.sqlite");
	const { code, stderr } = await runProgram(t, process.execPath, [main, "--database", database]);
	t.is(code, 3);
	t.regex(stderr, /^et-server: better-sqlite3 [^\n]* npm rebuild better-sqlite3\n$/);
});

test("help whose reader leaves early ends without a word", async (t) => {
	const child = spawn(process.execPath, [ET_SERVER, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
	child.stdout.destroy();
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	const [code] = await once(child, "close");
	t.is(said, "");
	t.is(code, 0);
});
