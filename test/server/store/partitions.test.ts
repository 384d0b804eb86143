/** docs/scaling.md tells how a table is partitioned by month: what it tells is done here, and the contract holds. */
import { readFileSync } from "node:fs";
import test, { type ExecutionContext, type TestFn } from "ava";
import { openPostgresStore } from "../../../src/server/store/postgres.js";
import type { Store } from "../../../src/server/store/types.js";
import { erasureContract } from "../../contract/erasures.js";
import { eventRecord, storeContract } from "../../contract/store.js";
import { emptyDatabase, withPostgres } from "../../helpers/postgres.js";
import { administer } from "../../helpers/postgres-server.js";
import { uuid } from "../../helpers/server.js";

const PAGE = new URL("../../../../docs/scaling.md", import.meta.url);
const PARTITIONS = /<!-- partitions: [^\n]*-->\n\n```sql\n([\s\S]*?)```/.exec(readFileSync(PAGE, "utf8"))?.[1] ?? "";

async function openPartitioned(t: ExecutionContext): Promise<Store> {
	const url = await emptyDatabase(t);
	await (await openPostgresStore(url)).close();
	await administer(url, PARTITIONS);
	const store = await openPostgresStore(url);
	t.teardown(() => store.close());
	return store;
}

storeContract(withPostgres as TestFn, openPartitioned);
erasureContract(withPostgres as TestFn, openPartitioned);

test("the page has the statements", (t) => {
	t.regex(PARTITIONS, /PARTITION BY RANGE/);
});

withPostgres("what was there is there after, each report in its month, under every index that it had", async (t) => {
	const url = await emptyDatabase(t);
	const before = await openPostgresStore(url);
	const months = ["2026-03-31T23:59:59.999Z", "2026-04-01T00:00:00.000Z", "2019-01-01T00:00:00.000Z"];
	const events = months.map((month) => eventRecord({ id: uuid(Date.parse(month)) }));
	await before.insertBatch({ events, lost: [] });
	await before.close();
	const indexes = "SELECT indexname AS name FROM pg_indexes WHERE tablename = 'events' ORDER BY 1";
	const had = await administer(url, indexes);
	await administer(url, PARTITIONS);
	t.deepEqual(await administer(url, indexes), had);
	const placed = await administer<{ place: string }>(
		url,
		"SELECT tableoid::regclass AS place FROM events ORDER BY seq",
	);
	t.deepEqual(
		placed.map(({ place }) => place),
		["events_2026_03", "events_2026_04", "events_rest"],
	);
	const store = await openPostgresStore(url);
	t.teardown(() => store.close());
	t.deepEqual(await store.insertBatch({ events: [...events, eventRecord()], lost: [] }), [
		"duplicate",
		"duplicate",
		"duplicate",
		"accepted",
	]);
	t.is((await store.listRuns({ limit: 10 })).runs.length, 4);
});
