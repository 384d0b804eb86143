/** A script whose notice has changed: what both cover is kept as it was agreed to, and the user finds a note. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { systemContext } from "../../src/client/context.js";
import { enqueueIn } from "../../src/client/enqueue.js";
import { noticeDigest } from "../../src/consent/change.js";
import type { Manifest } from "../../src/report/manifest.js";
import { noticeNote, noticeNotes } from "../../src/spool/notices.js";
import { entries } from "../../src/spool/read.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";

const AGREED = testManifest();
const NEXT = {
	endpoint: "https://elsewhere.example.org",
	notice: { ...AGREED.notice, version: 2, purpose: "Something else." },
	inputs: { pairs: { unit: "reads", why: "Other." }, genome: { unit: "bases", why: "New." } },
	data: { duplexes: { type: "string", why: "Other." }, note: { type: "string", why: "New." } },
};
const GIVEN = { command: "align", inputs: { pairs: 4, genome: 5 }, data: { duplexes: 3, note: "x" } };

/** A home at which one notice was agreed to, and a script comes with another. */
function homeWith(t: ExecutionContext, next: Record<string, unknown> = NEXT): Home & { next: Manifest; path: string } {
	const home = temporaryHome(t);
	grantAt(home);
	const path = join(home.folder, "..", "next.json");
	writeFileSync(path, JSON.stringify(manifestJson(next)));
	return { ...home, next: testManifest(next), path };
}

const keep = (home: Home & { path: string }) => enqueueIn(systemContext(home.env), GIVEN, { manifest: home.path });

test("what both notices cover is kept, under the one that was agreed to", (t) => {
	const home = homeWith(t);
	const result = keep(home);
	t.is(result.status, "queued");
	if (result.status !== "queued") return;
	t.deepEqual(result.stripped, ["inputs.genome", "data.duplexes", "data.note"]);
	const [entry] = entries(home.spool.new);
	t.like(entry?.envelope, {
		endpoint: AGREED.endpoint,
		notice: { version: 1, digest: noticeDigest(AGREED) },
		grant: "test-grant",
	});
	t.like(entry?.envelope.report, {
		manifest_notice: 1,
		inputs: [{ name: "pairs", unit: "reads", size: 4 }],
		data: {},
	});
});

test("a note of the new notice is left once, and holds the author's file as it is", (t) => {
	const home = homeWith(t);
	keep(home);
	const note = noticeNote(home.spool, "dunovo");
	t.deepEqual(note?.manifest, home.next);
	t.deepEqual(JSON.parse(note?.source ?? ""), manifestJson(NEXT));
	keep(home);
	t.is(noticeNote(home.spool, "dunovo")?.seen_at, note?.seen_at);
	t.is(noticeNotes(home.spool).length, 1);
});

test("an older script is kept to what both cover, and asks nothing", (t) => {
	const home = homeWith(t, { data: {} });
	grantAt({ ...home, manifest: testManifest({ ...NEXT, endpoint: AGREED.endpoint }) });
	t.is(keep(home).status, "queued");
	t.deepEqual(noticeNotes(home.spool), []);
});

test("nothing is noted of a report that is not kept", (t) => {
	const home = homeWith(t);
	const context = systemContext({ ...home.env, DO_NOT_TRACK: "1" });
	t.like(enqueueIn(context, GIVEN, { manifest: home.path }), { status: "not_consented", reason: "do_not_track" });
	t.deepEqual(noticeNotes(home.spool), []);
});

test("a grant whose text was tampered with is none", (t) => {
	const home = homeWith(t);
	const record = grantAt(home);
	if (record.grant === null) return t.fail();
	home.consent.write({ ...record, grant: { ...record.grant, text: '{"et":1}' } });
	return t.deepEqual(keep(home), { status: "not_consented", reason: "consent_unreadable" });
});

test("a note of no use is none, and the next script writes it anew", (t) => {
	const home = homeWith(t);
	keep(home);
	for (const text of [
		"{",
		"null",
		"{}",
		'{"et":1,"manifest":{"et":1}}',
		JSON.stringify({ et: 1, manifest: { ...home.next, project: "other" } }),
	]) {
		writeFileSync(join(home.spool.notices, "dunovo.json"), text);
		t.is(noticeNote(home.spool, "dunovo"), null, text);
	}
	keep(home);
	t.deepEqual(noticeNote(home.spool, "dunovo")?.manifest, home.next);
	t.is(noticeNote(home.spool, "../evil"), null);
});
