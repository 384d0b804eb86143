/** Markers as any language may write them. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { hostHash, machineHash, type SpoolFolders } from "../../src/spool/layout.js";
import { type MarkerReading, readMarker } from "../../src/spool/open-runs.js";
import { temporarySpool } from "../helpers/spool.js";

const DOCS = new URL("../../../docs/spool-format.md", import.meta.url);
const NAME = "1795619365621-5bce98f73f3e-11401-d41b646656df65e6.json";
const ENVELOPE = {
	et: 1,
	endpoint: "https://et.example.org",
	notice: { version: 1, digest: "d" },
	grant: "g",
	report: {
		id: "01a21341-22f5-7058-8e6e-99828df0838e",
		run_id: "d41b64664758e83c94c9f2c2a3bd840b",
		event: "vanished",
		project: "dunovo",
		occurred_at: "2026-01-31T12:00:00.000Z",
	},
};
/** No more than a writer must say. */
const LEAST = {
	et: 1,
	host: "5bce98f73f3e",
	processes: [{ pid: 7 }],
	seen_at: "2026-01-31T12:00:00Z",
	envelope: ENVELOPE,
};

function spoolWith(t: ExecutionContext, text: string): SpoolFolders {
	const folders = temporarySpool(t);
	mkdirSync(folders.open, { recursive: true });
	writeFileSync(join(folders.open, NAME), text);
	return folders;
}

const reading = (t: ExecutionContext, value: unknown): MarkerReading =>
	readMarker(spoolWith(t, typeof value === "string" ? value : JSON.stringify(value)), NAME);

test("the test vectors of the format's page", (t) => {
	const page = readFileSync(DOCS, "utf8");
	for (const hash of [hostHash("node17"), machineHash("0123456789abcdef0123456789abcdef")]) {
		t.true(page.includes(`\`${hash}\``), String(hash));
	}
});

test("what a writer can't tell may be left out, and is not known", (t) => {
	const found = reading(t, LEAST);
	t.like(found.state === "read" ? found.entry.marker : null, {
		machine: null,
		boot_id: null,
		pid_ns: null,
		time_ns: null,
		job: null,
		oom: null,
		gone: null,
		processes: [{ pid: 7, start_ticks: null }],
		seen_at: "2026-01-31T12:00:00.000Z",
	});
});

test("the page's own example is a marker", (t) => {
	const [, example = ""] = /^(\{"et":1,"host".*\})$/m.exec(readFileSync(DOCS, "utf8")) ?? [];
	const found = reading(t, { ...(JSON.parse(example) as object), envelope: ENVELOPE });
	t.like(found.state === "read" ? found.entry.marker : null, {
		job: { scheduler: "slurm", id: "17_2", cluster: "big" },
		processes: [{ pid: 11401, start_ticks: 2000743 }],
	});
});

const BROKEN: Record<string, unknown> = {
	"half of one": JSON.stringify(LEAST).slice(0, 100),
	nothing: "",
	"a list": [],
	"another version": { ...LEAST, et: 2 },
	"a host's name": { ...LEAST, host: "node17" },
	"no process": { ...LEAST, processes: [] },
	"a pid of none": { ...LEAST, processes: [{ pid: 0 }] },
	"a pid that means a group": { ...LEAST, processes: [{ pid: -1 }] },
	"no time": { ...LEAST, seen_at: "yesterday" },
	"another event": { ...LEAST, envelope: { ...ENVELOPE, report: { ...ENVELOPE.report, event: "end" } } },
	"no envelope": { ...LEAST, envelope: null },
	"too much": { ...LEAST, padding: "x".repeat(100_000) },
};

for (const [what, value] of Object.entries(BROKEN)) {
	test(`what is no marker is none: ${what}`, (t) => {
		t.is(reading(t, value).state, "broken");
	});
}

test("a decision that names a file elsewhere is none", (t) => {
	const found = reading(t, { ...LEAST, gone: { name: "../../x.json", outcome: "unknown", kill_reason: null } });
	t.is(found.state === "read" ? found.entry.marker.gone : undefined, null);
});

test("what is not there, or leads nowhere, is gone", (t) => {
	const folders = temporarySpool(t);
	mkdirSync(folders.open, { recursive: true });
	t.is(readMarker(folders, NAME).state, "gone");
	symlinkSync("/nonexistent", join(folders.open, NAME));
	t.is(readMarker(folders, NAME).state, "gone");
});
