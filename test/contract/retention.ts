/** What every engine must do alike with the time for which runs are kept. */
import type { TestFn } from "ava";
import { MAX_EVENTS_GONE, UPKEEP_STEP } from "../../src/server/config.js";
import type { EventRecord, Store } from "../../src/server/store/types.js";
import { expireProject } from "../../src/server/upkeep/expire.js";
import { testManifest } from "../helpers/manifest.js";
import { randomRunId, uuid } from "../helpers/server.js";
import { eventRecord, type OpenStore } from "./store.js";

const NOW = Date.UTC(2026, 5, 15);
const DAY_MS = 24 * 60 * 60 * 1000;

function daysAgo(days: number, changes: Partial<EventRecord> = {}, notice: number | null = null): EventRecord {
	const event = eventRecord({ id: uuid(), receivedAt: NOW - days * DAY_MS, ...changes });
	return { ...event, report: JSON.stringify({ ...JSON.parse(event.report), manifest_notice: notice }) };
}

async function promise(store: Store, version: number, retention: string, project = "dunovo"): Promise<void> {
	const { notice } = testManifest();
	await store.register({
		project,
		manifest: testManifest({ project, notice: { ...notice, version, retention } }),
		at: 1,
	});
}

async function expireAll(store: Store, mode: "erase" | "count" = "erase", now = NOW) {
	const gone: Record<string, { runs: number; events: number }> = {};
	for (const retention of await store.retentions(null)) {
		gone[retention.project] = await expireProject(retention, { store, now, mode });
	}
	return gone;
}

async function remain(store: Store, events: readonly EventRecord[]): Promise<number[]> {
	const lengths = events.map(async ({ project, runId }) => (await store.runEvents(project, runId)).length);
	return Promise.all(lengths);
}

export function retentionContract(test: TestFn, open: OpenStore): void {
	test("a run goes whole, by its last event, and another project's run of the same id stays", async (t) => {
		const store = await open(t);
		await promise(store, 1, "P30D");
		const old = daysAgo(40, { event: "start" }, 1);
		const oldEnd = daysAgo(31, { runId: old.runId }, 1);
		const long = daysAgo(40, { event: "start" }, 1);
		const longEnd = daysAgo(29, { runId: long.runId }, 1);
		const namesake = daysAgo(40, { project: "other", runId: old.runId }, 1);
		const events = [old, long, oldEnd, longEnd, namesake];
		await store.insertBatch({ events, lost: [] });
		const redaction = { reportId: namesake.id, fields: ["command"] };
		await store.erase([{ runId: old.runId, redaction, at: NOW, receipt: uuid() }]);
		const expected = { dunovo: { runs: 1, events: 2 }, other: { runs: 0, events: 0 } };
		t.deepEqual(await expireAll(store, "count"), expected);
		t.deepEqual(await remain(store, events), [2, 2, 2, 2, 1]);
		t.deepEqual(await expireAll(store), expected);
		t.deepEqual(await remain(store, events), [0, 2, 0, 2, 1]);
		t.deepEqual(await expireAll(store), { dunovo: { runs: 0, events: 0 }, other: { runs: 0, events: 0 } });
		const [retention] = await store.retentions(["dunovo"]);
		t.deepEqual(retention, {
			project: "dunovo",
			promises: [{ notice: 1, retention: "P30D" }],
			duration: null,
			checkedAt: NOW,
			gone: { runs: 1, events: 2 },
		});
		// The receipt of what is still there is still the same.
		const [again] = await store.erase([{ runId: old.runId, redaction, at: NOW + 1, receipt: uuid() }]);
		t.like(again, { verdict: "redacted", at: NOW });
	});

	test("each run is kept as its notice says, and under none that is known as the shortest does", async (t) => {
		const store = await open(t);
		await promise(store, 1, "P60D");
		await promise(store, 2, "P20D");
		const events = [daysAgo(50, {}, 1), daysAgo(50, {}, 2), daysAgo(50, {}, 3), daysAgo(50), daysAgo(10, {}, 3)];
		await store.insertBatch({ events, lost: [] });
		await expireAll(store);
		t.deepEqual(await remain(store, events), [1, 0, 0, 0, 1]);
	});

	test("an operator can choose less than the notice says, and never more", async (t) => {
		const store = await open(t);
		await promise(store, 1, "P60D");
		const events = [daysAgo(100, {}, 1), daysAgo(50, {}, 1), daysAgo(10, {}, 1)];
		await store.insertBatch({ events, lost: [] });
		await store.setRetention("dunovo", "P1Y");
		await expireAll(store);
		t.deepEqual(await remain(store, events), [0, 1, 1]);
		await store.setRetention("dunovo", "P30D");
		await expireAll(store);
		t.deepEqual(await remain(store, events), [0, 0, 1]);
		await store.setRetention("dunovo", null);
		const [retention] = await store.retentions(["dunovo"]);
		t.like(retention, { duration: null, gone: { runs: 2, events: 2 } });
	});

	test("a project without a notice is kept until its operator chooses a time", async (t) => {
		const store = await open(t);
		const events = [daysAgo(4000), daysAgo(10)];
		await store.insertBatch({ events, lost: [] });
		await expireAll(store);
		t.deepEqual(await remain(store, events), [1, 1]);
		await store.setRetention("dunovo", "P1M");
		await expireAll(store);
		t.deepEqual(await remain(store, events), [0, 1]);
	});

	test("what a notice promised holds when its project is not registered any more, but not a text that was taken back", async (t) => {
		const store = await open(t);
		await promise(store, 1, "P60D");
		await promise(store, 2, "P5D");
		await store.unregister("dunovo", 2);
		await store.unregister("dunovo", null);
		const events = [daysAgo(70, {}, 1), daysAgo(50, {}, 1)];
		await store.insertBatch({ events, lost: [] });
		await expireAll(store);
		t.deepEqual(await remain(store, events), [0, 1]);
		await promise(store, 1, "P40D");
		await expireAll(store);
		t.deepEqual(await remain(store, events), [0, 0]);
	});

	test("more than a step has goes in steps, also of one run, and a clock that was changed hides nothing", async (t) => {
		const store = await open(t);
		await promise(store, 1, "P30D");
		const giant = randomRunId();
		const many = Array.from({ length: 2 * UPKEEP_STEP + 1 }, () => daysAgo(40, {}, 1));
		const future = Array.from({ length: UPKEEP_STEP + 5 }, () => daysAgo(-400, {}, 1));
		const ofGiant = Array.from({ length: MAX_EVENTS_GONE + 10 }, () => daysAgo(40, { runId: giant }, 1));
		const young = daysAgo(1, {}, 1);
		for (const events of [many, future, ofGiant, [young]]) await store.insertBatch({ events, lost: [] });
		const all = { dunovo: { runs: many.length + 1, events: many.length + ofGiant.length } };
		t.deepEqual(await expireAll(store, "count"), all);
		t.deepEqual(await expireAll(store), all);
		t.is((await store.counts()).events, future.length + 1);
		t.like((await store.retentions(null))[0], { gone: all.dunovo });
	});

	test("one server at a time looks after what is stored, until it says so or falls silent", async (t) => {
		const store = await open(t);
		t.true(await store.claimUpkeep("one", 100, 200));
		t.false(await store.claimUpkeep("other", 150, 250));
		t.true(await store.claimUpkeep("one", 150, 250));
		t.false(await store.claimUpkeep("other", 249, 300));
		t.true(await store.claimUpkeep("other", 250, 300));
		t.false(await store.claimUpkeep("one", 260, 0));
		t.true(await store.claimUpkeep("other", 260, 0));
		t.true(await store.claimUpkeep("one", 260, 400));
	});
}
