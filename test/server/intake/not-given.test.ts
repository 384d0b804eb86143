/** What a report does not say is not known: never 0, and never a reason to refuse it. Over a real socket. */
import test from "ava";
import { OPTIONAL_FIELDS, withoutFields } from "../../../src/report/optional-fields.js";
import type { WireReport } from "../../../src/report/types.js";
import { newRun, post, testServer, uuid, verdicts, wireBatch } from "../../helpers/server.js";

/** A report that says all that can be said, and nothing of it is 0. */
function fullReport(): WireReport {
	return {
		id: uuid(),
		run_id: newRun().runId,
		event: "end",
		project: "dunovo",
		command: "align",
		version: "3.0.2",
		manifest_notice: 3,
		occurred_at: "2026-01-31T12:34:56.789Z",
		since_start_s: 41,
		test: true,
		platform: "galaxy",
		platform_inner: "slurm",
		outcome: "killed",
		exit_code: 137,
		signal: "SIGKILL",
		wall_s: 42,
		cpu_user_s: 43,
		cpu_system_s: 44,
		max_rss_bytes: 45,
		threads: 46,
		read_bytes: 47,
		written_bytes: 48,
		measured_by: { wall_s: "monotonic", max_rss_bytes: "cgroup" },
		limits: { memory_bytes: 51, wall_s: 52, cpus: 53 },
		kill_reason: "oom",
		weight: 10,
		inputs: [{ name: "pairs", unit: "reads", size: 49 }],
		exception: { type: "MemoryError", frames: [{ file: "align.py", line: 54, function: "main" }] },
		data: { duplexes: 55, note: "seen" },
	};
}

const NOT_REQUIRED = [...OPTIONAL_FIELDS, "manifest_notice", "test", "weight"] as const;

/** The report without a field, in each of the ways in which a client may say so. */
function without(field: (typeof NOT_REQUIRED)[number]): Record<string, unknown>[] {
	const { [field]: _, ...absent } = fullReport();
	return [absent, { ...fullReport(), [field]: null }, { ...withoutFields(fullReport(), [field]) }];
}

async function page(url: string, path: string): Promise<string> {
	return (await fetch(`${url}${path}`)).text();
}

/** The text of a page, tags apart. */
function textOf(html: string): string {
	return html.replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, "|");
}

test("each field that is not required may be absent, null or left out, and is then shown as nothing", async (t) => {
	const { url } = await testServer(t);
	for (const field of NOT_REQUIRED) {
		const reports = without(field).map((report) => ({ ...report, id: uuid(), run_id: newRun().runId }));
		t.deepEqual(verdicts(await post(url, wireBatch(reports))), ["accepted", "accepted", "accepted"], field);
		for (const { run_id } of reports) {
			const text = textOf((await page(url, `/runs/dunovo/${run_id}`)).replaceAll(run_id, ""));
			t.notRegex(text, /NaN|undefined|null|\|0( |\|)/, field);
		}
	}
	t.notRegex(textOf(await page(url, "/")), /NaN|undefined|null|\|0( |\|)/);
});

test("a report that says nothing but what it is shows a dash for all else", async (t) => {
	const { url } = await testServer(t);
	const { id, run_id, event, project, occurred_at } = fullReport();
	const bare = { id, run_id, event, project, occurred_at };
	const nothing = Object.fromEntries(NOT_REQUIRED.map((field) => [field, null]));
	const runIds = [run_id, newRun().runId];
	await post(url, wireBatch([bare, { ...bare, ...nothing, id: uuid(), run_id: runIds[1] }]));
	const [of, ofNulls] = await Promise.all(runIds.map((runId) => page(url, `/runs/dunovo/${runId}`)));
	const known = (html: string | undefined) => textOf(html ?? "").replace(/[0-9a-f-]{32,36}|20\d\d-\d\d-\d\d \S+/g, "");
	t.is(known(ofNulls), known(of));
	t.notRegex(known(of), /\d/);
	t.true((of?.match(/title="not known"/g)?.length ?? 0) >= 13);
});

test("parts of a field may be absent as well", async (t) => {
	const { url, store } = await testServer(t);
	const report = {
		...fullReport(),
		measured_by: { wall_s: null },
		limits: { wall_s: 60 },
		inputs: [{ name: "pairs", unit: "reads" }],
		exception: { type: "MemoryError", frames: [{ file: "align.py" }, { file: "io.py", line: null, function: null }] },
	};
	const { frames: _, ...exception } = report.exception;
	const other = { ...report, id: uuid(), run_id: newRun().runId, exception };
	t.deepEqual(verdicts(await post(url, wireBatch([report, other]))), ["accepted", "accepted"]);
	t.deepEqual<unknown, unknown>((await store.runEvents("dunovo", report.run_id))[0]?.report, report);
	for (const { run_id } of [report, other]) {
		const text = textOf((await page(url, `/runs/dunovo/${run_id}`)).replaceAll(run_id, ""));
		t.notRegex(text, /NaN|undefined|null|\|0( |\|)/);
	}
});

test("a total is not known while the size of one input is not", async (t) => {
	const { url } = await testServer(t);
	const left = { name: "left", unit: "reads", size: 100 };
	const totals = async (right: object) => {
		const report = { ...fullReport(), inputs: [left, { name: "right", unit: "reads", ...right }] };
		await post(url, wireBatch([report]));
		const row = /<tfoot>([\s\S]*)<\/tfoot>/.exec(await page(url, `/runs/dunovo/${report.run_id}`))?.[1] ?? "";
		return textOf(row).replace(/\|+/g, " ").trim();
	};
	t.is(await totals({ size: 20 }), "Total of these reads 120 reads");
	t.is(await totals({ size: null }), "Total of these reads – not known");
	t.is(await totals({}), "Total of these reads – not known");
	t.is(await totals({ size: 0 }), "Total of these reads 100 reads");
});
