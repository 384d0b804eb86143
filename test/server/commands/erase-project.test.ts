/** Erasing a project as an operator does it, while a server runs, and what a backup or a move brings of it: nothing. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openStore } from "../../../src/server/store/open.js";
import { runProgram } from "../../helpers/child.js";
import { ET_SERVER } from "../../helpers/et-server.js";
import type { Declare } from "../../helpers/needs.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { post, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const ENGINES: ReadonlyArray<[name: string, declare: Declare, place: (t: ExecutionContext) => Promise<string>]> = [
	["SQLite", test, async (t) => join(temporaryFolder(t), "et.sqlite")],
	["PostgreSQL", withPostgres, (t) => emptyDatabase(t)],
];

function operator(t: ExecutionContext, database: string) {
	return (...args: string[]) => runProgram(t, process.execPath, [ET_SERVER, ...args, "--database", database]);
}

const CONFIG = { registryMaxAgeMs: 0 };
const OLD = { project: "secret-project", occurred_at: "2026-01-01T00:00:00.000Z" };
const later = () => ({ project: "secret-project", occurred_at: new Date(Date.now() + 30_000).toISOString() });

async function reportsOf(database: string, project: string): Promise<number | undefined> {
	const store = await openStore(database);
	try {
		return await store.reportsOf(project);
	} finally {
		await store.close();
	}
}

for (const [engine, declare, place] of ENGINES) {
	declare(
		`${engine}: a project is erased while a server runs, only when that is confirmed, and blocked if wanted`,
		async (t) => {
			const database = await place(t);
			const run = operator(t, database);
			const { url } = await testServer(t, { database, config: CONFIG });
			const send = async (report: Record<string, unknown>) => verdicts(await post(url, wireBatch([report])));
			const old = wireReport(OLD);
			t.deepEqual(await send(old), ["accepted"]);
			t.is((await run("erase-project", "none", "--yes")).code, 8);
			const asked = await run("erase-project", "secret-project");
			t.is(asked.code, 8);
			t.regex(asked.stderr, /1 reports of secret-project would be erased for good\. Nothing was erased\..*--yes\n$/);
			t.is(await reportsOf(database, "secret-project"), 1);

			const erased = await run("erase-project", "secret-project", "--yes");
			t.is(erased.code, 0, erased.stderr);
			t.regex(
				erased.stdout,
				/^Erased secret-project: 1 reports of 1 runs,[\s\S]*\nReceipt: [0-9a-f-]{36}\n.*taken as before/,
			);
			t.deepEqual(await send(old), ["erased"]);
			t.deepEqual(await send(wireReport(later())), ["accepted"]);
			t.regex((await run("audit")).stdout, /the console: erased the project secret-project/);

			t.regex(
				(await run("erase-project", "secret-project", "--yes", "--block")).stdout,
				/1 reports of 1 runs[\s\S]*rejected/,
			);
			t.deepEqual(await send(wireReport(later())), ["rejected:project_blocked"]);
			await run("register", "--project", "secret-project");
			t.deepEqual(await send(wireReport(later())), ["accepted"]);
			t.deepEqual(await send(old), ["erased"]);
		},
	);

	declare(`${engine}: neither a restored backup nor a move brings an erased project back`, async (t) => {
		const database = await place(t);
		const run = operator(t, database);
		const folder = temporaryFolder(t);
		const server = await testServer(t, { database, config: CONFIG });
		const old = wireReport(OLD);
		const other = wireReport({ project: "other" });
		await post(server.url, wireBatch([old, other]));
		await server.close();
		const [backup, erasures, moved] = ["backup.sqlite", "erasures.sqlite", "moved.sqlite"].map((name) =>
			join(folder, name),
		) as [string, string, string];
		t.is((await run("backup", "--to", backup)).code, 0);
		// Its events are there before its erasure comes.
		t.is((await run("move", "--to", moved)).code, 0);
		t.is(await reportsOf(moved, "secret-project"), 1);
		t.is((await run("erase-project", "secret-project", "--yes", "--block")).code, 0);
		t.is((await run("move", "--to", moved)).code, 0);
		t.is((await run("backup", "--erasures", "--to", erasures)).code, 0);
		const restored = await run("restore", "--from", backup, "--replace");
		t.is(restored.code, 0, restored.stderr);
		const elsewhere = join(folder, "elsewhere.sqlite");
		const there = operator(t, elsewhere);
		t.is((await there("restore", "--from", backup, "--erased", erasures)).code, 0);
		for (const each of [database, moved, elsewhere]) {
			t.is(await reportsOf(each, "secret-project"), 0, each);
			t.is(await reportsOf(each, "other"), 1, each);
			const { url } = await testServer(t, { database: each, config: CONFIG });
			t.deepEqual(verdicts(await post(url, wireBatch([old]))), ["rejected:project_blocked"], each);
		}
	});
}

test("an erasure that was ended in between is finished by the next server that starts, to the last byte", async (t) => {
	const folder = temporaryFolder(t);
	const database = join(folder, "et.sqlite");
	const first = await testServer(t, { database, config: CONFIG });
	await post(first.url, wireBatch([wireReport({ ...OLD, command: "secret-command" })]));
	await first.close();
	const store = await openStore(database);
	await store.beginProjectErasure({ project: "secret-project", at: Date.now(), receipt: "receipt", block: false });
	await store.close();
	const said: string[] = [];
	const { upkeep } = await testServer(t, { database, config: CONFIG, log: (message) => said.push(message) });
	await upkeep.run();
	t.deepEqual(said, ["the erasure of secret-project is finished: 1 reports are gone"]);
	for (const name of readdirSync(folder)) t.false(readFileSync(join(folder, name)).includes("secret-command"), name);
});
