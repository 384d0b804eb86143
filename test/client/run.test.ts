/** startRun(): what is measured, and what its methods answer. */
import test from "ava";
import type { ClientContext } from "../../src/client/context.js";
import { systemContext } from "../../src/client/context.js";
import { type RunOptions, startRun, startRunIn } from "../../src/client/run.js";
import type { WireReport } from "../../src/report/types.js";
import { entries } from "../../src/spool/read.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { testManifest } from "../helpers/manifest.js";

const MICROSECONDS = 1e6;
const BUSY_S = 0.25;

const reportsIn = (home: Home): WireReport[] => [...entries(home.spool.new)].map(({ envelope }) => envelope.report);
const contextOf = (home: Home, changes: Partial<ClientContext> = {}): ClientContext => ({
	...systemContext(home.env),
	...changes,
});

/** Works for so much CPU time. @returns seconds of it in user and kernel mode, as getrusage counts them */
function work(seconds: number): number {
	const before = process.cpuUsage();
	const used = () => {
		const { user, system } = process.cpuUsage(before);
		return (user + system) / MICROSECONDS;
	};
	while (used() < seconds);
	return used();
}

test("a run says that it started, what it knows, and that it ended, under one name", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const options: RunOptions = {
		manifest: home.manifestPath,
		command: "align",
		version: "1.2",
		test: true,
		platform: "galaxy",
		inputs: { pairs: 4e6 },
		data: { duplexes: 1 },
	};
	const run = startRunIn(contextOf(home), options);
	t.is(run.prelim({ inputs: { pairs: 5e6 } }).status, "queued");
	t.is(run.end({ outcome: "failed", exitCode: 3, data: { duplexes: 2 } }).status, "queued");
	const reports = reportsIn(home);
	t.deepEqual(
		reports.map(({ event, outcome, exit_code, inputs, data }) => [
			event,
			outcome,
			exit_code,
			inputs[0]?.size,
			data["duplexes"],
		]),
		[
			["start", null, null, 4e6, 1],
			["prelim", null, null, 5e6, 1],
			["end", "failed", 3, 4e6, 2],
		],
	);
	for (const report of reports) {
		t.like(report, { command: "align", version: "1.2", test: true, platform: "galaxy", run_id: run.id ?? "" });
	}
	t.is(new Set(reports.map(({ id }) => id)).size, 3);
});

test("wall time is that of the monotonic clock, whatever the wall clock does", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	let seconds = 1000;
	let now = Date.UTC(2026, 0, 1);
	const context = contextOf(home, { monotonicS: () => seconds, now: () => new Date(now) });
	const run = startRunIn(context, { manifest: home.manifestPath });
	seconds += 12.5;
	now -= 365 * 24 * 3600 * 1000;
	run.end();
	const end = reportsIn(home).find(({ event }) => event === "end");
	t.like(end, { wall_s: 12.5, since_start_s: 12.5, outcome: "ok" });
	t.like(end?.measured_by, { wall_s: "monotonic" });
});

test("CPU time is that which the work took, and the peak is a process's", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const run = startRunIn(contextOf(home), { manifest: home.manifestPath });
	const used = work(BUSY_S);
	run.end();
	const end = reportsIn(home).find(({ event }) => event === "end");
	const measured = (end?.cpu_user_s ?? 0) + (end?.cpu_system_s ?? 0);
	// What the run measures includes the loop; the room above is for the two durable writes around it.
	t.true(measured >= used * 0.99, `${measured} s measured of ${used} s`);
	t.true(measured < used + 1, `${measured} s measured of ${used} s`);
	t.true((end?.wall_s ?? 0) >= used * 0.9);
	t.true((end?.max_rss_bytes ?? 0) > 2 ** 24 && (end?.max_rss_bytes ?? 0) < 2 ** 33);
	t.deepEqual(Object.keys(end?.measured_by ?? {}).sort(), ["cpu_system_s", "cpu_user_s", "max_rss_bytes", "wall_s"]);
});

test("what the script knows better replaces what was measured", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	startRunIn(contextOf(home), { manifest: home.manifestPath }).end({ wallS: 3, maxRssBytes: null });
	t.like(
		reportsIn(home).find(({ event }) => event === "end"),
		{ wall_s: 3, max_rss_bytes: null },
	);
});

test("a run ends once", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const run = startRunIn(contextOf(home), { manifest: home.manifestPath });
	t.is(run.end().status, "queued");
	t.like(run.end(), { status: "dropped", reason: "run_ended" });
	t.is(reportsIn(home).length, 2);
});

test("a run without consent leaves no trace, and says so", (t) => {
	const home = temporaryHome(t);
	const run = startRunIn(contextOf(home), { manifest: home.manifestPath });
	t.deepEqual(run.prelim(), { status: "not_consented", reason: "no_decision" });
	t.deepEqual(run.end(), { status: "not_consented", reason: "no_decision" });
	t.deepEqual(home.contents(), []);
});

test("a run that sampling leaves out says nothing at all; one that it takes says everything", (t) => {
	const home = temporaryHome(t, testManifest({ sample: 0.5 }));
	grantAt(home);
	const drawing = (byte: number) => contextOf(home, { random: (length) => new Uint8Array(length).fill(byte) });
	const before = home.contents();
	// The run ids of these keys are 0.5191 and 0.0053 of what there is.
	const out = startRunIn(drawing(0x00), { manifest: home.manifestPath });
	t.is(out.id, null);
	for (const result of [out.prelim(), out.end()]) t.like(result, { status: "dropped", reason: "sampled_out" });
	t.deepEqual(home.contents(), before);
	t.is(startRunIn(drawing(0x01), { manifest: home.manifestPath }).end().status, "queued");
});

test("a manifest that can't be used is said, and never thrown", (t) => {
	for (const options of [{ manifest: "/no/such/et.json" }, { manifest: {} }, {}, null, undefined, 7]) {
		const run = startRun(options as RunOptions);
		t.is(run.id, null);
		t.like(run.prelim(), { status: "dropped" });
		t.like(run.end(), { status: "dropped" });
	}
	t.like(startRun({ manifest: "/no/such/et.json" }).end(), { status: "dropped", reason: "invalid_manifest" });
});

test("a run that ends with an error has failed, and says where in its own files", (t) => {
	const home = temporaryHome(t);
	grantAt(home);
	const run = startRunIn(contextOf(home), { manifest: home.manifestPath });
	run.end({ error: new RangeError("in /home/ada/secret") });
	const end = reportsIn(home).find(({ event }) => event === "end");
	t.is(end?.outcome, "failed");
	t.is(end?.exception?.type, "RangeError");
	t.regex(end?.exception?.frames[0]?.file ?? "", /^run\.test\.\w+$/);
	t.notRegex(JSON.stringify(end), /secret/);
});
