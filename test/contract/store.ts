/** What every engine behind the server must do alike. An engine's own test file gives it a store to try. */
import type { ExecutionContext, TestFn } from "ava";
import fc from "fast-check";
import { MAX_EVENTS_SHOWN } from "../../src/server/config.js";
import type { EventRecord, LostRecord, RunsQuery, Store } from "../../src/server/store/types.js";
import { randomRunId, uuid } from "../helpers/server.js";

/** Opens an empty store that is closed and gone when the test ends. */
export type OpenStore = (t: ExecutionContext) => Promise<Store>;

const AT_MS = Date.UTC(2026, 0, 31, 12);

export function eventRecord(changes: Partial<EventRecord> = {}): EventRecord {
	const record = {
		project: "dunovo",
		runId: randomRunId(),
		id: uuid(),
		event: "end",
		receivedAt: AT_MS + 1000,
		occurredAt: AT_MS,
		occurredAtClient: AT_MS,
		command: "align",
		version: "2.1.0",
		outcome: "ok",
		test: false,
		wallSeconds: 12.5,
		address: null,
		source: null,
		...changes,
	} satisfies Omit<EventRecord, "report">;
	return { ...record, report: changes.report ?? reportOf(record) };
}

function reportOf({ id, runId, event, project }: Omit<EventRecord, "report">): string {
	return JSON.stringify({ id, run_id: runId, event, project, occurred_at: new Date(AT_MS).toISOString() });
}

function lostRecord(changes: Partial<LostRecord> = {}): LostRecord {
	return { id: uuid(), project: "dunovo", reason: "full", count: 3, receivedAt: AT_MS, ...changes };
}

function insert(store: Store, ...events: EventRecord[]) {
	return store.insertBatch({ events, lost: [] });
}

/** Walks from page to page; `between` runs before each step after the first. */
async function walk(
	store: Store,
	query: RunsQuery,
	between: () => Promise<unknown> = async () => {},
): Promise<string[]> {
	const seen: string[] = [];
	let slice = await store.listRuns(query);
	for (;;) {
		seen.push(...slice.runs.map(({ events }) => events.at(-1)?.report.run_id ?? "none"));
		const last = slice.runs.at(-1);
		if (!slice.hasOlder || last === undefined) return seen;
		await between();
		slice = await store.listRuns({ ...query, asOf: slice.asOf, from: { before: last.seq } });
	}
}

export function storeContract(test: TestFn, open: OpenStore): void {
	test("an event comes back as it was stored", async (t) => {
		const store = await open(t);
		const event = eventRecord({ occurredAt: AT_MS + 5, receivedAt: AT_MS + 9 });
		t.deepEqual(await insert(store, event), ["accepted"]);
		const [stored, ...others] = await store.runEvents(event.project, event.runId);
		t.deepEqual(others, []);
		t.deepEqual(stored?.report, JSON.parse(event.report));
		t.is(stored?.occurredAt, AT_MS + 5);
		t.is(stored?.occurredAtClient, AT_MS);
		t.is(stored?.receivedAt, AT_MS + 9);
	});

	test("batches that come at once have each their own verdicts, and a report of several of them is stored once", async (t) => {
		const store = await open(t);
		const [shared, erased] = [eventRecord(), eventRecord()];
		await store.erase([{ runId: erased.runId, redaction: null, at: AT_MS, receipt: uuid() }]);
		const batches = Array.from({ length: 12 }, () => [
			eventRecord(),
			shared,
			erased,
			eventRecord({ project: "other" }),
		]);
		const results = await Promise.all(batches.map((events) => insert(store, ...events)));
		t.is(results.filter(([, ofShared]) => ofShared === "accepted").length, 1);
		for (const [own, ofShared, ofErased, other] of results) {
			t.regex(String(ofShared), /^(accepted|duplicate)$/);
			t.deepEqual([own, ofErased, other], ["accepted", "erased", "accepted"]);
		}
		t.like(await store.counts(), { events: 25, runs: 25, projects: 2, erased: 1 });
	});

	test("a batch that cannot be stored costs those that come with it nothing, and leaves nothing behind", async (t) => {
		const store = await open(t);
		const project = "new-with-the-fault";
		// Nothing of ours makes such a record: it stands for whatever an engine may refuse.
		const faulty = [eventRecord({ project }), eventRecord({ project, occurredAt: null as unknown as number })];
		const good = [eventRecord(), eventRecord()] as const;
		const heard = await Promise.allSettled([insert(store, good[0]), insert(store, ...faulty), insert(store, good[1])]);
		t.deepEqual(
			heard.map((each) => (each.status === "fulfilled" ? each.value : each.reason.code)),
			[["accepted"], "ET_STORE_UNAVAILABLE", ["accepted"]],
		);
		t.like(await store.counts(), { events: 2, projects: 1 });
		t.deepEqual(await insert(store, eventRecord({ project })), ["accepted"]);
	});

	test("every text comes back as it was stored", async (t) => {
		const store = await open(t);
		await fc.assert(
			fc.asyncProperty(fc.string({ unit: "binary" }), async (command) => {
				const event = eventRecord({ command, report: JSON.stringify({ command }) });
				await insert(store, event);
				const [stored] = await store.runEvents(event.project, event.runId);
				t.is(stored?.report.command, command);
			}),
			{ numRuns: 50 },
		);
	});

	test("an event is stored once, in one batch or in two", async (t) => {
		const store = await open(t);
		const [first, second] = [eventRecord(), eventRecord()];
		t.deepEqual(await insert(store, first, second, first), ["accepted", "accepted", "duplicate"]);
		t.deepEqual(await insert(store, second, eventRecord()), ["duplicate", "accepted"]);
		t.is((await store.counts()).events, 3);
	});

	test("the runs of two projects never mix, though all their ids collide", async (t) => {
		const store = await open(t);
		const ids = { id: uuid(), runId: randomRunId() };
		t.deepEqual(await insert(store, eventRecord(ids), eventRecord({ ...ids, project: "galaxy" })), [
			"accepted",
			"accepted",
		]);
		t.is((await store.runEvents("dunovo", ids.runId)).length, 1);
		t.is((await store.runEvents("galaxy", ids.runId))[0]?.report.project, "galaxy");
		t.is((await store.listRuns({ limit: 10 })).runs.length, 2);
		t.deepEqual(await store.runEvents("unheard-of", ids.runId), []);
	});

	test("a run is listed once, where its newest event is", async (t) => {
		const store = await open(t);
		const [early, late] = [randomRunId(), randomRunId()];
		await insert(store, eventRecord({ runId: early, event: "start" }), eventRecord({ runId: late }));
		await insert(store, eventRecord({ runId: early }));
		const { runs, hasOlder, hasNewer } = await store.listRuns({ limit: 10 });
		t.deepEqual(
			runs.map(({ events }) => events.map(({ report }) => report.event)),
			[["start", "end"], ["end"]],
		);
		t.false(hasOlder || hasNewer);
	});

	test("test runs are apart: by any of their events, in pages of their own", async (t) => {
		const store = await open(t);
		const [user, other, tested, late] = [randomRunId(), randomRunId(), randomRunId(), randomRunId()];
		t.false(await store.hasTests());
		await insert(
			store,
			eventRecord({ runId: user }),
			eventRecord({ runId: tested, event: "start", test: true }),
			eventRecord({ runId: late, event: "start" }),
			eventRecord({ runId: other, project: "galaxy" }),
			eventRecord({ runId: late, test: true }),
			eventRecord({ runId: tested, test: false }),
		);
		for (const limit of [1, 2, 10]) {
			t.deepEqual(await walk(store, { limit, tests: "without" }), [other, user]);
			t.deepEqual(await walk(store, { limit, tests: "only" }), [late, tested]);
			t.deepEqual(await walk(store, { limit, tests: "only", project: "dunovo" }), [late, tested]);
			t.deepEqual(await walk(store, { limit, tests: "only", project: "galaxy" }), []);
			t.deepEqual(await walk(store, { limit }), [tested, late, other, user]);
		}
		t.deepEqual(
			await Promise.all([store.hasTests(), store.hasTests("dunovo"), store.hasTests("galaxy"), store.hasTests("none")]),
			[true, true, false, false],
		);
	});

	test("pages are complete and without repeats while events come in", async (t) => {
		const store = await open(t);
		const runIds = Array.from({ length: 25 }, randomRunId);
		await insert(store, ...runIds.map((runId) => eventRecord({ runId, event: "start" })));
		const more = () => insert(store, eventRecord(), ...runIds.map((runId) => eventRecord({ runId, event: "prelim" })));
		t.deepEqual(await walk(store, { limit: 4 }, more), runIds.toReversed());
	});

	test("every length of page shows the same runs", async (t) => {
		const store = await open(t);
		const runIds = Array.from({ length: 12 }, randomRunId);
		const events = [...runIds, ...runIds.slice(3, 7)].map((runId) => eventRecord({ runId, event: "prelim" }));
		await insert(store, ...events);
		const expected = [...runIds.slice(0, 3), ...runIds.slice(7), ...runIds.slice(3, 7)].toReversed();
		for (const limit of [1, 2, 5, 11, 12, 13]) t.deepEqual(await walk(store, { limit }), expected, `pages of ${limit}`);
	});

	test("one can walk back", async (t) => {
		const store = await open(t);
		const events = Array.from({ length: 7 }, () => eventRecord());
		await insert(store, ...events);
		const first = await store.listRuns({ limit: 3 });
		const second = await store.listRuns({ limit: 3, asOf: first.asOf, from: { before: first.runs[2]?.seq ?? 0 } });
		t.true(second.hasNewer && second.hasOlder);
		const back = await store.listRuns({ limit: 3, asOf: first.asOf, from: { after: second.runs[0]?.seq ?? 0 } });
		t.deepEqual(back.runs, first.runs);
		t.true(back.hasOlder);
		t.false(back.hasNewer);
	});

	test("one project's runs can be looked at alone", async (t) => {
		const store = await open(t);
		const mine = Array.from({ length: 5 }, randomRunId);
		for (const runId of mine) await insert(store, eventRecord({ runId, project: "galaxy" }), eventRecord());
		t.deepEqual(await walk(store, { project: "galaxy", limit: 2 }), mine.toReversed());
		t.deepEqual(await walk(store, { project: "unheard-of", limit: 2 }), []);
		t.true(await store.hasProject("galaxy"));
		t.false(await store.hasProject("unheard-of"));
		t.deepEqual(await store.projects(10), ["dunovo", "galaxy"]);
		t.deepEqual(await store.projects(1), ["dunovo"]);
	});

	test("a run of very many events is shown by its newest", async (t) => {
		const store = await open(t);
		const runId = randomRunId();
		await insert(store, ...Array.from({ length: MAX_EVENTS_SHOWN + 5 }, () => eventRecord({ runId, event: "prelim" })));
		await insert(store, eventRecord({ runId }));
		const events = await store.runEvents("dunovo", runId);
		t.is(events.length, MAX_EVENTS_SHOWN);
		t.is(events.at(-1)?.report.event, "end");
		t.is((await store.listRuns({ limit: 2 })).runs[0]?.events.length, MAX_EVENTS_SHOWN);
	});

	test("a count of dropped reports arrives once for each project", async (t) => {
		const store = await open(t);
		const lost = [lostRecord(), lostRecord({ count: 4 }), lostRecord({ reason: "expired", count: 1 })];
		await store.insertBatch({ events: [], lost });
		await store.insertBatch({
			events: [],
			lost: [...lost, { ...lostRecord({ project: "galaxy" }), id: lost[0]?.id ?? "" }],
		});
		t.deepEqual(await store.lostTotals("dunovo"), [
			{ reason: "expired", count: 1 },
			{ reason: "full", count: 7 },
		]);
		t.deepEqual(await store.lostTotals("galaxy"), [{ reason: "full", count: 3 }]);
		t.deepEqual(await store.lostTotals("unheard-of"), []);
	});

	test("what is stored is counted", async (t) => {
		const store = await open(t);
		t.deepEqual(await store.counts(), { events: 0, runs: 0, projects: 0, lost: 0, erased: 0 });
		const runId = randomRunId();
		await store.insertBatch({
			events: [eventRecord({ runId, event: "start" }), eventRecord({ runId }), eventRecord({ project: "galaxy" })],
			lost: [lostRecord({ count: 5 })],
		});
		t.deepEqual(await store.counts(), { events: 3, runs: 2, projects: 2, lost: 5, erased: 0 });
	});

	test("a batch that fails leaves nothing behind, and no memory of its projects", async (t) => {
		const store = await open(t);
		// A statement that no schema allows, after one that is fine: what a bug of ours would look like.
		const broken = { ...eventRecord({ project: "broken" }), event: null as never };
		await t.throwsAsync(insert(store, eventRecord({ project: "fresh" }), broken));
		t.deepEqual(await store.counts(), { events: 0, runs: 0, projects: 0, lost: 0, erased: 0 });
		await insert(store, eventRecord({ project: "other" }), eventRecord({ project: "fresh" }));
		t.deepEqual(await store.projects(10), ["fresh", "other"]);
		t.is((await store.listRuns({ project: "fresh", limit: 10 })).runs.length, 1);
	});

	test("an empty batch is no work", async (t) => {
		const store = await open(t);
		t.deepEqual(await store.insertBatch({ events: [], lost: [] }), []);
		await t.notThrowsAsync(store.check());
	});
}
