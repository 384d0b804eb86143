/** Several processes on one SQLite file: nothing of an erased run slips in between the question and the writing. */
import { join } from "node:path";
import test from "ava";
import { runIdOf } from "../../../src/report/ids.js";
import { openSqliteStore } from "../../../src/server/store/sqlite.js";
import { runTogether } from "../../helpers/child.js";
import { moduleUrl } from "../../helpers/modules.js";
import { newRun } from "../../helpers/server.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const RUNS = 60;
const ROUNDS = 20;

const load = (path: string) => JSON.stringify(moduleUrl(path));

/** What both have: the store, and a call that comes back while the other process is writing. */
const opening = (file: string) => `
	import { openSqliteStore } from ${load("src/server/store/sqlite.js")};
	const store = openSqliteStore(${JSON.stringify(file)});
	const persist = async (call) => {
		for (;;) {
			try {
				return await call();
			} catch (error) {
				if (error.code !== "ET_STORE_UNAVAILABLE") throw error;
			}
		}
	};`;

/** Sends events of all runs, a batch a round, and prints for each run what was said of them. */
const sender = (file: string, runIds: readonly string[]) => `${opening(file)}
	import { eventRecord } from ${load("test/contract/store.js")};
	const said = Object.fromEntries(${JSON.stringify(runIds)}.map((runId) => [runId, []]));
	for (let round = 0; round < ${ROUNDS}; round++) {
		const events = Object.keys(said).map((runId) => eventRecord({ runId }));
		const results = await persist(() => store.insertBatch({ events, lost: [] }));
		events.forEach(({ runId }, index) => said[runId].push(results[index]));
	}
	await store.close();
	console.log(JSON.stringify(said));`;

/** Erases run after run, and prints how many events each had. */
const eraser = (file: string, runIds: readonly string[]) => `${opening(file)}
	const events = {};
	for (const runId of ${JSON.stringify(runIds)}) {
		const request = { runId, redaction: null, at: 0, receipt: runId };
		const [result] = await persist(() => store.erase([request]));
		events[runId] = result.events;
	}
	await store.close();
	console.log(JSON.stringify(events));`;

test("two processes send while a third erases: what was accepted is erased, and what comes later is not stored", async (t) => {
	const file = join(temporaryFolder(t), "et.sqlite");
	// Made beforehand: who makes it takes the lock for longer.
	const store = openSqliteStore(file);
	t.teardown(() => store.close());
	const runIds = Array.from({ length: RUNS }, () => runIdOf(newRun().key));
	const results = await runTogether(t, [sender(file, runIds), sender(file, runIds), eraser(file, runIds)]);
	for (const { code, stderr } of results) t.deepEqual([code, stderr], [0, ""]);
	const [first, second, erased] = results.map(({ stdout }) => JSON.parse(stdout));

	for (const runId of runIds) {
		for (const said of [first[runId], second[runId]]) {
			t.is(said.length, ROUNDS);
			t.deepEqual(said.toSorted(), said, "once erased, nothing is accepted any more");
		}
		const accepted = [...first[runId], ...second[runId]].filter((verdict) => verdict === "accepted").length;
		t.is(erased[runId], accepted);
	}
	t.like(await store.counts(), { events: 0, runs: 0, erased: RUNS });
});
