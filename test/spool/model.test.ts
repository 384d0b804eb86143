/**
 * Any order of enqueueing, crashes, flushes with any answers, folding, drops, bounds and decisions,
 * against a model: every report that was queued is at each moment one of waiting, on the server,
 * refused or counted as lost, and each change of that is explained by what happened.
 */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { FlushSummary } from "../../daemon/flush.js";
import { systemCli } from "../../src/cli/context.js";
import { discard } from "../../src/cli/discard.js";
import type { ClientContext } from "../../src/client/context.js";
import { enqueueIn } from "../../src/client/enqueue.js";
import { deny, grant, withdraw } from "../../src/consent/change.js";
import { ConsentStore } from "../../src/consent/store.js";
import type { Manifest } from "../../src/report/manifest.js";
import { VERDICTS, type Verdict, type WireVerdict } from "../../src/report/wire.js";
import { DEFAULT_BOUNDS } from "../../src/spool/bounds.js";
import { type SpoolFolders, spoolFolders } from "../../src/spool/layout.js";
import { type LostDocument, lose, lostByReason, lostEntries } from "../../src/spool/lost.js";
import { fold, segmentNames } from "../../src/spool/segments.js";
import { type WaitingEntry, waiting } from "../../src/spool/waiting.js";
import {
	answering,
	type Behaviour,
	type Exchange,
	type FaultyServer,
	faultyServer,
	refusing,
	sayVerdicts,
} from "../helpers/faulty-server.js";
import { testManifest } from "../helpers/manifest.js";
import { namesIn } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { directoriesOf, flushSpool, HOST, IMPATIENT, rejections } from "../helpers/uploader.js";

/** ET_TEST_RUNS=1000 ET_SEED=random looks for what nobody thought of. */
const RUNS = Number(process.env["ET_TEST_RUNS"] ?? 40);
const STEP_MS = 1000;
/** Small, so that a few reports are several batches and several segments. */
const POLICY = { ...IMPATIENT, batchReports: 3, foldFromReports: 4, segmentReports: 3 };
const PROJECTS = ["one", "two"] as const;
type Project = (typeof PROJECTS)[number];

/** How a server answers one request. */
type Answering =
	| { kind: "verdicts"; verdicts: (Verdict | "none")[] }
	/** It takes the reports in, and the answer never arrives. */
	| { kind: "answer lost" }
	| { kind: "413" | "400" | "500" | "stranger" | "reset" };

type Decision = "granted" | "local" | "denied" | "withdrawn";

type Step =
	| { do: "enqueue"; project: Project; count: number }
	| { do: "flush"; answers: Answering[]; maxReports: number }
	| { do: "drop"; every: number; from: number }
	/** A decision; `whole` where the command that took it also removed what waited. */
	| { do: "decide"; project: Project; decision: Decision; whole: boolean }
	| { do: "writer dies"; bytes: number }
	/** An uploader dies in mid-fold, when it had removed so many of the loose files. */
	| { do: "folder dies"; removed: number }
	/** A drop dies once it has written its count; the next uploader ends it. */
	| { do: "drop dies"; count: number };

const project = fc.constantFrom(...PROJECTS);
const answer: fc.Arbitrary<Answering> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant("verdicts" as const),
			verdicts: fc.array(fc.constantFrom(...VERDICTS, "none" as const), { minLength: 1, maxLength: 4 }),
		}),
	},
	{ weight: 1, arbitrary: fc.constant({ kind: "answer lost" as const }) },
	{
		weight: 3,
		arbitrary: fc.record({
			kind: fc.constantFrom("413", "400", "500", "stranger", "reset"),
		}) as fc.Arbitrary<Answering>,
	},
);

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({ do: fc.constant("enqueue" as const), project, count: fc.integer({ min: 1, max: 6 }) }),
	},
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant("flush" as const),
			answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
			maxReports: fc.constantFrom(3, 1000, 1000, 1000),
		}),
	},
	fc.record({ do: fc.constant("drop" as const), every: fc.integer({ min: 1, max: 4 }), from: fc.nat(3) }),
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("decide" as const),
			project,
			decision: fc.constantFrom("granted", "granted", "local", "denied", "withdrawn") as fc.Arbitrary<Decision>,
			whole: fc.boolean(),
		}),
	},
	fc.record({ do: fc.constant("writer dies" as const), bytes: fc.nat(300) }),
	fc.record({ do: fc.constant("folder dies" as const), removed: fc.nat(8) }),
	fc.record({ do: fc.constant("drop dies" as const), count: fc.integer({ min: 1, max: 4 }) }),
);

/** A server that remembers what it holds, and what it has said in answers that went out whole. */
class ModelServer {
	readonly holds = new Set<string>();
	/** Since the last look: what came in, and what was said of it. */
	received: string[] = [];
	acknowledged = new Set<string>();
	refused = new Set<string>();
	/** Counts of lost reports, by their ids. */
	readonly told = new Map<string, number>();

	forget(): void {
		this.received = [];
		this.acknowledged = new Set();
		this.refused = new Set();
	}

	behaviour(answers: readonly Answering[]): Behaviour {
		let requests = 0;
		return (exchange) => {
			const { received } = exchange;
			this.received.push(...received.ids);
			return this.answer(answers[requests++ % answers.length] ?? { kind: "reset" }, exchange);
		};
	}

	private answer(how: Answering, { received, response, index }: Exchange): void | Promise<void> {
		const { ids } = received;
		switch (how.kind) {
			case "verdicts": {
				for (const { id, count } of received.lost) this.told.set(id, count);
				return sayVerdicts(
					response,
					ids.flatMap((id, at) => this.judge(id, how.verdicts[at % how.verdicts.length] ?? "none")),
				);
			}
			case "answer lost":
				for (const id of ids) this.holds.add(id);
				response.destroy();
				return;
			case "reset":
				response.destroy();
				return;
			case "stranger":
				return answering(200, "<html>Please log in</html>")({ received, response, index });
			case "500":
				return answering(500)({ received, response, index });
			default:
				// A report that is alone when a whole batch is refused is refused itself.
				if (ids.length === 1 && received.lost.length === 0) this.refused.add(ids[0] ?? "");
				if (how.kind === "413") return answering(413)({ received, response, index });
				return refusing(400, "invalid_report", "One of them is at fault.")({ received, response, index });
		}
	}

	private judge(id: string, wanted: Verdict | "none"): WireVerdict[] {
		if (wanted === "none") return [];
		// As a real server: what it holds it has not refused, and is not new.
		const verdict = this.holds.has(id) && wanted !== "later" ? "duplicate" : wanted;
		if (verdict === "accepted") this.holds.add(id);
		if (verdict === "rejected") this.refused.add(id);
		else if (verdict !== "later") this.acknowledged.add(id);
		return [{ id, verdict, code: "said", message: "by the model" }];
	}
}

/** What the spool shows. */
interface View {
	entries: Map<string, WaitingEntry>;
	rejected: Set<string>;
	lost: number;
}

class Run {
	readonly folders: SpoolFolders;
	readonly queued = new Set<string>();
	private readonly model: ModelServer;
	private readonly store: ConsentStore;
	private readonly manifests: Record<Project, Manifest>;
	/** The grant under which reports of a project may leave now, or null. */
	private readonly current: Record<Project, { id: string; mode: Decision } | null> = { one: null, two: null };
	/** Refused reports that their user removed. */
	private readonly removed = new Set<string>();
	private clockMs = Date.now();

	constructor(
		private readonly server: FaultyServer,
		root: string,
	) {
		this.folders = spoolFolders(join(root, "spool"));
		this.store = new ConsentStore(directoriesOf(this.folders).consent);
		this.model = new ModelServer();
		const of = (name: Project) => testManifest({ project: name, endpoint: server.url });
		this.manifests = { one: of("one"), two: of("two") };
	}

	async take(step: Step): Promise<void> {
		this.clockMs += STEP_MS;
		this.model.forget();
		const before = this.view();
		switch (step.do) {
			case "enqueue":
				return this.enqueue(step, before);
			case "flush":
				await this.flush(step.answers, step.maxReports);
				return this.checkFlush(before, step.maxReports);
			case "drop":
				return this.drop(step, before);
			case "decide":
				return this.decide(step, before);
			case "writer dies":
				writeFileSync(join(this.folders.tmp, `${randomUUID()}.json`), "{".repeat(step.bytes));
				return this.checkUnchanged(before);
			case "folder dies":
				this.dieFolding(step.removed);
				return this.checkUnchanged(before);
			case "drop dies":
				this.dieDropping(before, step.count);
				await this.flush([{ kind: "500" }], DEFAULT_BOUNDS.maxReports);
				return this.checkFlush(before, DEFAULT_BOUNDS.maxReports, step.count);
		}
	}

	/** A server as it should be takes all that may leave, and nothing else is left then. */
	async end(): Promise<void> {
		await this.take({ do: "flush", answers: [{ kind: "verdicts", verdicts: ["accepted"] }], maxReports: 1000 });
		const { entries } = this.view();
		for (const { envelope } of entries.values()) assert.equal(this.mode(envelope.report.project), "local");
		this.checkTold();
		if (entries.size === 0) assert.deepEqual([namesIn(this.folders.new), segmentNames(this.folders)], [[], []]);
	}

	/** The author has heard of what the bounds cost, of nothing else, and of each count what it is. */
	private checkTold(): void {
		const counts = new Map(lostEntries(this.folders).map(({ lost }) => [lost.id, lost]));
		for (const [id, count] of this.model.told) {
			assert.equal(counts.get(id)?.count, count);
			assert.equal(counts.get(id)?.reason, "too_many");
		}
		for (const { told, reason, grant, project, id } of counts.values()) {
			const isCurrent = this.current[project as Project]?.id === grant && this.mode(project) === "granted";
			if (reason === "too_many" && isCurrent) assert.ok(told && this.model.told.has(id), "the author is told");
		}
	}

	private view(): View {
		const all = [...waiting(this.folders)];
		const entries = new Map(all.map((entry) => [entry.envelope.report.id, entry]));
		assert.equal(entries.size, all.length, "each waits once");
		let lost = 0;
		for (const reasons of lostByReason(this.folders).values()) for (const count of reasons.values()) lost += count;
		const rejected = new Set(rejections(this.folders).map(({ id }) => id));
		return { entries, rejected, lost };
	}

	private context(): ClientContext {
		return {
			env: {},
			folders: directoriesOf(this.folders),
			now: () => new Date(this.clockMs),
			monotonicS: () => 0,
			random: (length) => randomBytes(length),
			hostName: () => "test",
			pid: process.pid,
			startsUploader: false,
		};
	}

	private mode(name: string): Decision | null {
		return this.current[name as Project]?.mode ?? null;
	}

	private enqueue({ project, count }: Extract<Step, { do: "enqueue" }>, before: View): void {
		const mode = this.mode(project);
		const expected = mode === "granted" || mode === "local" ? "queued" : "not_consented";
		const fresh: string[] = [];
		for (let index = 0; index < count; index++) {
			const result = enqueueIn(this.context(), { command: "model" }, { manifest: this.manifests[project] });
			assert.equal(result.status, expected);
			if (result.status === "queued") fresh.push(result.id);
		}
		for (const id of fresh) this.queued.add(id);
		const after = this.view();
		assert.deepEqual([...after.entries.keys()].sort(), [...before.entries.keys(), ...fresh].sort());
		assert.deepEqual([after.rejected, after.lost], [before.rejected, before.lost]);
		this.account(after);
	}

	private flush(answers: readonly Answering[], maxReports: number): Promise<FlushSummary> {
		this.server.behave(this.model.behaviour(answers));
		return flushSpool(this.folders, {
			policy: POLICY,
			bounds: { ...DEFAULT_BOUNDS, maxReports },
			now: () => new Date(this.clockMs),
			evenIfNotDue: true,
			host: HOST,
		});
	}

	/** @param dropped how many of those that waited are to go by a drop that this flush ended */
	private checkFlush(before: View, maxReports: number, dropped = 0): void {
		const after = this.view();
		const { acknowledged, refused, received } = this.model;
		const vanished = [...before.entries].filter(([id]) => !after.entries.has(id));
		for (const id of after.entries.keys()) assert.ok(before.entries.has(id), "a flush makes no reports");
		for (const id of acknowledged) assertNot(after.entries.has(id), "what the server has does not wait");
		for (const id of refused) assert.ok(after.rejected.has(id), "what was refused is set aside");
		for (const id of after.rejected) assert.ok(before.rejected.has(id) || refused.has(id));
		this.checkReceived(received, before);
		const unexplained = vanished.filter(([id]) => !acknowledged.has(id) && !refused.has(id));
		assert.equal(after.lost - before.lost, unexplained.length, "what is gone, and no server has, is counted");
		const byConsent = unexplained.filter(([, { envelope }]) => !this.mayStay(envelope.report.project, envelope.grant));
		const byBounds = before.entries.size > maxReports;
		if (!byBounds) assert.ok(unexplained.length - byConsent.length <= dropped);
		for (const { envelope } of after.entries.values()) {
			assert.ok(this.mayStay(envelope.report.project, envelope.grant), "what may never leave is gone");
		}
		this.account(after);
	}

	/** Only what waited, and only under the decision that holds. */
	private checkReceived(received: readonly string[], before: View): void {
		for (const id of received) {
			const envelope = before.entries.get(id)?.envelope;
			const grantNow = this.current[envelope?.report.project as Project];
			assert.equal(envelope?.grant, grantNow?.id);
			assert.equal(grantNow?.mode, "granted");
		}
	}

	private mayStay(project: string, under: string): boolean {
		const now = this.current[project as Project];
		return now?.id === under && (now.mode === "granted" || now.mode === "local");
	}

	private drop({ every, from }: Extract<Step, { do: "drop" }>, before: View): void {
		const chosen = new Set(
			[...before.entries.keys(), ...before.rejected].filter((_, at) => at % every === from % every),
		);
		this.discard((id) => chosen.has(id), "dropped_by_user");
		this.checkDiscarded(before, chosen);
	}

	private discard(isWanted: (id: string) => boolean, reason: "dropped_by_user" | "withdrawn"): void {
		const cli = { ...systemCli(), client: this.context() };
		discard(cli, this.folders, ({ envelope }) => isWanted(envelope.report.id), reason);
	}

	private checkDiscarded(before: View, chosen: ReadonlySet<string>): void {
		const after = this.view();
		const waited = [...before.entries.keys()].filter((id) => chosen.has(id));
		assert.deepEqual(
			[...after.entries.keys()].sort(),
			[...before.entries.keys()].filter((id) => !chosen.has(id)).sort(),
		);
		assert.equal(after.lost, before.lost + waited.length);
		for (const id of before.rejected) {
			assert.equal(after.rejected.has(id), !chosen.has(id));
			if (chosen.has(id)) this.removed.add(id);
		}
		this.account(after);
	}

	private decide({ project, decision, whole }: Extract<Step, { do: "decide" }>, before: View): void {
		const reading = this.store.read(project);
		const former = reading.state === "decided" ? reading.record : null;
		const change = { project, now: new Date(this.clockMs), how: "test" };
		const manifest = this.manifests[project];
		const fresh = randomBytes(8).toString("hex");
		if (decision === "denied") this.store.write(deny(change));
		else if (decision === "withdrawn") this.store.write(withdraw(change));
		else this.store.write(grant(manifest, decision, former, fresh, change));
		const kept = this.mode(project) === "granted" || this.mode(project) === "local";
		const renewed = kept ? (this.current[project]?.id ?? fresh) : fresh;
		this.current[project] = { id: renewed, mode: decision };
		const removes = whole && (decision === "denied" || decision === "withdrawn");
		if (removes) this.discardProject(project, before);
		else this.checkUnchanged(before);
	}

	/** What the command does that withdraws. */
	private discardProject(project: Project, before: View): void {
		const all = [...before.entries].filter(([, { envelope }]) => envelope.report.project === project);
		const refused = rejectedOf(this.folders, project);
		const chosen = new Set([...all.map(([id]) => id), ...refused]);
		this.discard((id) => chosen.has(id), "withdrawn");
		this.checkDiscarded(before, chosen);
	}

	private checkUnchanged(before: View): void {
		const after = this.view();
		assert.deepEqual([...after.entries.keys()].sort(), [...before.entries.keys()].sort());
		assert.deepEqual([after.rejected, after.lost], [before.rejected, before.lost]);
		assert.deepEqual(this.model.received, []);
		this.account(after);
	}

	private dieFolding(removed: number): void {
		const names = namesIn(this.folders.new);
		if (names.length === 0) return;
		const reports = names.map((name) => ({ name, text: readFileSync(join(this.folders.new, name), "utf8") }));
		const segment = `${this.clockMs}-${randomUUID()}`;
		fold(this.folders, segment, reports);
		const path = join(this.folders.segments, segment);
		writeFileSync(`${path}.folding`, readFileSync(`${path}.seg`));
		unlinkSync(`${path}.seg`);
		for (const { name, text } of reports.slice(removed)) writeFileSync(join(this.folders.new, name), text);
	}

	/** Writes the count of a drop as `lose` does before it removes anything. */
	private dieDropping({ entries }: View, count: number): void {
		const chosen = [...entries.values()].slice(0, count);
		if (chosen.length === 0) return;
		const at = new Date(this.clockMs).toISOString();
		const document: LostDocument = {
			et: 1,
			id: randomUUID(),
			at,
			project: "one",
			endpoint: this.server.url,
			grant: "flag",
			reason: "dropped_by_user",
			count: chosen.length,
			names: [],
			ids: [],
			told: false,
		};
		lose(this.folders, document);
		const [name = ""] = namesIn(this.folders.lost).filter((file) => file.includes(document.id));
		const names = chosen.filter(({ segment }) => segment === null).map((entry) => entry.name);
		const ids = chosen.map(({ envelope }) => envelope.report.id);
		writeFileSync(join(this.folders.lost, name), JSON.stringify({ ...document, names, ids }));
	}

	/** Every report that was queued is somewhere, and what is nowhere else was counted. */
	private account({ entries, rejected, lost }: View): void {
		const nowhere = [...this.queued].filter(
			(id) => !entries.has(id) && !rejected.has(id) && !this.removed.has(id) && !this.everAcknowledged.has(id),
		);
		for (const id of this.model.acknowledged) this.everAcknowledged.add(id);
		const stillNowhere = nowhere.filter((id) => !this.everAcknowledged.has(id));
		assert.equal(stillNowhere.length, lost);
		for (const id of rejected) assertNot(entries.has(id), "what was refused does not wait");
	}

	private readonly everAcknowledged = new Set<string>();
}

function assertNot(value: boolean, message?: string): void {
	assert.ok(!value, message);
}

/** Ids of the refused reports of a project. */
function rejectedOf(folders: SpoolFolders, project: string): string[] {
	return namesIn(folders.rejected)
		.map((name) => JSON.parse(readFileSync(join(folders.rejected, name), "utf8")).report)
		.filter((report) => report.project === project)
		.map(({ id }) => id);
}

test("every report that was queued is in one place, whatever happens in whatever order", async (t) => {
	const server = await faultyServer(t, answering(500));
	const root = temporaryFolder(t);
	let runs = 0;
	const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), async (steps) => {
		const run = new Run(server, join(root, String(runs++)));
		await run.take({ do: "decide", project: "one", decision: "granted", whole: false });
		await run.take({ do: "enqueue", project: "one", count: 5 });
		for (const each of steps) await run.take(each);
		await run.end();
	});
	await t.notThrowsAsync(fc.assert(property, { numRuns: RUNS }));
});
