/** enqueue(): kept with consent, and otherwise no trace; and nothing that a script gives makes it throw. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { ClientContext } from "../../src/client/context.js";
import { systemContext } from "../../src/client/context.js";
import { type EnqueueOptions, enqueueIn } from "../../src/client/enqueue.js";
import { deny, withdraw } from "../../src/consent/change.js";
import { runIdOf } from "../../src/report/ids.js";
import type { ReportInput } from "../../src/report/types.js";
import { parseEnvelope } from "../../src/spool/envelope.js";
import { entries } from "../../src/spool/read.js";
import { grantAt, type Home, temporaryHome } from "../helpers/home.js";
import { manifestJson, testManifest } from "../helpers/manifest.js";
import { onUnix } from "../helpers/needs.js";
import { namesIn } from "../helpers/spool.js";

const change = { now: new Date(), how: "test", project: "dunovo" };

const contextOf = (home: Home, changes: Partial<ClientContext> = {}): ClientContext => ({
	...systemContext(home.env),
	...changes,
});

function granted(t: ExecutionContext, manifest = testManifest()): { home: Home; context: ClientContext } {
	const home = temporaryHome(t, manifest);
	grantAt(home);
	return { home, context: contextOf(home) };
}

test("with consent a report is queued, and lies in the spool as it will travel", (t) => {
	const { home, context } = granted(t);
	const given: ReportInput = {
		command: "align",
		wallS: 12.5,
		inputs: { pairs: 4e6 },
		data: { duplexes: 3, note: "x" },
	};
	const result = enqueueIn(context, given, { manifest: home.manifestPath });
	t.is(result.status, "queued");
	if (result.status !== "queued") return;
	t.deepEqual(result.stripped, ["data.note"]);
	const parsed = parseEnvelope(readFileSync(result.path, "utf8"));
	t.true(parsed.ok);
	if (!parsed.ok) return;
	const { envelope } = parsed;
	t.like(envelope, { endpoint: home.manifest.endpoint, grant: "test-grant", hold: null });
	t.like(envelope.report, {
		id: result.id,
		run_id: result.runId,
		event: "end",
		command: "align",
		wall_s: 12.5,
		weight: 1,
	});
	t.is(runIdOf(envelope.erase_key ?? ""), result.runId);
	t.false(parsed.text.includes(envelope.erase_key ?? ""));
});

test("a manifest may be a path, a file URL, or its content", (t) => {
	const { home, context } = granted(t);
	for (const manifest of [home.manifestPath, pathToFileURL(home.manifestPath), home.manifest]) {
		t.is(enqueueIn(context, {}, { manifest }).status, "queued");
	}
	t.is(namesIn(home.spool.new).length, 3);
});

/** Why nothing is recorded, and how the home must be for it. */
const REFUSALS: Record<string, (home: Home) => Partial<ClientContext>> = {
	no_decision: () => ({}),
	denied: (home) => {
		home.consent.write(deny(change));
		return {};
	},
	withdrawn: (home) => {
		home.consent.write(withdraw(change));
		return {};
	},
	consent_unreadable: (home) => {
		grantAt(home);
		writeFileSync(home.consent.path("dunovo"), "{");
		return {};
	},
	do_not_track: (home) => {
		grantAt(home);
		return { env: { ...home.env, DO_NOT_TRACK: "1" } };
	},
	et_disabled: (home) => {
		grantAt(home);
		return { env: { ...home.env, ET_DISABLED: "true" } };
	},
	site_policy: (home) => {
		grantAt(home);
		const sitePolicy = join(home.folder, "..", "policy.json");
		writeFileSync(sitePolicy, '{"deny":true}');
		return { folders: { spool: home.spool.root, consent: home.consent.folder, sitePolicy } };
	},
};

for (const [reason, prepare] of Object.entries(REFUSALS)) {
	test(`without consent no file and no folder is made: ${reason}`, (t) => {
		const home = temporaryHome(t);
		const context = contextOf(home, prepare(home));
		const before = home.contents();
		t.deepEqual(enqueueIn(context, { command: "align" }, { manifest: home.manifestPath }), {
			status: "not_consented",
			reason: reason as "denied",
		});
		t.deepEqual(home.contents(), before);
	});
}

test("the script's own flag is consent for its run, and no grant", (t) => {
	const home = temporaryHome(t);
	t.is(enqueueIn(contextOf(home), {}, { manifest: home.manifestPath, phoneHome: true }).status, "queued");
	t.deepEqual(
		[...entries(home.spool.new)].map(({ envelope }) => envelope.grant),
		["flag"],
	);
	t.false(existsSync(home.consent.folder));
});

test("what may be sampled out is, before anything is written; what stays carries its weight", (t) => {
	const { home, context } = granted(t, testManifest({ sample: 0.25 }));
	const drawn = (byte: number) => (length: number) => new Uint8Array(length).fill(byte);
	// The run ids of these keys are 0.2856 and 0.1876 of what there is.
	const options = { manifest: home.manifestPath };
	t.like(enqueueIn({ ...context, random: drawn(0x06) }, {}, options), { status: "dropped", reason: "sampled_out" });
	t.false(existsSync(home.spool.root));
	t.is(enqueueIn({ ...context, random: drawn(0x17) }, {}, options).status, "queued");
	t.deepEqual(
		[...entries(home.spool.new)].map(({ envelope }) => envelope.report.weight),
		[4],
	);
});

test("why a report is dropped is said", (t) => {
	const { home, context } = granted(t, testManifest({ data: { "*": { type: "string", why: "Tested." } } }));
	const options = { manifest: home.manifestPath };
	const data = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`k${index}`, "\ufffd".repeat(512)]));
	const bad = join(home.folder, "bad.json");
	writeFileSync(bad, "{");
	const reasonOf = (given: unknown, changed: Partial<EnqueueOptions> = {}, changes: Partial<ClientContext> = {}) => {
		const result = enqueueIn({ ...context, ...changes }, given as ReportInput, { ...options, ...changed });
		return result.status === "dropped" ? result.reason : result.status;
	};
	t.is(reasonOf({ data }), "too_large");
	t.is(reasonOf({ event: "finish" }), "invalid_report");
	t.is(reasonOf({}, { manifest: join(home.folder, "none.json") }), "invalid_manifest");
	t.is(reasonOf({}, { manifest: bad }), "invalid_manifest");
	t.is(reasonOf({}, { manifest: manifestJson({ et: 2 }) as never }), "invalid_manifest");
	t.is(reasonOf({}, {}, { folders: null }), "no_home");
	t.is(reasonOf(null), "internal_error");
	t.false(existsSync(home.spool.root));
});

onUnix("a spool that others can write is named as the reason", (t) => {
	const { home, context } = granted(t);
	t.is(enqueueIn(context, {}, { manifest: home.manifestPath }).status, "queued");
	chmodSync(home.spool.root, 0o777);
	t.like(enqueueIn(context, {}, { manifest: home.manifestPath }), { status: "dropped", reason: "spool_unsafe" });
});

/** Things that throw when they are looked at. */
const thrower = (thrown: unknown): object =>
	new Proxy(
		{},
		{
			get: () => {
				throw thrown;
			},
			ownKeys: () => {
				throw thrown;
			},
			getPrototypeOf: () => {
				throw thrown;
			},
		},
	);
const trap = {
	get command(): string {
		throw new Error("looked at");
	},
};
const nasty = fc.oneof(
	fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true }),
	fc.constantFrom(
		thrower(new Error("x")),
		thrower(undefined),
		thrower(Object.create(null)),
		thrower(Symbol("x")),
		trap,
	),
);

test("whatever a script gives, a result comes back, and nothing is thrown", (t) => {
	const { home, context } = granted(t);
	const statuses = ["queued", "not_consented", "dropped"];
	const given = fc.oneof(
		nasty,
		fc.dictionary(fc.constantFrom("event", "command", "inputs", "data", "exception"), nasty),
	);
	const options = fc.oneof(
		nasty,
		fc.record({ manifest: fc.oneof(nasty, fc.constant(home.manifest)), phoneHome: nasty }),
	);
	t.notThrows(() =>
		fc.assert(
			fc.property(given, options, (report, chosen) => {
				const result = enqueueIn(context, report as ReportInput, chosen as EnqueueOptions);
				return statuses.includes(result.status);
			}),
			{ numRuns: 300 },
		),
	);
});

test("one writer in 256 keeps the bounds, where no uploader does", (t) => {
	const { home, context } = granted(t);
	const env = { ...home.env, ET_MAX_REPORTS: "2" };
	// The random byte that decides the turn is drawn alone.
	const turn = (byte: number) => (length: number) => (length === 1 ? Uint8Array.of(byte) : context.random(length));
	const put = (byte: number) => enqueueIn({ ...context, env, random: turn(byte) }, {}, { manifest: home.manifestPath });
	for (const byte of [1, 1, 1, 255]) t.is(put(byte).status, "queued");
	t.is(namesIn(home.spool.new).length, 4);
	t.is(put(0).status, "queued");
	t.is(namesIn(home.spool.new).length, 2);
});
