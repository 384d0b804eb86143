/** What is kept of addresses, from a connection to every place where it could show: on both engines. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { AddressPolicy } from "../../../src/report/manifest.js";
import { openStore } from "../../../src/server/store/open.js";
import { runProgram } from "../../helpers/child.js";
import { ET_SERVER } from "../../helpers/et-server.js";
import { manifestJson } from "../../helpers/manifest.js";
import type { Declare } from "../../helpers/needs.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { postBytes, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const ENGINES: ReadonlyArray<[name: string, declare: Declare, place: (t: ExecutionContext) => Promise<string>]> = [
	["SQLite", test, async (t) => join(temporaryFolder(t), "et.sqlite")],
	["PostgreSQL", withPostgres, (t) => emptyDatabase(t)],
];

const ADDRESS = "203.0.113.77";
const NETWORK = "203.0.113.0/24";

async function operator(t: ExecutionContext, database: string) {
	const run = async (...args: string[]) => {
		const done = await runProgram(t, process.execPath, [ET_SERVER, ...args, "--database", database]);
		t.is(done.code, 0, done.stderr);
		return done.stdout;
	};
	const register = (project: string, version: number, addresses: AddressPolicy) => {
		const file = join(temporaryFolder(t), "et.json");
		const { notice } = manifestJson();
		writeFileSync(
			file,
			JSON.stringify(manifestJson({ project, notice: { ...(notice as object), version, addresses } })),
		);
		return run("register", file);
	};
	return { run, register };
}

/** An operator who keeps whole addresses, of the project "open", whose notice allows it. */
async function keepingAll(t: ExecutionContext, database: string) {
	const found = await operator(t, database);
	await found.register("open", 1, "full");
	await found.run("addresses", "set", "full");
	return found;
}

/** Sends a report through a proxy that the server trusts, and gives what its exports say of where it came from. */
async function sent(t: ExecutionContext, url: string, changes: Record<string, unknown>, from = ADDRESS) {
	const report = wireReport(changes);
	const posted = await postBytes(url, JSON.stringify(wireBatch([report])), { "x-forwarded-for": from });
	t.deepEqual(verdicts(posted), ["accepted"]);
	return { report, ...(await exported(url, report)) };
}

async function exported(url: string, { id, project }: { id: string; project?: unknown }) {
	const response = await fetch(`${url}/v1/events?format=ndjson&project=${project}`);
	const events = (await response.text()).split("\n").filter((line) => line !== "");
	const event = events.map((line) => JSON.parse(line)).find((each) => each.report.id === id);
	return { address: event?.address, source: event?.source };
}

const CONFIG = { registryMaxAgeMs: 0, trustedProxies: ["127.0.0.1"] };

for (const [engine, declare, place] of ENGINES) {
	declare(
		`${engine}: what operator and notice both allow is kept of an address, and no more shows anywhere`,
		async (t) => {
			const database = await place(t);
			const { run, register } = await operator(t, database);
			// PostgreSQL gives out what is old enough; the clock of a test needs no patience.
			let now = Date.now();
			const { url } = await testServer(t, { database, clock: () => now, config: CONFIG });
			const later = () => {
				now += 120_000;
			};
			await register("open", 1, "full");
			await register("open", 2, "truncated");
			await register("open", 3, "none");
			const send = async (changes: Record<string, unknown>, from?: string) => {
				const { report } = await sent(t, url, { project: "open", ...changes }, from);
				later();
				return { report, ...(await exported(url, report)) };
			};
			t.like(await send({ manifest_notice: 1 }), { address: null, source: null });

			t.regex(
				await run("addresses", "set", "full"),
				/^Policy: full: the address is kept\.[\s\S]*no more than that\.\n$/,
			);
			const full = await send({ manifest_notice: 1 });
			t.is(full.address, ADDRESS);
			t.is((await send({ manifest_notice: 2 })).address, NETWORK);
			// None, a notice that is not known here, no notice, a project that is not registered.
			for (const changes of [
				{ manifest_notice: 3 },
				{ manifest_notice: 4 },
				{},
				{ project: "other", manifest_notice: 1 },
			]) {
				t.like(await send(changes), { address: null, source: null });
			}
			t.like(await send({ manifest_notice: 1 }, "not an address"), { address: null, source: null });
			const page = await (await fetch(`${url}/runs/open/${full.report.run_id}`)).text();
			t.regex(page, /<th scope="col">From<\/th>[\s\S]*203\.0\.113\.77/);
			t.regex(await (await fetch(`${url}/v1/events?format=csv`)).text(), /,address,source\r?\n[\s\S]*203\.0\.113\.77/);

			t.regex(await run("addresses", "set", "hashed"), /Of 2 stored reports what is kept was brought down/);
			later();
			const brought = await exported(url, full.report);
			t.is(brought.address, null);
			t.is(brought.source, full.source);
			const [one, two, other] = [
				await send({ manifest_notice: 1 }),
				await send({ manifest_notice: 1 }),
				await send({ manifest_notice: 1 }, "203.0.113.78"),
			];
			t.like(one, { address: null, source: two.source });
			t.regex(one.source, /^a/);
			t.not(one.source, other.source);
			const network = await send({ manifest_notice: 2 });
			t.is((await send({ manifest_notice: 2 }, "203.0.113.78")).source, network.source);
			t.like(network, { address: null });
			t.regex(network.source, /^n/);
			const hashedPage = await (await fetch(`${url}/runs/open/${one.report.run_id}`)).text();
			t.true(hashedPage.includes(one.source));
			t.notRegex(hashedPage, /203\.0\.113/);
			t.regex(
				await run("addresses", "show"),
				/^Policy: hashed: a keyed hash is kept\. .*30 days\.\nopen, notice version 1 \(full\): a keyed hash is kept\nopen, notice version 2 \(truncated\): a keyed hash of its first part is kept\nopen, notice version 3 \(none\): nothing is kept\n$/,
			);
			// Past the window: the key is another one.
			now += 31 * 24 * 60 * 60 * 1000;
			t.not((await send({ manifest_notice: 1 })).source, one.source);

			await run("addresses", "set", "none");
			for (const { report } of [full, one, network]) {
				t.deepEqual(await exported(url, report), { address: null, source: null });
			}
			t.like(await send({ manifest_notice: 1 }), { address: null, source: null });
		},
	);

	declare(
		`${engine}: a restored backup brings back no address that was forbidden since, and no key of hashes`,
		async (t) => {
			const database = await place(t);
			const backup = join(temporaryFolder(t), "backup.sqlite");
			const { run } = await keepingAll(t, database);
			const first = await testServer(t, { database, config: CONFIG });
			const { report } = await sent(t, first.url, { project: "open", manifest_notice: 1 });
			await first.close();
			await run("backup", "--to", backup);
			t.false(readFileSync(backup).includes(await keyOf(database)));
			await run("addresses", "set", "none");
			await run("restore", "--from", backup, "--replace");
			const { url, upkeep } = await testServer(t, { database, config: CONFIG, clock: () => Date.now() + 120_000 });
			await upkeep.run();
			t.deepEqual(await exported(url, report), { address: null, source: null });
			t.regex(await run("addresses", "show"), /^Policy: none: nothing is kept\.\nopen/);
		},
	);
}

async function keyOf(database: string): Promise<Buffer> {
	const store = await openStore(database);
	try {
		const { windowMs } = await store.addressSetting();
		return await store.addressKey((Math.floor(Date.now() / windowMs) + 1) * windowMs);
	} finally {
		await store.close();
	}
}

test("a proxy is believed only where it is trusted", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	await keepingAll(t, database);
	const { url } = await testServer(t, { database, config: { trustedProxies: [] } });
	t.is((await sent(t, url, { project: "open", manifest_notice: 1 })).address, "127.0.0.1");
});

test("what is brought down is gone from SQLite's files, and so is a key that was destroyed", async (t) => {
	const folder = temporaryFolder(t);
	const database = join(folder, "et.sqlite");
	const { run } = await keepingAll(t, database);
	const server = await testServer(t, { database, config: CONFIG });
	await sent(t, server.url, { project: "open", manifest_notice: 1 });
	const key = await keyOf(database);
	const hasBytes = (bytes: Buffer | string) =>
		readdirSync(folder).some(
			(name) => name.startsWith("et.sqlite") && readFileSync(join(folder, name)).includes(bytes),
		);
	t.true(hasBytes(ADDRESS));
	t.true(hasBytes(key));
	await run("addresses", "set", "none");
	t.false(hasBytes(ADDRESS));
	t.false(hasBytes(key));
});

test("a policy that was set and not brought to what is stored, is so by the next server that starts", async (t) => {
	const database = join(temporaryFolder(t), "et.sqlite");
	await keepingAll(t, database);
	const first = await testServer(t, { database, config: CONFIG });
	const { report } = await sent(t, first.url, { project: "open", manifest_notice: 1 });
	await first.close();
	const store = await openStore(database);
	await store.setAddresses("none", 1);
	await store.close();
	const said: string[] = [];
	const { url, upkeep } = await testServer(t, { database, config: CONFIG, log: (message) => said.push(message) });
	await upkeep.run();
	t.deepEqual(await exported(url, report), { address: null, source: null });
	t.deepEqual(said, ["addresses of 1 stored reports were brought down to the policy"]);
});
