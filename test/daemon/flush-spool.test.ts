/** A flush of a spool that is not as it should be, under decisions that are not yes, and by clocks that jump. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readStatus, statusText } from "../../daemon/status.js";
import { deny, grant, withdraw } from "../../src/consent/change.js";
import type { ConsentRecord } from "../../src/consent/record.js";
import { ConsentStore } from "../../src/consent/store.js";
import type { WireReport } from "../../src/report/types.js";
import { forgetRuns } from "../../src/spool/forgotten.js";
import { historyLines } from "../../src/spool/history.js";
import { keptLines } from "../../src/spool/kept.js";
import { fileName, type SpoolFolders } from "../../src/spool/layout.js";
import { lostByReason } from "../../src/spool/lost.js";
import { corruptFiles } from "../../src/spool/remove.js";
import { readState } from "../../src/spool/state.js";
import { removeTraces } from "../../src/spool/traces.js";
import { accepting, answering, type Behaviour, faultyServer, giving } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { onUnix } from "../helpers/needs.js";
import { fillSpool, namesIn, plantFile, putReport, temporarySpool, testEnvelope } from "../helpers/spool.js";
import { directoriesOf, flushSpool, HOST, pendingIds, QUICK, rejections } from "../helpers/uploader.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;
const NOW_MS = Date.UTC(2026, 0, 31, 12);
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const ESCAPE = /\u001b/;

async function scene(t: ExecutionContext, behaviour: Behaviour = accepting) {
	const server = await faultyServer(t, behaviour);
	const folders = temporarySpool(t);
	return { server, folders, manifest: testManifest({ endpoint: server.url }) };
}

/** Whether a report beside what the test planted arrives, with the next flush. */
async function goodOneArrives(t: ExecutionContext, { server, folders, manifest }: Awaited<ReturnType<typeof scene>>) {
	putReport(folders, { manifest });
	const summary = await flushSpool(folders);
	t.is(summary.delivered, 1);
	t.is(server.requests.flatMap(({ ids }) => ids).length, 1);
	return summary;
}

const NAME = fileName({ atMs: NOW_MS, host: HOST, pid: 1, runId: "0".repeat(32), random: "00000000" });

const CONTENT: Record<string, [content: string | Uint8Array, reason: string]> = {
	"an empty file": ["", "empty"],
	"a truncated report": [JSON.stringify(testEnvelope()).slice(0, 200), "not_json"],
	"a binary file": [Uint8Array.from({ length: 3000 }, (_, index) => (index * 37) % 256), "not_json"],
	"a file of 1 MiB": ["x".repeat(1024 * 1024), "too_large"],
	"other JSON": ['{"hello":"world"}', "not_an_envelope"],
	"an envelope to a plain http address": [
		JSON.stringify({ ...testEnvelope(), endpoint: "http://example.org" }),
		"not_an_envelope",
	],
};

for (const [what, [content, reason]] of Object.entries(CONTENT)) {
	test(`${what} is set aside as ${reason}, and the rest is sent`, async (t) => {
		const place = await scene(t);
		const name = plantFile(place.folders, content, NOW_MS);
		const summary = await goodOneArrives(t, place);
		t.is(summary.corrupt, 1);
		t.deepEqual(corruptFiles(place.folders), [{ name, reason }]);
		t.deepEqual(namesIn(place.folders.new), []);
		t.regex(statusText(await readStatus(place.folders, HOST), new Date()), new RegExp(`set aside: 1 ${reason}`));
	});
}

/** Things in new/ that are no files at all. */
const NO_FILES: Record<string, (path: string) => void> = {
	"a symbolic link": (path) => symlinkSync("/etc/hostname", path),
	"a symbolic link to nothing": (path) => symlinkSync("/nonexistent/report.json", path),
	"a named pipe": (path) => spawnSync("mkfifo", [path]),
	"a folder": (path) => mkdirSync(join(path, "full"), { recursive: true }),
};

for (const [what, make] of Object.entries(NO_FILES)) {
	onUnix(`${what} is set aside, and neither followed nor waited for`, async (t) => {
		const place = await scene(t);
		make(join(place.folders.new, NAME));
		await goodOneArrives(t, place);
		t.deepEqual(corruptFiles(place.folders), [{ name: NAME, reason: "not_a_file" }]);
	});
}

onUnix("a socket is set aside", async (t) => {
	const place = await scene(t);
	const listener = createServer();
	t.teardown(() => listener.close());
	// A socket's path is short: it is made by a relative name.
	const path = join(place.folders.new, "s.json");
	await new Promise<void>((resolve) => listener.listen(path, resolve));
	await goodOneArrives(t, place);
	t.deepEqual(corruptFiles(place.folders), [{ name: "s.json", reason: "not_a_file" }]);
});

onUnix("names with line breaks, escapes and quotes are names", async (t) => {
	const place = await scene(t);
	for (const name of ["a\nb.json", '"$(touch x)".json', "\u001b[2J.json"]) {
		writeFileSync(join(place.folders.new, name), "no report");
	}
	const summary = await goodOneArrives(t, place);
	t.is(summary.corrupt, 3);
	t.deepEqual(namesIn(place.folders.new), []);
	t.notRegex(statusText(await readStatus(place.folders, HOST), new Date()), ESCAPE);
});

onUnix("a report from another language, under a name of its own, is sent", async (t) => {
	const { server, folders, manifest } = await scene(t);
	writeFileSync(join(folders.new, "of a\nstranger.json"), JSON.stringify(testEnvelope({ manifest }), null, 4));
	t.is((await flushSpool(folders)).delivered, 1);
	t.is(server.requests.length, 1);
	t.deepEqual(namesIn(folders.new), []);
});

onUnix("a file that can't be set aside, since its name has no room for a reason, holds up nothing", async (t) => {
	const place = await scene(t);
	const name = `${"0".repeat(249)}.json`;
	writeFileSync(join(place.folders.new, name), "no report");
	await goodOneArrives(t, place);
	t.deepEqual(namesIn(place.folders.new), [name]);
});

test("a file in corrupt/'s place holds up nothing", async (t) => {
	const place = await scene(t);
	writeFileSync(place.folders.corrupt, "");
	const name = plantFile(place.folders, "no report", NOW_MS);
	await goodOneArrives(t, place);
	t.deepEqual(namesIn(place.folders.new), [name]);
});

test("a file in rejected/'s place: what is refused stays, and what is accepted is gone with the next flush", async (t) => {
	const { folders, manifest } = await scene(t, giving("rejected"));
	writeFileSync(folders.rejected, "");
	putReport(folders, { manifest });
	const ids = pendingIds(folders);
	const summary = await flushSpool(folders);
	t.is(summary.failed.length, 1);
	t.deepEqual(pendingIds(folders), ids);
	rmSync(folders.rejected);
	await flushSpool(folders, { evenIfNotDue: true });
	t.deepEqual(pendingIds(folders), []);
	t.is(rejections(folders).length, 1);
});

test("a journal that can't be written: nothing is sent, and nothing is lost", async (t) => {
	const { server, folders, manifest } = await scene(t);
	writeFileSync(folders.sent, "");
	putReport(folders, { manifest });
	const ids = pendingIds(folders);
	const summary = await flushSpool(folders);
	t.regex(summary.failed[0]?.why ?? "", /EEXIST|ENOTDIR/);
	t.deepEqual(server.requests, []);
	t.deepEqual(pendingIds(folders), ids);
});

for (const folder of ["gone", "forgotten", "sent", "keys"] as const) {
	test(`lines in ${folder}/ that no writer of ours wrote hold up nothing`, async (t) => {
		const place = await scene(t);
		mkdirSync(place.folders[folder], { recursive: true });
		writeFileSync(join(place.folders[folder], "0-a-1.jsonl"), 'null\n7\n""\n\n{}\n[]\n{"half');
		await goodOneArrives(t, place);
	});
}

test("a damaged segment: what can be read is sent, and the bytes of the rest are still there", async (t) => {
	const { server, folders, manifest } = await scene(t, answering(503));
	fillSpool(folders, 20, { manifest });
	const ids = pendingIds(folders);
	await flushSpool(folders, { policy: { ...QUICK, foldFromReports: 5 } });
	const [segment = ""] = namesIn(folders.segments);
	const path = join(folders.segments, segment);
	const whole = spawnSync("cat", [path]).stdout;
	writeFileSync(path, whole.subarray(0, whole.length - 100));
	server.behave(accepting);
	await flushSpool(folders, { evenIfNotDue: true });
	t.deepEqual(server.requests.at(-1)?.ids.toSorted(), ids.slice(0, 19).toSorted());
	const kept = [folders.segments, folders.corrupt].flatMap((folder) =>
		namesIn(folder).map((name) => join(folder, name)),
	);
	t.true(kept.some((file) => spawnSync("cat", [file]).stdout.includes(ids[19] ?? "")));
	t.true(corruptFiles(folders).length > 0, "the status tells of it");
});

/** States that no uploader wrote. */
const BROKEN_STATES: Record<string, (url: string) => string> = {
	"no JSON": () => "{",
	"binary zeros": () => "\u0000".repeat(300),
	null: () => "null",
	"no endpoints": () => '{"et":1}',
	"endpoints that are null": (url) => JSON.stringify({ et: 1, endpoints: { [url]: null } }),
	"endpoints that are text": (url) => JSON.stringify({ et: 1, endpoints: { [url]: "x" } }),
	"endpoints without anything": (url) => JSON.stringify({ et: 1, endpoints: { [url]: {} } }),
	"fields of other types": (url) =>
		JSON.stringify({
			et: 1,
			pid: "x",
			host: 7,
			alive_at: {},
			clock_steady_since: "lately",
			endpoints: {
				[url]: { failures: "many", next_at: 7, held: "x", delivered: null, rejected: [], last_error: "x" },
			},
		}),
};

for (const [what, text] of Object.entries(BROKEN_STATES)) {
	test(`a state file of ${what} holds up nothing, and the status can be read`, async (t) => {
		const place = await scene(t);
		writeFileSync(place.folders.state, text(place.server.url));
		t.regex(statusText(await readStatus(place.folders, HOST), new Date()), /^Uploader: none/);
		await goodOneArrives(t, place);
		const state = readState(place.folders).endpoints[place.server.url];
		t.deepEqual([state?.delivered, state?.failures, state?.held], [1, 0, null]);
	});
}

const change = { project: "dunovo", now: new Date(NOW_MS), how: "test" };

/** Keeps a decision beside a spool. */
function decide(folders: SpoolFolders, record: ConsentRecord): void {
	new ConsentStore(directoriesOf(folders).consent).write(record);
}

const granted = (url: string, mode: "granted" | "local" = "granted", id = "grant-1"): ConsentRecord =>
	grant(testManifest({ endpoint: url }), mode, null, id, change);

interface ConsentCase {
	/** Under which grant the report was recorded. */
	under: string;
	arrange?: (folders: SpoolFolders, url: string) => void;
	hold?: string;
	env?: NodeJS.ProcessEnv;
	fate: "sent" | "stays" | "lost";
}

const CONSENT: Record<string, ConsentCase> = {
	"the run's own flag": { under: "flag", fate: "sent" },
	"the current grant": { under: "grant-1", arrange: (f, url) => decide(f, granted(url)), fate: "sent" },
	"no decision": { under: "grant-1", fate: "stays" },
	"kept for the user's own eyes": {
		under: "grant-1",
		arrange: (f, url) => decide(f, granted(url, "local")),
		fate: "stays",
	},
	"a former grant": { under: "grant-0", arrange: (f, url) => decide(f, granted(url)), fate: "lost" },
	withdrawn: { under: "grant-1", arrange: (f) => decide(f, withdraw(change)), fate: "lost" },
	denied: { under: "grant-1", arrange: (f) => decide(f, deny(change)), fate: "lost" },
	"denied, and the flag": { under: "flag", arrange: (f) => decide(f, deny(change)), fate: "lost" },
	"a grant for another endpoint": {
		under: "grant-1",
		arrange: (f) => decide(f, granted("https://elsewhere.example.org")),
		fate: "stays",
	},
	"a decision that can't be read": {
		under: "flag",
		arrange: (f) => {
			mkdirSync(directoriesOf(f).consent, { recursive: true });
			writeFileSync(join(directoriesOf(f).consent, "dunovo.json"), "{");
		},
		fate: "stays",
	},
	"held by the user": { under: "flag", hold: "user", fate: "stays" },
	DO_NOT_TRACK: { under: "flag", env: { DO_NOT_TRACK: "1" }, fate: "stays" },
	ET_DISABLED: { under: "flag", env: { ET_DISABLED: "1" }, fate: "stays" },
	"the site's no": {
		under: "flag",
		arrange: (f) => writeFileSync(directoriesOf(f).sitePolicy, '{"deny":true}'),
		fate: "stays",
	},
	"a site policy that can't be read": {
		under: "flag",
		arrange: (f) => writeFileSync(directoriesOf(f).sitePolicy, "{"),
		fate: "stays",
	},
};

for (const [what, { under, arrange, hold = null, env = {}, fate }] of Object.entries(CONSENT)) {
	test(`${what}: a report ${fate === "stays" ? fate : `is ${fate}`}`, async (t) => {
		const { server, folders, manifest } = await scene(t);
		putReport(folders, { manifest, grant: under, changes: { hold } });
		arrange?.(folders, server.url);
		const summary = await flushSpool(folders, { env });
		t.is(server.requests.length, fate === "sent" ? 1 : 0);
		t.is(pendingIds(folders).length, fate === "stays" ? 1 : 0);
		t.is(summary.lost, fate === "lost" ? 1 : 0);
		t.is(summary.kept.size, fate === "stays" ? 1 : 0);
		t.deepEqual(summary.failed, []);
		if (fate === "lost") t.is(lostByReason(folders).get("dunovo")?.get("withdrawn"), 1);
	});
}

test("consent that is taken back while a flush runs: nothing of the project is in the next batch", async (t) => {
	const { server, folders, manifest } = await scene(t);
	decide(folders, granted(server.url));
	const other = testManifest({ endpoint: server.url, project: "other" });
	fillSpool(folders, 30, { manifest, grant: "grant-1", atMs: NOW_MS });
	fillSpool(folders, 5, { manifest: other, atMs: NOW_MS + 100 });
	server.behave((exchange) => {
		if (exchange.index === 0) decide(folders, withdraw({ ...change, now: new Date() }));
		return accepting(exchange);
	});
	await flushSpool(folders, { policy: { ...QUICK, batchReports: 10 } });
	const later = server.requests.slice(1).flatMap(({ reports }) => reports.map(({ project }) => project));
	t.deepEqual(later, Array(5).fill("other"));
	await flushSpool(folders);
	t.deepEqual(pendingIds(folders), []);
	t.is(lostByReason(folders).get("dunovo")?.get("withdrawn"), 20);
});

test("a report of which nobody can tell when it was written waits for its review, and holds up nothing", async (t) => {
	const place = await scene(t);
	const review = { approve: false, delay_s: 60 };
	const manifest = testManifest({ endpoint: place.server.url, project: "reviewed" });
	decide(place.folders, grant(manifest, "granted", null, "grant-1", { ...change, review }));
	const envelope = testEnvelope({ manifest, grant: "grant-1" });
	const report = { ...envelope.report, occurred_at: "yesterday" };
	mkdirSync(place.folders.new, { recursive: true });
	writeFileSync(join(place.folders.new, "a-stranger.json"), JSON.stringify({ ...envelope, report }));
	await goodOneArrives(t, place);
	t.is(readState(place.folders).next_leaves_at, null);
	t.deepEqual(pendingIds(place.folders), [report.id]);
});

const WHILE_IN_A_REQUEST: Record<string, (folders: SpoolFolders, report: WireReport) => void> = {
	forgotten: (folders, { run_id }) => {
		forgetRuns(folders, "1-cli-1", new Date(), [run_id]);
		removeTraces(folders, { runs: new Set([run_id]), project: null, all: false }, "1-cli-1");
	},
	withdrawn: (folders) => {
		decide(folders, withdraw(change));
		removeTraces(folders, { runs: new Set(), project: "dunovo", all: false }, "1-cli-1");
	},
};

for (const [what, takeBack] of Object.entries(WHILE_IN_A_REQUEST)) {
	test(`${what} while it is in a request: neither its copy nor its figures are kept, and another's are`, async (t) => {
		const { server, folders, manifest } = await scene(t);
		decide(folders, granted(server.url));
		mkdirSync(folders.kept, { recursive: true });
		putReport(folders, { manifest, grant: "grant-1", given: { command: "gone" } });
		putReport(folders, {
			manifest: testManifest({ endpoint: server.url, project: "other" }),
			given: { command: "stays" },
		});
		server.behave((exchange) => {
			const report = exchange.received.reports.find(({ command }) => command === "gone");
			if (report !== undefined) takeBack(folders, report);
			return accepting(exchange);
		});
		t.is((await flushSpool(folders)).delivered, 2);
		t.deepEqual(
			[...keptLines(folders)].map(({ project }) => project),
			["other"],
		);
		t.deepEqual(
			[...historyLines(folders)].map(({ command }) => command),
			["stays"],
		);
	});
}

test("a thousand reports that may never leave are few counts", async (t) => {
	const { folders, manifest } = await scene(t);
	decide(folders, deny(change));
	fillSpool(folders, 1000, { manifest, grant: "grant-1" });
	t.is((await flushSpool(folders)).lost, 1000);
	t.deepEqual(pendingIds(folders), []);
	t.true(readdirSync(folders.lost).length <= 2);
});

/** Looks of an uploader at these moments, with reports of a hundred days; their server is never there. */
async function looks(t: ExecutionContext, moments: readonly number[], aliveAtMs: number | null): Promise<number[]> {
	const { server, folders, manifest } = await scene(t, answering(503));
	const at = (ms: number): string => new Date(ms).toISOString();
	if (aliveAtMs !== null) {
		const state = { et: 1, endpoints: {}, alive_at: at(aliveAtMs), clock_steady_since: at(aliveAtMs - 10 * DAY_MS) };
		writeFileSync(folders.state, JSON.stringify(state));
	}
	fillSpool(folders, 3, { manifest, atMs: NOW_MS - 100 * DAY_MS });
	const left: number[] = [];
	for (const moment of moments) {
		await flushSpool(folders, { now: () => new Date(moment) });
		left.push(pendingIds(folders).length);
	}
	t.true(server.requests.length <= moments.length);
	return left;
}

const EVERY_SIX_HOURS = [0, 0.25, 0.5, 0.75, 0.99, 1.01].map((days) => NOW_MS + days * DAY_MS);

for (const [what, aliveAtMs] of [
	["a clock that was set back by a year", NOW_MS + YEAR_MS],
	["a clock that was set forward by a year", NOW_MS - YEAR_MS],
	["the first day of a spool", null],
] as const) {
	test(`${what}: nothing expires for a day, and then what is old does`, async (t) => {
		t.deepEqual(await looks(t, EVERY_SIX_HOURS, aliveAtMs), [3, 3, 3, 3, 3, 0]);
	});
}

test("by a clock that ran steadily, what is old expires at once", async (t) => {
	t.deepEqual(await looks(t, [NOW_MS], NOW_MS - 60_000), [0]);
});

test("a next try that lies a year ahead comes from a clock that was set back: the endpoint is tried", async (t) => {
	const { server, folders, manifest } = await scene(t);
	putReport(folders, { manifest });
	const endpoint = { failures: 3, next_at: new Date(Date.now() + YEAR_MS).toISOString() };
	writeFileSync(folders.state, JSON.stringify({ et: 1, endpoints: { [server.url]: endpoint } }));
	t.is((await flushSpool(folders)).delivered, 1);
});

test("orphans in tmp/ go after a day, and not while the clock can't be trusted", async (t) => {
	const { folders } = await scene(t);
	writeFileSync(join(folders.tmp, "half.json"), "{");
	const inTwoDays = (): Date => new Date(Date.now() + 2 * DAY_MS);
	await flushSpool(folders, { now: inTwoDays });
	t.deepEqual(namesIn(folders.tmp), ["half.json"]);
	const state = readState(folders);
	writeFileSync(folders.state, JSON.stringify({ ...state, clock_steady_since: new Date(NOW_MS).toISOString() }));
	await flushSpool(folders, { now: inTwoDays });
	t.deepEqual(namesIn(folders.tmp), []);
});

test("a folder of reports that vanishes under the uploader is no failure", async (t) => {
	const { folders, manifest } = await scene(t);
	putReport(folders, { manifest });
	for (const name of namesIn(folders.new)) unlinkSync(join(folders.new, name));
	rmSync(folders.new, { recursive: true });
	t.is((await flushSpool(folders)).delivered, 0);
});
