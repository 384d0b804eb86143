/**
 * Any order of holding, releasing, approving, redacting and dropping, between flushes and in the middle of them, with
 * folds and with commands that die half-way, against a model: what a command said is done is true of all that leaves
 * afterwards, and no report is lost.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { changeWaiting, type Transform } from "../../src/cli/change-waiting.js";
import { type CliContext, systemCli } from "../../src/cli/context.js";
import { discard } from "../../src/cli/discard.js";
import { approve, hold, holdForApproval, release } from "../../src/cli/holding.js";
import { redact } from "../../src/cli/redact.js";
import { enqueueIn } from "../../src/client/enqueue.js";
import { grant } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import { withoutFields } from "../../src/report/optional-fields.js";
import type { WireReport } from "../../src/report/types.js";
import { DEFAULT_BOUNDS } from "../../src/spool/bounds.js";
import type { Envelope } from "../../src/spool/envelope.js";
import { buryCopies } from "../../src/spool/gone.js";
import { fileName, type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { requestEntries } from "../../src/spool/requests.js";
import { type WaitingEntry, waiting } from "../../src/spool/waiting.js";
import { accepting, answering, type Behaviour, type FaultyServer, faultyServer } from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { testEnvelope } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { directoriesOf, flushSpool, HOST, IMPATIENT } from "../helpers/uploader.js";

/** ET_TEST_RUNS=1000 ET_SEED=random looks for what nobody thought of. */
const RUNS = Number(process.env["ET_TEST_RUNS"] ?? 40);
const STEP_MS = 1000;
const POLICY = { ...IMPATIENT, batchReports: 3, foldFromReports: 3, segmentReports: 3 };
const FIELDS = ["command", "wall_s", "inputs.pairs", "data.duplexes"] as const;
type Field = (typeof FIELDS)[number];

type Answer = "accept" | "500" | "answer lost";

/** What a user does to one report of those that wait. */
type Word =
	| { word: "hold" | "release" | "approve" | "drop"; which: number }
	| { word: "redact"; which: number; field: Field };

type Step =
	| { do: "enqueue"; count: number }
	/** A writer of another language, which knows nothing of approval. */
	| { do: "foreign" }
	| { do: "say"; what: Word }
	/** A command dies once it has put the new copy, or once it has buried the former one. */
	| { do: "die"; what: Change; buried: boolean }
	| { do: "mode"; approve: boolean }
	/** A flush, with a command in the middle: at the so-many-th time that the uploader looks at its clock. */
	| { do: "flush"; answer: Answer; during: { call: number; what: Word } | null };

const which = fc.nat(7);
const plainWord = fc.record({ word: fc.constantFrom("hold" as const, "release" as const, "approve" as const), which });
const redaction = fc.record({ word: fc.constant("redact" as const), which, field: fc.constantFrom(...FIELDS) });
const word: fc.Arbitrary<Word> = fc.oneof(
	{ weight: 4, arbitrary: plainWord },
	{ weight: 4, arbitrary: redaction },
	{ weight: 1, arbitrary: fc.record({ word: fc.constant("drop" as const), which }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("enqueue" as const), count: fc.integer({ min: 1, max: 5 }) }) },
	fc.constant({ do: "foreign" as const }),
	{ weight: 4, arbitrary: fc.record({ do: fc.constant("say" as const), what: word }) },
	fc.record({ do: fc.constant("die" as const), what: fc.oneof(plainWord, redaction), buried: fc.boolean() }),
	fc.record({ do: fc.constant("mode" as const), approve: fc.boolean() }),
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant("flush" as const),
			answer: fc.constantFrom("accept", "500", "500", "answer lost") as fc.Arbitrary<Answer>,
			during: fc.option(fc.record({ call: fc.integer({ min: 1, max: 30 }), what: word }), { freq: 2 }),
		}),
	},
);

const TRANSFORMS = { hold, release, approve } as const satisfies Record<string, Transform>;
type Change = { word: keyof typeof TRANSFORMS; which: number } | Extract<Word, { word: "redact" }>;

/** What is known of a report, by what commands said. */
interface Known {
	held: boolean;
	approved: boolean;
	dropped: boolean;
	/** Fields that were taken out, and the first flush in which none may be sent. */
	redacted: Map<Field, number>;
	/** The first flush in which it may not be sent, where it is held or dropped. */
	from: number;
}

const has = (report: WireReport, field: Field): boolean =>
	JSON.stringify(withoutFields(report, [field])) !== JSON.stringify(report);

class Run {
	private readonly folders: SpoolFolders;
	private readonly store: ConsentStore;
	private readonly manifest;
	private readonly known = new Map<string, Known>();
	private readonly delivered = new Set<string>();
	/** How many have begun. */
	private flushes = 0;
	private approveMode = false;
	private clockMs = Date.now();

	constructor(
		private readonly server: FaultyServer,
		root: string,
	) {
		this.folders = spoolFolders(join(root, "spool"));
		this.store = new ConsentStore(directoriesOf(this.folders).consent);
		this.manifest = testManifest({ endpoint: server.url });
		this.decide();
	}

	async take(step: Step): Promise<void> {
		this.clockMs += STEP_MS;
		switch (step.do) {
			case "enqueue":
				return this.enqueue(step.count);
			case "foreign":
				return this.writeForeign();
			case "say":
				return this.say(step.what);
			case "die":
				return this.die(step.what, step.buried);
			case "mode":
				this.approveMode = step.approve;
				return this.decide();
			case "flush":
				return this.flush(step.answer, step.during);
		}
	}

	/** Everything is let go, and a server takes it: then it has all that was not dropped. */
	async end(): Promise<void> {
		changeWaiting(this.context(), this.folders, () => waiting(this.folders), approve);
		for (const known of this.known.values()) Object.assign(known, { held: false, approved: true });
		await this.flush("accept", null);
		await this.flush("accept", null);
		assert.deepEqual([...waiting(this.folders)], []);
		for (const [id, { dropped }] of this.known) assert.ok(dropped || this.delivered.has(id), "no report is lost");
	}

	private context(): CliContext {
		return {
			...systemCli(),
			client: {
				env: {},
				folders: directoriesOf(this.folders),
				now: () => new Date(this.clockMs),
				monotonicS: () => 0,
				random: (length) => randomBytes(length),
				hostName: () => "test",
				pid: process.pid,
				startsUploader: false,
			},
		};
	}

	private decide(): void {
		const reading = this.store.read("dunovo");
		const former = reading.state === "decided" ? reading.record : null;
		const review = { approve: this.approveMode, delay_s: 0 };
		const change = { now: new Date(this.clockMs), how: "test", review };
		this.store.write(grant(this.manifest, "granted", former, "test-grant", change));
		mkdirSync(this.folders.new, { recursive: true });
		mkdirSync(this.folders.tmp, { recursive: true });
		if (!this.approveMode) return;
		changeWaiting(this.context(), this.folders, () => waiting(this.folders), holdForApproval);
		for (const known of this.known.values()) if (!known.held && !known.approved) known.from = this.flushes + 1;
	}

	private enqueue(count: number): void {
		const given = { command: "model", wallS: 1, inputs: { pairs: 10 }, data: { duplexes: 3 } };
		for (let index = 0; index < count; index++) {
			const result = enqueueIn(this.context().client, given, { manifest: this.manifest });
			assert.equal(result.status, "queued");
			if (result.status !== "queued") return;
			const held = this.approveMode;
			this.known.set(result.id, { held, approved: false, dropped: false, redacted: new Map(), from: 0 });
		}
	}

	private writeForeign(): void {
		const envelope = testEnvelope({ manifest: this.manifest, grant: "test-grant", given: { command: "foreign" } });
		const { id, run_id } = envelope.report;
		const random = randomBytes(4).toString("hex");
		const name = fileName({ atMs: this.clockMs, host: HOST, pid: 1, runId: run_id, random });
		writeFileSync(join(this.folders.new, name), JSON.stringify(envelope));
		this.known.set(id, { held: false, approved: false, dropped: false, redacted: new Map(), from: 0 });
	}

	/** One of those that wait, with all its copies. */
	private chosen(which: number): string | null {
		const ids = [...new Set([...waiting(this.folders)].map(({ envelope }) => envelope.report.id))];
		return ids[which % Math.max(1, ids.length)] ?? null;
	}

	private copies(id: string): WaitingEntry[] {
		return [...waiting(this.folders)].filter(({ envelope }) => envelope.report.id === id);
	}

	private say(what: Word): void {
		const id = this.chosen(what.which);
		const known = this.known.get(id ?? "");
		if (id === null || known === undefined) return;
		if (what.word === "redact") this.redact(id, known, what.field);
		else if (what.word === "drop") this.drop(id, known);
		else this.change(id, known, what.word);
	}

	private change(id: string, known: Known, word: keyof typeof TRANSFORMS): void {
		const transform = TRANSFORMS[word];
		const done = changeWaiting(this.context(), this.folders, () => this.copies(id), transform);
		const from = done.mayHaveLeft.length > 0 ? this.flushes + 1 : this.flushes;
		if (word === "hold") Object.assign(known, { held: true, from });
		if (word === "approve") Object.assign(known, { held: false, approved: true });
		// A hold that is the approval's is not taken back by this.
		const holds = this.copies(id).map(({ envelope }) => envelope.hold);
		if (word === "release" && holds.every((each) => each === null)) known.held = false;
	}

	private redact(id: string, known: Known, field: Field): void {
		const done = redact(this.context(), this.folders, { id, fields: [field] });
		known.redacted.set(field, done.may_have_left ? this.flushes + 1 : this.flushes);
		if (!done.may_have_left) return;
		const asked = requestEntries(this.folders).filter(({ request }) => request.report_id === id);
		const isAsked = asked.some(({ request }) => request.fields.includes(field));
		assert.ok(isAsked || done.server === "nowhere", "its server is asked for what may have left");
	}

	private drop(id: string, known: Known): void {
		const done = discard(this.context(), this.folders, ({ envelope }) => envelope.report.id === id, "dropped_by_user");
		const from = done.mayHaveLeft.length > 0 ? this.flushes + 1 : this.flushes;
		Object.assign(known, { dropped: true, from });
	}

	private die(what: Change, buried: boolean): void {
		const id = this.chosen(what.which);
		const known = this.known.get(id ?? "");
		const [entry] = this.copies(id ?? "");
		if (entry === undefined || known === undefined) return;
		const envelope = changedBy(what, entry);
		if (envelope === null) return;
		const random = randomBytes(4).toString("hex");
		const name = entry.name.replace(/[0-9a-f]{8}\.json$/, `${random}.json`);
		writeFileSync(join(this.folders.new, name), JSON.stringify(envelope));
		if (buried) buryCopies(this.folders, `${name}-dead`, [entry.name]);
		// What was asked for may have come about or not.
		if (what.word === "release" || what.word === "approve") known.held = false;
		if (what.word === "approve") known.approved = true;
	}

	private async flush(answer: Answer, during: { call: number; what: Word } | null): Promise<void> {
		this.flushes++;
		this.server.behave(this.behaviour(answer));
		let calls = 0;
		await flushSpool(this.folders, {
			policy: POLICY,
			bounds: DEFAULT_BOUNDS,
			now: () => {
				if (++calls === during?.call) this.say(during.what);
				return new Date(this.clockMs);
			},
			evenIfNotDue: true,
			host: HOST,
		});
		assert.equal(this.broken, null);
	}

	/** The first thing that left and should not have. */
	private broken: string | null = null;

	private behaviour(answer: Answer): Behaviour {
		return (exchange) => {
			const { reports, path } = exchange.received;
			if (path.endsWith("/erasures")) return answering(503)(exchange);
			for (const report of reports) this.broken ??= this.wrongWith(report);
			if (answer === "500") return answering(500)(exchange);
			for (const { id } of reports) this.delivered.add(id);
			if (answer === "accept") return accepting(exchange);
			exchange.response.destroy();
		};
	}

	private wrongWith(report: WireReport): string | null {
		const known = this.known.get(report.id);
		if (known === undefined) return "a report that nobody made";
		const isBarred = this.flushes >= known.from;
		if (known.dropped && isBarred) return "a report that was dropped";
		if (known.held && isBarred) return "a report that was held";
		if (this.approveMode && !known.approved) return "a report that was not approved";
		for (const [field, from] of known.redacted) {
			if (this.flushes >= from && has(report, field)) return `${field}, which was taken out`;
		}
		return null;
	}
}

function changedBy(what: Change, entry: WaitingEntry): Envelope | null {
	if (what.word !== "redact") return TRANSFORMS[what.word](entry);
	return { ...entry.envelope, report: withoutFields(entry.envelope.report, [what.field]) };
}

test("what a command said is true of all that leaves afterwards, in whatever order", async (t) => {
	const server = await faultyServer(t, answering(500));
	const root = temporaryFolder(t);
	let runs = 0;
	const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 18 }), async (steps) => {
		const run = new Run(server, join(root, String(runs++)));
		await run.take({ do: "enqueue", count: 3 });
		for (const each of steps) await run.take(each);
		await run.end();
	});
	await t.notThrowsAsync(fc.assert(property, { numRuns: RUNS }));
});
