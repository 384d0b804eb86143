/** What every engine must do alike when a project is erased as a whole. */
import { randomUUID } from "node:crypto";
import type { TestFn } from "ava";
import { UPKEEP_STEP } from "../../src/server/config.js";
import type { EventRecord, Store } from "../../src/server/store/types.js";
import { eraseProject } from "../../src/server/upkeep/erase-project.js";
import { testManifest } from "../helpers/manifest.js";
import { randomRunId, uuid } from "../helpers/server.js";
import { eventRecord, type OpenStore } from "./store.js";

const AT = Date.UTC(2026, 5, 15);

/** An event that occurred, and was received, so long after the erasure; before it where negative. */
function event(ms: number, changes: Partial<EventRecord> = {}): EventRecord {
	const at = AT + ms;
	return eventRecord({ id: uuid(), receivedAt: at, occurredAt: at, occurredAtClient: at, ...changes });
}

async function begin(store: Store, block = false, project = "dunovo", at = AT) {
	return store.beginProjectErasure({ project, at, receipt: randomUUID(), block });
}

const insert = (store: Store, ...events: EventRecord[]) => store.insertBatch({ events, lost: [] });

export function projectErasureContract(test: TestFn, open: OpenStore): void {
	test("a project is erased in steps, with a receipt and a count, and no other is touched", async (t) => {
		const store = await open(t);
		const many = Array.from({ length: UPKEEP_STEP + 10 }, () => event(-1000));
		const runId = randomRunId();
		const two = [event(-900, { runId, event: "start" }), event(-800, { runId })];
		const namesake = event(-700, { project: "other", runId });
		const lost = [{ id: uuid(), project: "dunovo", reason: "full", count: 3, receivedAt: AT - 1 }];
		await store.insertBatch({ events: [...many, ...two, namesake], lost });
		t.is(await store.reportsOf("dunovo"), many.length + 2);
		t.is(await store.reportsOf("none"), undefined);
		t.is(await eraseProject(store, "dunovo"), undefined);
		const { receipt } = await begin(store);
		t.deepEqual(await eraseProject(store, "dunovo"), {
			project: "dunovo",
			erasedAt: AT,
			runs: many.length + 1,
			events: many.length + 2,
			receipt,
			isBlocked: false,
			isDone: true,
		});
		t.is(await store.reportsOf("dunovo"), 0);
		t.deepEqual(await store.lostTotals("dunovo"), []);
		t.deepEqual(await store.projects(10), ["other"]);
		t.is((await store.runEvents("other", runId)).length, 1);
		const [act] = await store.acts({ limit: 1 });
		t.like(act, { act: "project_erased", what: "dunovo", source: "console" });
	});

	test("what happened before it does not come back, re-sent or late, and what happens later does", async (t) => {
		const store = await open(t);
		const [running, ended] = [event(-1000, { event: "start" }), event(-900)];
		await insert(store, running, ended);
		await begin(store);
		// As it is begun, and not only when all has gone.
		t.deepEqual(await insert(store, { ...ended, receivedAt: AT + 50 }), ["erased"]);
		await eraseProject(store, "dunovo");
		const late = event(500, { runId: running.runId });
		const offline = event(-10_000, { receivedAt: AT + 5000 });
		const namesake = event(500, { project: "other", runId: running.runId });
		const fresh = event(600);
		t.deepEqual(await insert(store, running, ended, late, offline, namesake, fresh), [
			"erased",
			"erased",
			"erased",
			"erased",
			"accepted",
			"accepted",
		]);
		t.is(await store.reportsOf("dunovo"), 1);
		// Erased again, with what has come since.
		const { receipt } = await begin(store, false, "dunovo", AT + 1000);
		t.like(await eraseProject(store, "dunovo"), { receipt, events: 1, runs: 1, erasedAt: AT + 1000 });
	});

	test("a blocked project is registered no more, until its operator registers it", async (t) => {
		const store = await open(t);
		await store.register({ project: "dunovo", manifest: testManifest(), at: 1 });
		await begin(store, true);
		t.deepEqual(await store.registrations(null), []);
		t.like((await store.projectErasures(["dunovo"]))[0], { isBlocked: true });
		await store.register({ project: "dunovo", manifest: testManifest(), at: 2 });
		t.like((await store.projectErasures(null))[0], { isBlocked: false, erasedAt: AT });
		t.deepEqual(await store.projectErasures([]), []);
	});
}
