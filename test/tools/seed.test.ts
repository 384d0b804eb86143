import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { judgeReport } from "../../src/server/intake/batch.js";
import { openStore } from "../../src/server/store/open.js";
import { seededRuns } from "../../tools/seed-runs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const SEED = fileURLToPath(new URL("../../tools/seed.js", import.meta.url));
const UNTIL_MS = Date.UTC(2026, 5, 30);

test("the same seed gives the same runs, and another seed others", (t) => {
	const runs = (seed: number) => [...seededRuns(50, seed, UNTIL_MS)];
	t.deepEqual(runs(7), runs(7));
	t.notDeepEqual(runs(7), runs(8));
});

test("made-up reports are such as the intake takes, each once, and no run ends after its job's limits", (t) => {
	const ids = new Set<string>();
	let killed = 0;
	let reports = 0;
	for (const { report, receivedAtMs } of [...seededRuns(5000, 1, UNTIL_MS)].flat()) {
		const judged = judgeReport(report, receivedAtMs, 0);
		if ("verdict" in judged) return t.fail(judged.verdict.message ?? "rejected");
		ids.add(report.id);
		reports++;
		if (report.outcome === "killed") killed++;
		t.true((report.wall_s ?? 0) <= (report.limits?.wall_s ?? Number.POSITIVE_INFINITY));
		t.true((report.max_rss_bytes ?? 0) <= (report.limits?.memory_bytes ?? Number.POSITIVE_INFINITY));
	}
	t.is(ids.size, reports);
	t.true(killed > 50);
	t.true(reports > 5500 && reports < 6500);
});

test("the largest of a thousand inputs are most of them: a heavy tail", (t) => {
	const sizes = [...seededRuns(5000, 1, UNTIL_MS)]
		.flatMap(([first]) => (first?.report.command === "bwa-mem" ? (first.report.inputs[0]?.size ?? 0) : []))
		.toSorted((a, b) => b - a);
	const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
	t.true(sum(sizes.slice(0, sizes.length / 10)) > sum(sizes) / 2);
});

test("a store is filled, and one that is there is left alone", async (t) => {
	const database = join(temporaryFolder(t), "seed.sqlite");
	const args = [SEED, "--runs", "200", "--database", database, "--until", "2026-06-30"];
	t.regex(execFileSync(process.execPath, args, { encoding: "utf8" }), /^200 runs \(2\d\d reports\) in /);
	const store = await openStore(database);
	t.is((await store.counts()).runs, 200);
	await store.close();
	const again = spawnSync(process.execPath, args, { encoding: "utf8" });
	t.is(again.status, 2);
	t.regex(again.stderr, /is there already, and was left as it is/);
});
