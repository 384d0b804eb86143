/** What the status and the summary say to people. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { FlushSummary } from "../../daemon/flush.js";
import { readStatus, type Status, statusText } from "../../daemon/status.js";
import { isNews, summaryText } from "../../daemon/summary.js";
import { NEW_ENDPOINT, NEW_STATE, writeState } from "../../src/spool/state.js";
import { fillSpool, temporarySpool } from "../helpers/spool.js";
import { directoriesOf, HOST } from "../helpers/uploader.js";

const NOW = new Date("2026-01-31T12:00:00.000Z");
const EARLIER = "2026-01-31T11:00:00.000Z";
const LATER = "2026-01-31T13:00:00.000Z";

const QUIET: Status = {
	spool: "/home/ada/.local/state/et/spool",
	uploader: null,
	last_looked_at: null,
	pending: 0,
	open: 0,
	requests: 0,
	rejected: 0,
	corrupt: {},
	lost: {},
	kept: {},
	next_leaves_at: null,
	endpoints: {},
	new_notices: [],
	site_policy: null,
};

test("a spool where nothing ever happened", (t) => {
	t.is(
		statusText(QUIET, NOW),
		`Uploader: none runs here (start it: et-uploader; send once: et-uploader --once)
Last looked: never
Spool: /home/ada/.local/state/et/spool
Pending: 0
Refused by a server: 0
No reports, set aside: 0
Dropped: 0
Endpoints: none yet
`,
	);
});

test("a spool where everything happened", (t) => {
	const text = statusText(
		{
			...QUIET,
			uploader: { pid: 42, rss_bytes: 60 * 1024 * 1024, cpu_s: 1.25, elapsed_s: 3600 },
			last_looked_at: EARLIER,
			pending: 12_345,
			rejected: 2,
			corrupt: { empty: 1, not_json: 3 },
			lost: { dunovo: { too_old: 7 } },
			kept: { held: 3, review_delay: 1200 },
			next_leaves_at: LATER,
			endpoints: {
				"https://good.example.org": { ...NEW_ENDPOINT, delivered: 1_000_000, last_success_at: EARLIER },
				"https://busy.example.org": {
					...NEW_ENDPOINT,
					failures: 3,
					next_at: LATER,
					last_error: { at: EARLIER, why: "ECONNREFUSED" },
				},
				"https://portal.example.org": {
					...NEW_ENDPOINT,
					failures: 1,
					next_at: EARLIER,
					held: { at: EARLIER, why: "it answered 200, and not as an ET server does" },
				},
			},
		},
		NOW,
	);
	t.is(
		text,
		`Uploader: runs as process 42, 60 MiB, 1.3 s of CPU in 3600 s
Last looked: 2026-01-31T11:00:00.000Z
Spool: /home/ada/.local/state/et/spool
Pending: 12,345
  3 stay, since your word is awaited (et release, et approve)
  1,200 stay, since you want time to look at them
  the first of those leaves after 2026-01-31T13:00:00.000Z
Refused by a server: 2 (in rejected/, each with its reason)
No reports, set aside: 1 empty, 3 not_json (in corrupt/)
Dropped:
  dunovo: 7 too_old
Endpoints:
  https://good.example.org
    delivered 1,000,000, refused 0
    last success 2026-01-31T11:00:00.000Z
  https://busy.example.org
    delivered 0, refused 0
    3 failures in a row, the last: ECONNREFUSED
    next try after 2026-01-31T13:00:00.000Z (et-uploader --once --now tries at once)
  https://portal.example.org
    delivered 0, refused 0
    HELD since 2026-01-31T11:00:00.000Z: it answered 200, and not as an ET server does
    Nothing is lost, and it is tried again by itself.
    Is the address right, and the network open?
`,
	);
});

test("it counts what is in the spool", async (t) => {
	const folders = temporarySpool(t);
	fillSpool(folders, 4);
	writeFileSync(join(folders.new, ".hidden.json"), "");
	const status = await readStatus(folders, HOST);
	t.deepEqual([status.pending, status.rejected, status.corrupt, status.lost], [4, 0, {}, {}]);
	t.is(status.uploader, null);
});

test("a process that took a dead uploader's pid, and one of another host, is none", async (t) => {
	const folders = temporarySpool(t);
	const child = spawn(process.execPath, ["--eval", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
	t.teardown(() => child.kill("SIGKILL"));
	await once(child, "spawn");
	const pid = child.pid ?? 0;
	const longAgo = new Date(Date.now() - 60 * 60 * 1000).toISOString();
	writeState(folders, { ...NEW_STATE, pid, host: HOST, alive_at: longAgo });
	t.is((await readStatus(folders, HOST)).uploader, null);
	const now = new Date().toISOString();
	writeState(folders, { ...NEW_STATE, pid, host: "0123456789ab", alive_at: now });
	t.is((await readStatus(folders, HOST)).uploader, null);
	writeState(folders, { ...NEW_STATE, pid, host: HOST, alive_at: now });
	t.is((await readStatus(folders, HOST)).uploader?.pid, pid);
});

const NOTHING: FlushSummary = {
	delivered: 0,
	rejected: 0,
	corrupt: 0,
	lost: 0,
	kept: new Map(),
	folded: 0,
	vanished: 0,
	requests: { done: 0, refused: 0, kept: new Map() },
	failed: [],
	notDue: [],
	nextDueMs: null,
};

test("a summary says what became of reports, and nothing of what did not happen", (t) => {
	t.is(summaryText({ kind: "flushed", summary: NOTHING }), "Delivered 0 reports.");
	t.is(summaryText({ kind: "flushed", summary: { ...NOTHING, delivered: 1 } }), "Delivered 1 report.");
	const summary: FlushSummary = {
		...NOTHING,
		delivered: 20_000,
		rejected: 1,
		corrupt: 2,
		lost: 3,
		kept: new Map([
			["do_not_track", 5],
			["held", 1],
		]),
		failed: [{ endpoint: "https://a.example.org", why: "ECONNREFUSED" }],
		notDue: ["https://b.example.org"],
	};
	t.is(
		summaryText({ kind: "flushed", summary }),
		`Delivered 20,000 reports.
Refused by their server: 1 report (kept in rejected/, each with its reason).
No reports: 2 files (kept in corrupt/, the reason is in the name).
Dropped: 3 reports (et-uploader status says why).
Not sent: 5 reports, since DO_NOT_TRACK is set.
Not sent: 1 report, since your word is awaited (et release, et approve).
Not delivered to https://a.example.org: ECONNREFUSED. Nothing is lost; it is tried again later.
Not tried: https://b.example.org is backing off after a failure (--now tries it).`,
	);
});

test("a round is news where a report moved or an endpoint failed", (t) => {
	t.false(isNews({ kind: "busy" }));
	t.false(isNews({ kind: "no_spool" }));
	t.false(isNews({ kind: "flushed", summary: NOTHING }));
	t.false(isNews({ kind: "flushed", summary: { ...NOTHING, notDue: ["https://b.example.org"] } }));
	t.true(isNews({ kind: "flushed", summary: { ...NOTHING, delivered: 1 } }));
	t.true(isNews({ kind: "flushed", summary: { ...NOTHING, failed: [{ endpoint: "x", why: "y" }] } }));
});

test("what the machine's administrator rules is told, and that somebody else may have written it", async (t) => {
	const folders = temporarySpool(t);
	const places = directoriesOf(folders);
	t.is((await readStatus(folders, HOST, places)).site_policy, null);
	writeFileSync(places.sitePolicy, '{"without": ["platform"], "proxy": "http://a:b@proxy.example.org:3128"}');
	chmodSync(places.sitePolicy, 0o666);
	const status = await readStatus(folders, HOST, places);
	t.like(status.site_policy ?? {}, {
		without: ["platform"],
		proxy: "http://...@proxy.example.org:3128",
		problem: null,
	});
	const text = statusText(status, NOW);
	t.regex(text, /^This machine's administrator rules \(.*\):\n {2}left out of every report: platform\n/m);
	t.regex(text, /^ {2}CAREFUL: .*\.\n {2}Somebody else may have written this; it holds all the same\.$/m);
	writeFileSync(places.sitePolicy, '{"\\u001b[31m": 1}');
	t.false(statusText(await readStatus(folders, HOST, places), NOW).includes("\u001b"));
});
