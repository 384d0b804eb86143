/** The whole table of precedence: every site policy, environment, decision and flag against each other. */
import test from "ava";
import { deny, grant, noticeDigest, withdraw } from "../../src/consent/change.js";
import {
	FLAG_GRANT,
	IMPORT_GRANT,
	type KeepDecision,
	mayKeep,
	maySend,
	type SendDecision,
	type Waiting,
} from "../../src/consent/decide.js";
import { NO_POLICY, type SitePolicy } from "../../src/consent/policy.js";
import type { ConsentRecord } from "../../src/consent/record.js";
import { type Clock, leavesAtMs } from "../../src/consent/review.js";
import type { ConsentReading } from "../../src/consent/store.js";
import { ENDPOINT, testManifest } from "../helpers/manifest.js";

const MANIFEST = testManifest();
const NEXT_NOTICE = testManifest({ notice: { ...MANIFEST.notice, version: 2, purpose: "More." } });
const ELSEWHERE = testManifest({ endpoint: "https://elsewhere.example.org" });
const SINCE = new Date("2026-01-01T00:00:00.000Z");
const BEFORE = "2025-12-31T23:59:59.999Z";
const AFTER = "2026-01-01T00:00:00.001Z";
const change = { now: SINCE, how: "test" };

const decided = (record: ConsentRecord): ConsentReading => ({ state: "decided", record });
const GRANTED = grant(MANIFEST, "granted", null, "grant-1", change);
const READINGS: Record<string, ConsentReading> = {
	none: { state: "none" },
	unreadable: { state: "unreadable", why: "EACCES" },
	granted: decided(GRANTED),
	granted_former_notice: decided(grant(NEXT_NOTICE, "granted", null, "grant-1", change)),
	local: decided(grant(MANIFEST, "local", null, "grant-1", change)),
	denied: decided(deny({ ...change, project: "dunovo" })),
	withdrawn: decided(withdraw({ ...change, project: "dunovo" })),
};

/** Who rules above the user's own decision, and what is then said. */
const RULERS: [policy: SitePolicy, env: NodeJS.ProcessEnv, refusal: string | null][] = [
	[NO_POLICY, {}, null],
	[{ ...NO_POLICY, endpoints: [ENDPOINT] }, {}, null],
	[NO_POLICY, { DO_NOT_TRACK: "0", ET_DISABLED: "" }, null],
	[NO_POLICY, { DO_NOT_TRACK: "false", ET_DISABLED: " No " }, null],
	[NO_POLICY, { DO_NOT_TRACK: "1" }, "do_not_track"],
	[NO_POLICY, { DO_NOT_TRACK: "yes", ET_DISABLED: "1" }, "do_not_track"],
	[NO_POLICY, { ET_DISABLED: "anything" }, "et_disabled"],
	[{ ...NO_POLICY, deny: true }, {}, "site_policy"],
	[{ ...NO_POLICY, deny: true, endpoints: [ENDPOINT] }, { DO_NOT_TRACK: "1" }, "site_policy"],
	[{ ...NO_POLICY, endpoints: [] }, { ET_DISABLED: "1" }, "site_policy"],
	[{ ...NO_POLICY, endpoints: ["https://elsewhere.example.org"] }, {}, "site_policy"],
];

function said(decision: KeepDecision): string {
	if (!decision.keep) return decision.reason;
	const by = `by ${decision.by === FLAG_GRANT ? "flag" : decision.by.id}`;
	return decision.onlyCovered ? `${by}, what it covers` : by;
}

const KEPT: Record<string, { plain: string; flagged: string }> = {
	none: { plain: "no_decision", flagged: "by flag" },
	unreadable: { plain: "consent_unreadable", flagged: "consent_unreadable" },
	granted: { plain: "by grant-1", flagged: "by grant-1" },
	granted_former_notice: { plain: "by grant-1, what it covers", flagged: "by flag" },
	local: { plain: "by grant-1", flagged: "by flag" },
	denied: { plain: "denied", flagged: "denied" },
	withdrawn: { plain: "withdrawn", flagged: "by flag" },
};

/** Written this moment, and not yet spoken of by its user. */
const NOW_MS = Date.parse(AFTER);
const FRESH = { approved: false, writtenAtMs: NOW_MS };
const CLOCK: Clock = { nowMs: NOW_MS, steadySinceMs: null };

const WAITING: Record<string, Waiting> = {
	current: { grant: "grant-1", endpoint: ENDPOINT, occurredAt: BEFORE, ...FRESH },
	other_grant: { grant: "grant-0", endpoint: ENDPOINT, occurredAt: BEFORE, ...FRESH },
	flag_before: { grant: FLAG_GRANT, endpoint: ENDPOINT, occurredAt: BEFORE, ...FRESH },
	flag_after: { grant: FLAG_GRANT, endpoint: ENDPOINT, occurredAt: AFTER, ...FRESH },
};

const answered = (decision: SendDecision): string =>
	decision.send === "yes" ? "yes" : `${decision.send} ${decision.reason}`;

const SENT: Record<string, Record<keyof typeof WAITING, string>> = {
	none: { current: "not_now no_decision", other_grant: "not_now no_decision", flag_before: "yes", flag_after: "yes" },
	unreadable: {
		current: "not_now consent_unreadable",
		other_grant: "not_now consent_unreadable",
		flag_before: "not_now consent_unreadable",
		flag_after: "not_now consent_unreadable",
	},
	granted: { current: "yes", other_grant: "never withdrawn", flag_before: "yes", flag_after: "yes" },
	granted_former_notice: { current: "yes", other_grant: "never withdrawn", flag_before: "yes", flag_after: "yes" },
	local: { current: "not_now local", other_grant: "never withdrawn", flag_before: "yes", flag_after: "yes" },
	denied: {
		current: "never denied",
		other_grant: "never denied",
		flag_before: "never denied",
		flag_after: "never denied",
	},
	withdrawn: {
		current: "never withdrawn",
		other_grant: "never withdrawn",
		flag_before: "never withdrawn",
		flag_after: "yes",
	},
};

for (const [name, reading] of Object.entries(READINGS)) {
	test(`keeping: ${name}`, (t) => {
		for (const [policy, env, refusal] of RULERS) {
			for (const flagged of [false, true]) {
				const expected = refusal ?? KEPT[name]?.[flagged ? "flagged" : "plain"];
				const where = JSON.stringify({ policy, env, flagged });
				t.is(said(mayKeep(MANIFEST, flagged, { env, policy, reading })), expected ?? "", where);
			}
		}
	});

	test(`sending: ${name}`, (t) => {
		for (const [policy, env, refusal] of RULERS) {
			for (const [kind, waiting] of Object.entries(WAITING)) {
				const expected = refusal === null ? SENT[name]?.[kind] : `not_now ${refusal}`;
				const where = JSON.stringify({ policy, env, kind });
				t.is(answered(maySend(waiting, { env, policy, reading, clock: CLOCK })), expected ?? "", where);
			}
		}
	});
}

test("a grant is for its endpoint: nothing goes elsewhere", (t) => {
	const circumstances = { env: {}, policy: NO_POLICY, reading: decided(GRANTED), clock: CLOCK };
	const waiting = { grant: "grant-1", endpoint: ELSEWHERE.endpoint, occurredAt: AFTER, ...FRESH };
	t.is(answered(maySend(waiting, circumstances)), "not_now notice_changed");
});

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

test("what its user wants to approve stays, also under a flag or imported, until it is approved", (t) => {
	const reading = decided(
		grant(MANIFEST, "granted", null, "grant-1", { ...change, review: { approve: true, delay_s: 60 } }),
	);
	const circumstances = { env: {}, policy: NO_POLICY, reading, clock: CLOCK };
	for (const by of ["grant-1", FLAG_GRANT, IMPORT_GRANT]) {
		const waiting = { grant: by, endpoint: ENDPOINT, occurredAt: AFTER, ...FRESH };
		t.is(answered(maySend(waiting, circumstances)), "not_now not_approved");
		t.is(answered(maySend({ ...waiting, approved: true }, circumstances)), "yes");
	}
});

test("a delay is waited for to its end, and approval ends it", (t) => {
	const reading = decided(
		grant(MANIFEST, "granted", null, "grant-1", { ...change, review: { approve: false, delay_s: 60 } }),
	);
	const waiting = { grant: "grant-1", endpoint: ENDPOINT, occurredAt: AFTER, ...FRESH };
	const after = (ms: number, report: Waiting = waiting) =>
		maySend(report, { env: {}, policy: NO_POLICY, reading, clock: { nowMs: NOW_MS + ms, steadySinceMs: null } });
	t.deepEqual(after(MINUTE_MS - 1), { send: "not_now", reason: "review_delay", untilMs: NOW_MS + MINUTE_MS });
	t.deepEqual(after(MINUTE_MS), { send: "yes" });
	t.deepEqual(after(0, { ...waiting, approved: true }), { send: "yes" });
	t.is(answered(after(DAY_MS, { ...waiting, writtenAtMs: Number.NaN })), "not_now review_delay");
});

test("a clock that jumped lets nothing go before its user had the time once more, at most a day", (t) => {
	const year = 365 * DAY_MS;
	const left = (delayMs: number, nowMs: number, steadySinceMs: number | null) =>
		leavesAtMs(delayMs / 1000, 0, { nowMs, steadySinceMs });
	t.is(left(30 * MINUTE_MS, year, year), year + 30 * MINUTE_MS);
	t.is(left(7 * DAY_MS, year, year), year + DAY_MS);
	t.is(left(7 * DAY_MS, year, DAY_MS), 7 * DAY_MS);
	t.is(left(30 * MINUTE_MS, year, null), 30 * MINUTE_MS);
});

test("where a notice has changed its endpoint, the site's policy is asked about the agreed one", (t) => {
	const under = (endpoints: string[]) =>
		said(mayKeep(ELSEWHERE, false, { env: {}, policy: { ...NO_POLICY, endpoints }, reading: decided(GRANTED) }));
	t.is(under([ENDPOINT]), "by grant-1, what it covers");
	t.is(under([ELSEWHERE.endpoint]), "site_policy");
});

test("sampling is no part of what was agreed to", (t) => {
	const sampled = testManifest({ sample: 0.5 });
	t.is(said(mayKeep(sampled, false, { env: {}, policy: NO_POLICY, reading: decided(GRANTED) })), "by grant-1");
});

test("a manifest that is known to be the granted one is not compared, and nothing else is skipped", (t) => {
	const by = (reading: ConsentReading | undefined, env = {}, flagged = false) =>
		said(mayKeep(NEXT_NOTICE, flagged, { env, policy: NO_POLICY, reading: reading ?? { state: "none" } }, true));
	t.is(by(READINGS["granted"]), "by grant-1");
	t.is(by(READINGS["granted"], { DO_NOT_TRACK: "1" }), "do_not_track");
	t.is(by(READINGS["denied"]), "denied");
	t.is(by(READINGS["withdrawn"]), "withdrawn");
	t.is(by(READINGS["none"]), "no_decision");
	t.is(by(READINGS["unreadable"], {}, true), "consent_unreadable");
});

test("a renewed grant keeps its id, so that what waits under it still leaves", (t) => {
	const renewed = grant(NEXT_NOTICE, "granted", GRANTED, "grant-2", change);
	t.is(renewed.grant?.id, "grant-1");
	t.deepEqual(renewed.grant?.notice, { version: 2, digest: noticeDigest(NEXT_NOTICE) });
	t.is(grant(MANIFEST, "local", renewed, "grant-2", change).grant?.id, "grant-1");
});

test("a grant for another endpoint, or after a no, is a new one", (t) => {
	t.is(grant(ELSEWHERE, "granted", GRANTED, "grant-2", change).grant?.id, "grant-2");
	for (const former of [deny({ ...change, project: "dunovo" }), withdraw({ ...change, project: "dunovo" })]) {
		t.is(grant(MANIFEST, "granted", former, "grant-2", change).grant?.id, "grant-2");
	}
});

test("a decision says since when, how, and what was agreed to", (t) => {
	t.like(GRANTED, { et: 1, project: "dunovo", mode: "granted", since: SINCE.toISOString(), how: "test" });
	t.is(GRANTED.grant?.endpoint, ENDPOINT);
	t.like(deny({ ...change, project: "x" }), { project: "x", mode: "denied", grant: null });
	t.like(withdraw({ ...change, project: "x" }), { project: "x", mode: "withdrawn", grant: null });
});
