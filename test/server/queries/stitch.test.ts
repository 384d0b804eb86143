import test from "ava";
import fc from "fast-check";
import { EVENTS, OUTCOMES } from "../../../src/report/types.js";
import { type Run, stitch } from "../../../src/server/queries/stitch.js";
import type { StoredEvent, StoredReport } from "../../../src/server/store/types.js";

const RUN_ID = "0123456789abcdef0123456789abcdef";
const START_MS = Date.UTC(2026, 0, 31, 12);
const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

function event(seconds: number, report: Partial<StoredReport>): StoredEvent {
	const occurredAt = START_MS + seconds * SECOND_MS;
	return {
		seq: seconds,
		receivedAt: occurredAt,
		occurredAt,
		occurredAtClient: occurredAt,
		redacted: [],
		address: null,
		source: null,
		report: {
			id: `id-${seconds}`,
			run_id: RUN_ID,
			event: "end",
			project: "dunovo",
			occurred_at: new Date(occurredAt).toISOString(),
			...report,
		},
	};
}

function stitched(...events: StoredEvent[]): Run {
	return stitchedAt(START_MS, ...events);
}

/** As the server sees it at a moment. */
function stitchedAt(now: number, ...events: StoredEvent[]): Run {
	const run = stitch(events, now);
	if (run === undefined) throw new Error("there is no run");
	return run;
}

test("nothing is no run", (t) => {
	t.is(stitch([], START_MS), undefined);
});

test("the status is what the best event says", (t) => {
	const start = event(0, { event: "start" });
	const vanished = event(9, { event: "vanished" });
	const end = event(5, { outcome: "failed" });
	t.is(stitched(start).status, "running");
	t.is(stitched(start, event(1, { event: "prelim" })).status, "running");
	t.is(stitched(vanished).status, "vanished");
	t.is(stitched(start, event(9, { event: "vanished", outcome: "killed" })).status, "killed");
	t.is(stitched(start, event(9, { event: "vanished", outcome: "unknown" })).status, "vanished");
	t.is(stitched(start, end).status, "failed");
	t.is(stitched(event(5, {})).status, "unknown");
	for (const outcome of OUTCOMES) t.is(stitched(start, event(5, { outcome })).status, outcome);
});

test("a run without an end is overdue after two days", (t) => {
	const start = event(0, { event: "start" });
	t.is(stitchedAt(START_MS + 2 * DAY_MS, start).status, "running");
	t.is(stitchedAt(START_MS + 2 * DAY_MS + 1, start).status, "overdue");
	const prelim = event(3600, { event: "prelim" });
	t.is(stitchedAt(START_MS + 2 * DAY_MS + 1, start, prelim).status, "overdue");
	t.is(stitchedAt(START_MS + 100 * DAY_MS, start, event(9, { outcome: "ok" })).status, "ok");
	t.is(stitchedAt(START_MS + 100 * DAY_MS, start, event(9, { event: "vanished" })).status, "vanished");
});

test("a run whose job has a limit of wall time is overdue a day after the limit", (t) => {
	const limited = (wallS: number) =>
		event(0, { event: "start", limits: { memory_bytes: null, wall_s: wallS, cpus: null } });
	t.is(stitchedAt(START_MS + 8 * DAY_MS, limited((7 * DAY_MS) / SECOND_MS)).status, "running");
	t.is(stitchedAt(START_MS + 8 * DAY_MS + 1, limited((7 * DAY_MS) / SECOND_MS)).status, "overdue");
	t.is(stitchedAt(START_MS + DAY_MS + 61 * SECOND_MS, limited(60)).status, "overdue");
});

test("a run that was heard of today is not overdue: its end may still be on its way", (t) => {
	const late = { ...event(0, { event: "start" }), receivedAt: START_MS + 10 * DAY_MS };
	t.is(stitchedAt(START_MS + 11 * DAY_MS, late).status, "running");
	t.is(stitchedAt(START_MS + 11 * DAY_MS + 1, late).status, "overdue");
});

test("an end beats a vanishing, whichever came later", (t) => {
	const vanished = event(9, { event: "vanished", outcome: "killed", kill_reason: "oom" });
	const run = stitched(vanished, event(5, { outcome: "ok", wall_s: 5 }));
	t.is(run.status, "ok");
	t.is(run.killReason, null);
	t.is(run.figures.wall_s?.value, 5);
	t.is(run.lastAt, START_MS + 9 * SECOND_MS);
});

test("an ended run has the figures of its end alone", (t) => {
	const prelim = event(3, { event: "prelim", wall_s: 3, max_rss_bytes: 300 });
	t.is(stitched(prelim).figures.wall_s?.value, 3);
	const run = stitched(prelim, event(5, { wall_s: 0, measured_by: { wall_s: "monotonic" } }));
	t.deepEqual(run.figures.wall_s, { value: 0, measuredBy: "monotonic" });
	t.is(run.figures.max_rss_bytes, null);
});

test("what an end leaves out is known from before", (t) => {
	const start = event(0, {
		event: "start",
		command: "align",
		version: "2.1.0",
		platform: "slurm",
		manifest_notice: 3,
		weight: 10,
		test: true,
		inputs: [{ name: "pairs", unit: "reads", size: 100 }],
		limits: { memory_bytes: 1024 },
		data: { duplexes: 1, strand: "plus" },
	});
	const run = stitched(start, event(5, { command: null, limits: { wall_s: 60 }, data: { duplexes: 2 } }));
	t.like(run, { command: "align", version: "2.1.0", platform: "slurm", noticeVersion: 3, weight: 10, test: true });
	t.deepEqual(run.inputs, [{ name: "pairs", unit: "reads", size: 100 }]);
	t.deepEqual(run.limits, { memory_bytes: 1024, wall_s: 60, cpus: null });
	t.deepEqual(run.data, { duplexes: 2, strand: "plus" });
});

test("a size that the end does not know is taken from before", (t) => {
	const start = event(0, { event: "start", inputs: [{ name: "pairs", unit: "reads", size: 100 }] });
	t.is(stitched(start, event(5, { inputs: [{ name: "pairs", unit: "reads", size: null }] })).inputs[0]?.size, 100);
	t.is(stitched(start, event(5, { inputs: [{ name: "pairs", unit: "reads", size: 7 }] })).inputs[0]?.size, 7);
	t.is(stitched(start, event(5, { inputs: [{ name: "pairs", unit: "reads", size: 0 }] })).inputs[0]?.size, 0);
	const counted = { name: "pairs", unit: "reads", size: 7, measured_by: "counted" };
	t.deepEqual(stitched(start, event(5, { inputs: [counted] })).inputs, [counted]);
	t.deepEqual(stitched(start, event(5, { inputs: [{ ...counted, size: null }] })).inputs, start.report.inputs);
});

test("inputs are added up by unit, and not at all when one is unknown", (t) => {
	const inputs = [
		{ name: "left", unit: "bytes", size: 100 },
		{ name: "pairs", unit: "reads", size: 7 },
		{ name: "right", unit: "bytes", size: 250 },
		{ name: "reference", unit: "bases", size: 5 },
		{ name: "decoys", unit: "bases", size: null },
		{ name: "more", unit: "bases", size: 5 },
	];
	t.deepEqual(stitched(event(5, { inputs })).totals, [
		{ unit: "bytes", size: 350 },
		{ unit: "reads", size: 7 },
		{ unit: "bases", size: null },
	]);
	t.deepEqual(stitched(event(5, {})).totals, []);
});

test("what was taken out of a report leaves no total: it would be that of the rest", (t) => {
	const inputs = [{ name: "left", unit: "bytes", size: 100 }];
	const whole = event(0, { event: "start", inputs: [{ name: "pairs", unit: "reads", size: 7 }] });
	const redacted = { ...event(5, { inputs }), redacted: ["inputs"] };
	t.deepEqual(stitched(whole, redacted).totals, [
		{ unit: "bytes", size: null },
		{ unit: "reads", size: null },
	]);
	t.deepEqual(stitched({ ...redacted, redacted: ["data", "platform"] }).totals, [{ unit: "bytes", size: 100 }]);
});

test("a part that is absent is not known, like one that is null", (t) => {
	const inputs = [
		{ name: "left", unit: "bytes", size: 100 },
		{ name: "right", unit: "bytes" },
	];
	const run = stitched(event(5, { inputs, exception: { type: "MemoryError", frames: [{ file: "align.py" }] } }));
	t.deepEqual(run.inputs[1], { name: "right", unit: "bytes", size: null });
	t.deepEqual(run.totals, [{ unit: "bytes", size: null }]);
	t.deepEqual(run.exception, { type: "MemoryError", frames: [{ file: "align.py", line: null, function: null }] });
	t.deepEqual(stitched(event(5, { exception: { type: "MemoryError" } })).exception?.frames, []);
	const nulls = {
		inputs: null,
		data: null,
		measured_by: null,
		exception: null,
		limits: null,
		test: null,
		weight: null,
	};
	t.deepEqual({ ...stitched(event(5, nulls)), events: [] }, { ...stitched(event(5, {})), events: [] });
});

test("events are in the order in which they happened, each once", (t) => {
	const [start, prelim, end] = [event(0, { event: "start" }), event(3, { event: "prelim" }), event(5, {})];
	t.deepEqual(stitched(end, start, prelim, end, start).events, [start, prelim, end]);
});

const reports = fc
	.uniqueArray(
		fc.record({
			id: fc.integer({ min: 0, max: 99 }),
			seconds: fc.integer({ min: 0, max: 5 }),
			event: fc.constantFrom(...EVENTS),
			outcome: fc.option(fc.constantFrom(...OUTCOMES)),
			wall_s: fc.option(fc.nat(9)),
			command: fc.option(fc.constantFrom("align", "sort")),
			inputs: fc.array(
				fc.record({
					name: fc.constantFrom("left", "right", "pairs"),
					unit: fc.constantFrom("bytes", "reads"),
					size: fc.option(fc.nat(9)),
				}),
				{ maxLength: 4 },
			),
			data: fc.dictionary(fc.constantFrom("one", "two"), fc.nat(9)),
		}),
		{ selector: ({ id }) => id, minLength: 1, maxLength: 6 },
	)
	.map((records) => records.map(({ id, seconds, ...report }) => event(seconds, { ...report, id: `id-${id}` })));

const arrivals = reports.chain((events) =>
	fc.record({
		events: fc.constant(events),
		arrived: fc
			.array(fc.constantFrom(...events))
			.chain((repeated) =>
				fc.shuffledSubarray([...events, ...repeated], { minLength: events.length + repeated.length }),
			),
	}),
);

/** As they arrive, events get their places; which one is not part of what a run is. */
function stitchArrived(arrived: readonly StoredEvent[]): Run {
	const run = stitched(...arrived.map((event, seq) => ({ ...event, seq })));
	return { ...run, events: run.events.map((event) => ({ ...event, seq: 0 })) };
}

test("the same events give the same run, in any order and however often they come", (t) => {
	fc.assert(
		fc.property(arrivals, ({ events, arrived }) => {
			t.deepEqual(stitchArrived(arrived), stitchArrived(events));
		}),
	);
});
