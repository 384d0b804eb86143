/** What every engine must do alike when runs are erased and reports redacted. */
import { randomUUID } from "node:crypto";
import type { TestFn } from "ava";
import fc from "fast-check";
import { withoutFields } from "../../src/report/optional-fields.js";
import { MAX_COPIES_REDACTED } from "../../src/server/config.js";
import type { ErasureRecord, ErasureResult, EventRecord, InsertResult, Store } from "../../src/server/store/types.js";
import { randomRunId, uuid } from "../helpers/server.js";
import { eventRecord, type OpenStore } from "./store.js";

const AT_MS = Date.UTC(2026, 1, 1);

function erasure(runId: string, redaction: ErasureRecord["redaction"] = null): ErasureRecord {
	return { runId, redaction, at: AT_MS, receipt: randomUUID() };
}

function insert(store: Store, ...events: EventRecord[]) {
	return store.insertBatch({ events, lost: [] });
}

function fullEvent(changes: Partial<EventRecord> = {}): EventRecord {
	const event = eventRecord(changes);
	const { id, runId, project, command, version, outcome, wallSeconds } = event;
	const report = {
		id,
		run_id: runId,
		event: event.event,
		project,
		command,
		version,
		occurred_at: new Date(AT_MS).toISOString(),
		platform: "slurm",
		outcome,
		wall_s: wallSeconds,
		data: { note: "seen", duplexes: 3 },
	};
	return { ...event, report: JSON.stringify(report) };
}

export function erasureContract(test: TestFn, open: OpenStore): void {
	test("an erased run is gone from every question, and its neighbours are not", async (t) => {
		const store = await open(t);
		const [gone, kept] = [randomRunId(), randomRunId()];
		await insert(store, eventRecord({ runId: gone, event: "start" }), eventRecord({ runId: kept }));
		await insert(store, eventRecord({ runId: gone }), eventRecord({ runId: gone, project: "galaxy" }));
		t.like((await store.erase([erasure(gone)]))[0], { verdict: "erased", events: 3, at: AT_MS });
		t.deepEqual(await store.runEvents("dunovo", gone), []);
		t.deepEqual(await store.runEvents("galaxy", gone), []);
		t.deepEqual(
			(await store.listRuns({ limit: 10 })).runs.map(({ events }) => events[0]?.report.run_id),
			[kept],
		);
		t.deepEqual(await store.counts(), { events: 1, runs: 1, projects: 2, lost: 0, erased: 1 });
	});

	test("a page of a moment shows nothing that came later, though the newest run of the moment was erased", async (t) => {
		const store = await open(t);
		const [first, second, third] = [randomRunId(), randomRunId(), randomRunId()];
		for (const runId of [first, second, third]) await insert(store, eventRecord({ runId }));
		const page = await store.listRuns({ limit: 1 });
		await store.erase([erasure(third)]);
		await insert(store, eventRecord({ runId: first }));
		const rest = await store.listRuns({ limit: 10, asOf: page.asOf, from: { before: page.runs[0]?.seq ?? 0 } });
		t.deepEqual(
			rest.runs.map(({ events }) => events[0]?.report.run_id),
			[second, first],
		);
	});

	test("what is found by columns is redacted there, too", async (t) => {
		const store = await open(t);
		const event = fullEvent();
		await insert(store, event, fullEvent({ runId: event.runId }));
		const fields = ["command", "outcome", "wall_s"];
		const [result] = await store.erase([erasure(event.runId, { reportId: event.id, fields })]);
		t.like(result, { verdict: "redacted", events: 1 });
		const [redacted, other] = await store.runEvents(event.project, event.runId);
		t.deepEqual(redacted?.report, withoutFields(JSON.parse(event.report), fields));
		t.deepEqual(redacted?.redacted, fields);
		t.deepEqual(other?.redacted, []);
		t.is(other?.report.command, "align");
	});

	test("a field of which there was nothing to take out is not said to be taken out", async (t) => {
		const store = await open(t);
		const event = fullEvent();
		await insert(store, event);
		const redact = async (...fields: string[]) => {
			const [result] = await store.erase([erasure(event.runId, { reportId: event.id, fields })]);
			t.is(result?.verdict, "redacted");
			return (await store.runEvents(event.project, event.runId))[0]?.redacted;
		};
		t.deepEqual(await redact("data.absent", "exception", "inputs.pairs"), []);
		t.deepEqual(await redact("data.note", "exception"), ["data"]);
		t.deepEqual(await redact("data.note", "platform"), ["data", "platform"]);
		t.deepEqual(await redact("data.note", "platform"), ["data", "platform"]);
	});

	test("of one id in two runs, only that of the run is redacted", async (t) => {
		const store = await open(t);
		const mine = fullEvent();
		const theirs = fullEvent({ id: mine.id, project: "galaxy" });
		await insert(store, mine, theirs);
		await store.erase([erasure(mine.runId, { reportId: mine.id, fields: ["platform"] })]);
		t.is((await store.runEvents("dunovo", mine.runId))[0]?.report.platform, null);
		t.is((await store.runEvents("galaxy", theirs.runId))[0]?.report.platform, "slurm");
	});

	test("a report that strangers sent to very many projects costs its user's redaction nothing", async (t) => {
		const store = await open(t);
		const mine = fullEvent();
		const copies = Array.from({ length: 3 * MAX_COPIES_REDACTED }, (_, index) =>
			fullEvent({ id: mine.id, runId: mine.runId, project: `copy${index}` }),
		);
		await insert(store, mine, ...copies);
		const [result] = await store.erase([erasure(mine.runId, { reportId: mine.id, fields: ["platform"] })]);
		t.like(result, { verdict: "redacted", events: MAX_COPIES_REDACTED });
		t.is((await store.runEvents("dunovo", mine.runId))[0]?.report.platform, null);
		t.like((await store.erase([erasure(mine.runId)]))[0], { events: 1 + copies.length });
	});

	test("erasures that fail change nothing", async (t) => {
		const store = await open(t);
		const event = eventRecord();
		await insert(store, event);
		// A value that no schema allows, after one that is fine: what a bug of ours would look like.
		await t.throwsAsync(store.erase([erasure(event.runId), { ...erasure(randomRunId()), receipt: null as never }]));
		t.like(await store.counts(), { events: 1, erased: 0 });
	});

	test("no erasures are no work", async (t) => {
		const store = await open(t);
		t.deepEqual(await store.erase([]), []);
	});

	test("batches, erasures and redactions, in any order and however often, leave what they must", async (t) => {
		const store = await open(t);
		await fc.assert(
			fc.asyncProperty(fc.array(steps, { maxLength: 30, size: "max" }), async (taken) => {
				const model = new Model();
				for (const step of taken) {
					if (step.kind === "batch") {
						const events = step.reports.map((report) => model.event(report));
						const expected = events.map((event) => model.insert(event));
						t.deepEqual(await insert(store, ...events), expected);
					} else {
						const requests = step.requests.map((request) => model.request(request));
						const expected = requests.map((request) => model.erase(request));
						t.deepEqual(await store.erase(requests), expected);
					}
				}
				for (const [place, reports] of model.stored()) {
					const [project = "", runId = ""] = place.split("/");
					const stored = await store.runEvents(project, runId);
					t.deepEqual<unknown, unknown>(
						stored.map(({ report }) => report),
						reports,
					);
				}
			}),
			{ numRuns: 60 },
		);
	});
}

// Few of everything, so that steps meet each other's work.
const RUNS = 2;
const REPORTS_OF_A_RUN = 2;
const PROJECTS = ["dunovo", "galaxy"];
const fieldLists = fc.constantFrom(["command", "data.note"], ["data.note"], ["data.duplexes", "outcome", "wall_s"]);
const reportPlaces = fc.record({
	run: fc.nat(RUNS - 1),
	report: fc.nat(REPORTS_OF_A_RUN - 1),
	project: fc.constantFrom(...PROJECTS),
});
type ReportPlace = typeof reportPlaces extends fc.Arbitrary<infer T> ? T : never;
const requestPlaces = fc.record({
	run: fc.nat(RUNS - 1),
	// Of the run or of another one, whose key it is then not.
	redaction: fc.option(fc.record({ run: fc.nat(RUNS - 1), report: fc.nat(REPORTS_OF_A_RUN - 1), fields: fieldLists })),
});
type RequestPlace = typeof requestPlaces extends fc.Arbitrary<infer T> ? T : never;
const steps = fc.oneof(
	fc.record({ kind: fc.constant("batch" as const), reports: fc.array(reportPlaces, { maxLength: 6 }) }),
	fc.record({ kind: fc.constant("erasures" as const), requests: fc.array(requestPlaces, { maxLength: 3 }) }),
);

/** What a store must hold, in the plainest way: a list of reports, and what was done to runs. */
class Model {
	readonly #runs = Array.from({ length: RUNS }, () => ({
		runId: randomRunId(),
		ids: Array.from({ length: REPORTS_OF_A_RUN }, () => uuid()),
	}));
	#reports: { event: EventRecord; report: Record<string, unknown> }[] = [];
	readonly #tombstones = new Map<string, ErasureResult>();
	readonly #redactions = new Map<string, ErasureResult>();

	event({ run, report, project }: ReportPlace): EventRecord {
		return fullEvent({ runId: this.#runs[run]?.runId ?? "", id: this.#runs[run]?.ids[report] ?? "", project });
	}

	request({ run, redaction }: RequestPlace): ErasureRecord {
		const runId = this.#runs[run]?.runId ?? "";
		if (redaction === null) return erasure(runId);
		const reportId = this.#runs[redaction.run]?.ids[redaction.report] ?? "";
		return erasure(runId, { reportId, fields: redaction.fields.toSorted() });
	}

	insert(event: EventRecord): InsertResult {
		if (this.#tombstones.has(event.runId)) return "erased";
		const isThere = this.#reports.some((known) => known.event.id === event.id && known.event.project === event.project);
		if (isThere) return "duplicate";
		this.#reports.push({ event, report: JSON.parse(event.report) });
		return "accepted";
	}

	erase(request: ErasureRecord): ErasureResult {
		const { runId, redaction, receipt, at } = request;
		const erased = this.#tombstones.get(runId);
		if (erased !== undefined) return erased;
		if (redaction !== null) return this.#redact(request, redaction);
		const events = this.#reports.filter(({ event }) => event.runId === runId).length;
		this.#reports = this.#reports.filter(({ event }) => event.runId !== runId);
		const result: ErasureResult = { verdict: "erased", receipt, events, at };
		this.#tombstones.set(runId, result);
		return result;
	}

	#redact({ runId, receipt, at }: ErasureRecord, redaction: NonNullable<ErasureRecord["redaction"]>): ErasureResult {
		const meant = this.#reports.filter(({ event }) => event.runId === runId && event.id === redaction.reportId);
		if (meant.length === 0) return { verdict: "unknown" };
		for (const entry of meant) entry.report = withoutFields(entry.report, redaction.fields);
		const asked = JSON.stringify(redaction);
		const result = this.#redactions.get(asked) ?? { verdict: "redacted", receipt, events: meant.length, at };
		this.#redactions.set(asked, result);
		return result;
	}

	/** The reports of each run in each project, in the order of storing. */
	stored(): Map<string, unknown[]> {
		const places = this.#runs.flatMap(({ runId }) => PROJECTS.map((project) => [project, runId] as const));
		return new Map(
			places.map(([project, runId]) => [
				`${project}/${runId}`,
				this.#reports
					.filter(({ event }) => event.project === project && event.runId === runId)
					.map(({ report }) => report),
			]),
		);
	}
}
