/** The time for which runs are kept, as an operator chooses it and as servers keep it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openStore } from "../../../src/server/store/open.js";
import { eventRecord } from "../../contract/store.js";
import { runProgram } from "../../helpers/child.js";
import { ET_SERVER } from "../../helpers/et-server.js";
import { manifestJson } from "../../helpers/manifest.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { testServer } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const DAY_MS = 24 * 60 * 60 * 1000;

function operator(t: ExecutionContext, database: string) {
	const run = (...args: string[]) => runProgram(t, process.execPath, [ET_SERVER, ...args, "--database", database]);
	const register = (retention: string, version = 1) => {
		const file = join(temporaryFolder(t), "et.json");
		const { notice } = manifestJson();
		writeFileSync(file, JSON.stringify(manifestJson({ notice: { ...(notice as object), version, retention } })));
		return run("register", file);
	};
	return { run, register };
}

/** Runs of which one was received that many days ago each. */
async function stored(database: string, ...days: number[]) {
	const store = await openStore(database);
	const events = days.map((each) => eventRecord({ receivedAt: Date.now() - each * DAY_MS, command: `secret${each}` }));
	await store.insertBatch({ events, lost: [] });
	await store.close();
}

test("an operator sees for how long runs are kept, what would go, chooses less, and lets it go", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	const { run, register } = operator(t, database);
	t.regex((await run("retention")).stdout, /^No project is registered/);
	await register("P2Y");
	await stored(database, 800, 400, 10);
	t.is((await run("retention")).stdout, "dunovo: runs are kept for 2 years after their last report\n");
	t.regex((await run("retention", "--dry-run")).stdout, /\n {2}Would go now: 1 runs \(1 reports\)\.\n$/);
	const longer = await run("retention", "dunovo", "P5Y");
	t.is(
		longer.stdout,
		"dunovo: runs are kept for 2 years after their last report\n  Chosen here: 5 years.\n" +
			"  Notice version 1 says 2 years, which is less: that counts for its reports, whatever is chosen.\n",
	);
	t.regex(
		(await run("retention", "dunovo", "P1Y", "--dry-run")).stdout,
		/kept for 1 year after[\s\S]*Would go now: 2 runs/,
	);
	t.regex((await run("retention", "--apply")).stdout, /Gone now: 2 runs \(2 reports\)\.\n$/);
	const [json] = JSON.parse((await run("retention", "--json")).stdout);
	t.like(json, { project: "dunovo", chosen: "P1Y", kept_for: "P1Y", gone: { runs: 2, events: 2 } });
	t.deepEqual(json.notices, [{ version: 1, says: "P2Y", kept_for: "P1Y" }]);
	t.regex((await run("retention", "dunovo", "notice")).stdout, /kept for 2 years/);
	t.is((await run("retention", "none")).code, 8);
	t.is((await run("retention", "dunovo", "1 year")).code, 2);
	t.is((await run("retention", "--apply", "--dry-run")).code, 2);
});

test("a server lets old runs go when it starts, and their bytes are gone from SQLite's files", async (t) => {
	const folder = temporaryFolder(t);
	const database = join(folder, "et.sqlite");
	const { register } = operator(t, database);
	await register("P30D");
	await stored(database, 40, 10);
	const hasBytes = (text: string) =>
		readdirSync(folder).some((name) => name.startsWith("et.sqlite") && readFileSync(join(folder, name)).includes(text));
	t.true(hasBytes("secret40"));
	const said: string[] = [];
	const { upkeep, store } = await testServer(t, { database, log: (message) => said.push(message) });
	await upkeep.run();
	t.false(hasBytes("secret40"));
	t.true(hasBytes("secret10"));
	t.is((await store.counts()).events, 1);
	t.deepEqual(said, ["1 runs of dunovo had been kept for long enough, and are gone"]);
	await upkeep.run();
	t.is(said.length, 1);
});

withPostgres("several servers on one database let each run go once, and count it once", async (t) => {
	const database = await emptyDatabase(t);
	const { register } = operator(t, database);
	await register("P30D");
	await stored(database, ...Array.from({ length: 450 }, () => 40), 10);
	const servers = await Promise.all([1, 2, 3].map(() => testServer(t, { database })));
	await Promise.all(servers.map(({ upkeep }) => upkeep.run()));
	await servers[0]?.upkeep.run();
	const [retention] = (await servers[0]?.store.retentions(["dunovo"])) ?? [];
	t.like(retention, { gone: { runs: 450, events: 450 } });
	t.is((await servers[0]?.store.counts())?.events, 1);
});
