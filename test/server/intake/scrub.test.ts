/** What a foreign client left in a report is taken out before it is stored; a report of our own stays as it is. */
import test from "ava";
import { buildReport } from "../../../src/report/build.js";
import type { ReportInput } from "../../../src/report/types.js";
import { scrubReport } from "../../../src/server/intake/scrub.js";
import type { StoredReport } from "../../../src/server/store/types.js";
import { testManifest } from "../../helpers/manifest.js";
import { post, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

const TELLING = {
	command: "/home/ada/bin/align --in x",
	version: "1.2+ada@example.org",
	kill_reason: "oom on node7.cluster.local",
	measured_by: { wall_s: "/usr/bin/time" },
	inputs: [{ name: "pairs", unit: "reads of /data/a.fq", size: 3, measured_by: "wc -l /data/a.fq" }],
	exception: {
		type: "pkg/Error",
		frames: [{ file: "/home/ada/lib/run.py", line: 3, function: "f('/home/ada')" }],
	},
	data: { note: "see /data/secret.fq", rate: "12 reads/s", count: 3, ok: true, none: null },
};

const CLEAN = {
	command: "align",
	version: "[email]",
	kill_reason: "oom on [host]",
	measured_by: { wall_s: "time" },
	inputs: [{ name: "pairs", unit: "reads of [path]", size: 3, measured_by: "wc" }],
	exception: { type: "Error", frames: [{ file: "run.py", line: 3, function: "f" }] },
	data: { note: "see [path]", rate: "12 reads / s", count: 3, ok: true, none: null },
};

test("a foreign client's report is accepted, and stored without its paths", async (t) => {
	const { url, store } = await testServer(t);
	const report = wireReport(TELLING);
	t.deepEqual(verdicts(await post(url, wireBatch([report]))), ["accepted"]);
	const [event] = await store.runEvents(String(report["project"]), String(report["run_id"]));
	t.like(event?.report, CLEAN);
	t.deepEqual(Object.keys(event?.report ?? {}), Object.keys(report));
});

test("a report that our client built is stored as it was sent", (t) => {
	const given: ReportInput = {
		command: TELLING.command,
		version: TELLING.version,
		killReason: TELLING.kill_reason,
		measuredBy: TELLING.measured_by,
		inputs: { pairs: 3 },
		exception: TELLING.exception,
		data: { note: TELLING.data.note },
	};
	const why = "Tested.";
	const manifest = testManifest({
		inputs: { pairs: { unit: "mg/ml", why } },
		data: { "*": { type: "string", why } },
	});
	const frame = { manifest, id: "i", runId: "r", now: new Date(0), weight: 1, own: ["ada"] };
	const report = buildReport(given, frame).report as StoredReport;
	t.is(scrubReport(report), report);
});

test("a report of the fields that are required alone is stored as it is", (t) => {
	const { id, run_id, event, project, occurred_at } = wireReport();
	const report = { id, run_id, event, project, occurred_at } as StoredReport;
	t.is(scrubReport(report), report);
});
