/** The whole table of precedence: every site policy, environment, decision and flag against each other. */
import test from "ava";
import { deny, grant, noticeDigest, withdraw } from "../../src/consent/change.js";
import {
	FLAG_GRANT,
	type KeepDecision,
	mayKeep,
	maySend,
	type SendDecision,
	type Waiting,
} from "../../src/consent/decide.js";
import { NO_POLICY, type SitePolicy } from "../../src/consent/policy.js";
import type { ConsentRecord } from "../../src/consent/record.js";
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

const said = (decision: KeepDecision): string =>
	decision.keep ? `by ${decision.by === FLAG_GRANT ? "flag" : decision.by.id}` : decision.reason;

const KEPT: Record<string, { plain: string; flagged: string }> = {
	none: { plain: "no_decision", flagged: "by flag" },
	unreadable: { plain: "consent_unreadable", flagged: "consent_unreadable" },
	granted: { plain: "by grant-1", flagged: "by grant-1" },
	granted_former_notice: { plain: "notice_changed", flagged: "by flag" },
	local: { plain: "by grant-1", flagged: "by flag" },
	denied: { plain: "denied", flagged: "denied" },
	withdrawn: { plain: "withdrawn", flagged: "by flag" },
};

const WAITING: Record<string, Waiting> = {
	current: { grant: "grant-1", endpoint: ENDPOINT, occurredAt: BEFORE },
	other_grant: { grant: "grant-0", endpoint: ENDPOINT, occurredAt: BEFORE },
	flag_before: { grant: FLAG_GRANT, endpoint: ENDPOINT, occurredAt: BEFORE },
	flag_after: { grant: FLAG_GRANT, endpoint: ENDPOINT, occurredAt: AFTER },
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
				t.is(answered(maySend(waiting, { env, policy, reading })), expected ?? "", where);
			}
		}
	});
}

test("a grant is for its endpoint: elsewhere nothing is kept, and nothing goes", (t) => {
	const circumstances = { env: {}, policy: NO_POLICY, reading: decided(GRANTED) };
	t.is(said(mayKeep(ELSEWHERE, false, circumstances)), "notice_changed");
	const waiting = { grant: "grant-1", endpoint: ELSEWHERE.endpoint, occurredAt: AFTER };
	t.is(answered(maySend(waiting, circumstances)), "not_now notice_changed");
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
