/**
 * One endpoint's part of a flush: batches in order, one request at a time, while the next batch is
 * read. An endpoint that fails is done for this flush, and holds back no other.
 */
import { randomUUID } from "node:crypto";
import { systemErrorCode } from "../src/errors.js";
import { serialiseBatch } from "../src/report/serialise.js";
import { BATCHES_PATH, type WireVerdict } from "../src/report/wire.js";
import type { History } from "../src/spool/history.js";
import type { Journal } from "../src/spool/journal.js";
import type { Copies } from "../src/spool/kept.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import type { LostEntry } from "../src/spool/lost.js";
import { Batch, type BatchBounds, halves } from "./batch.js";
import { classify, type Outcome } from "./classify.js";
import type { Gate } from "./gate.js";
import { type LostCounts, wireLost } from "./lost-counts.js";
import type { Memory } from "./memory.js";
import { keyLine, type Parcel } from "./parcel.js";
import type { Policy } from "./policy.js";
import type { Removal } from "./removal.js";
import { settle } from "./settle.js";
import type { Transport } from "./transport.js";

export interface SenderOptions {
	folders: SpoolFolders;
	policy: Policy;
	now: () => Date;
	transport: Transport;
	journal: Journal;
	memory: Memory;
	gate: Gate;
	lost: LostCounts;
	removal: Removal;
	copies: Copies;
	history: History;
	/** No new request after this. */
	stop: AbortSignal;
	/** Breaks a request off. */
	abort: AbortSignal;
	/** Told of every batch that was settled. */
	onSettled: (delivered: number, rejected: number) => void;
}

const isTaken = (verdict: WireVerdict | undefined): boolean =>
	verdict?.verdict === "accepted" || verdict?.verdict === "duplicate";

/** Events that tell what a run took. */
const ENDS: readonly string[] = ["end", "vanished"];
/** Most counts of lost reports in one batch. */
const MOST_LOST = 100;

export class EndpointSender {
	private building = new Batch();
	private flight: Promise<void> | null = null;
	private removed: Promise<void> = Promise.resolve();
	private batches = 0;
	/** No more in this flush. */
	closed = false;
	/** Reports that the server told to wait, or did not speak of: not asked about again in this flush. */
	readonly staying = new Set<string>();
	/** Whether reading went on without it: a busy endpoint must not hold back the others. */
	private lagging = false;
	/** The endpoint refused a batch with counts of lost reports: it is told of none in this flush. */
	private refusesLost = false;
	/** Why it closed, where this machine is to blame and not the endpoint (a full disk). */
	trouble: string | null = null;

	constructor(
		readonly endpoint: string,
		private readonly options: SenderOptions,
	) {}

	private get bounds(): BatchBounds {
		return { reports: this.options.policy.batchReports, bytes: this.options.policy.batchBytes };
	}

	/**
	 * Takes a report, sending the batch before it where that is full.
	 *
	 * @returns false where the endpoint is busy for longer than our patience: the report stays for a later pass
	 */
	async take(parcel: Parcel): Promise<boolean> {
		if (!this.building.fits(parcel, this.bounds) && !(await this.launch())) return false;
		if (!this.closed) this.building.add(parcel);
		return true;
	}

	/** Sends what is left, and waits until everything is settled and removed. */
	async finish(): Promise<void> {
		await this.flight;
		if (!this.closed) await this.fly(this.building.parcels);
		this.building = new Batch();
		await this.removed;
		this.lagging = false;
	}

	private async launch(): Promise<boolean> {
		if (!(await this.isFreeSoon())) {
			this.lagging = true;
			return false;
		}
		if (this.closed) return true;
		const { parcels } = this.building;
		this.building = new Batch();
		this.flight = this.fly(parcels).finally(() => {
			this.flight = null;
		});
		return true;
	}

	/** Waits for the request under way, as long as our patience lasts. */
	private async isFreeSoon(): Promise<boolean> {
		if (this.flight === null) return true;
		if (this.lagging) return false;
		let timer: NodeJS.Timeout | undefined;
		const impatience = new Promise<boolean>((resolve) => {
			timer = setTimeout(resolve, this.options.policy.patienceMs, false);
		});
		const free = await Promise.race([this.flight.then(() => true), impatience]);
		clearTimeout(timer);
		return free;
	}

	/** Consent, asked anew right before the request, and what is left out of what leaves. */
	private stillAllowed(parcels: readonly Parcel[]): Parcel[] {
		const { gate } = this.options;
		gate.refresh();
		const allowed = parcels.filter((parcel) => gate.ask(parcel.report.project, parcel).send === "yes");
		return allowed.map((parcel) => ({ ...parcel, text: gate.leaving(parcel.report.project, parcel.text) }));
	}

	/** Sends one batch. Never rejects, since nobody may be waiting for it yet. */
	private async fly(parcels: readonly Parcel[]): Promise<void> {
		try {
			await this.sendAllowed(parcels);
		} catch (error) {
			this.closed = true;
			this.trouble = systemErrorCode(error) ?? String(error);
		}
	}

	private async sendAllowed(parcels: readonly Parcel[]): Promise<void> {
		if (this.options.stop.aborted) return;
		const allowed = this.stillAllowed(parcels);
		const lost = this.refusesLost ? [] : this.options.lost.for(this.endpoint, MOST_LOST);
		if (allowed.length === 0 && lost.length === 0) return;
		await this.deliver(allowed, lost);
	}

	private async deliver(waiting: readonly Parcel[], lost: readonly LostEntry[]): Promise<void> {
		if (this.closed || this.options.abort.aborted) return;
		const batch = `${++this.batches}-${randomUUID()}`;
		const parcels = this.announce(batch, waiting);
		if (parcels.length === 0 && lost.length === 0) return;
		const outcome = await this.request(parcels, lost);
		switch (outcome.kind) {
			case "verdicts":
				return this.settled(batch, parcels, lost, outcome.verdicts);
			case "too_large":
				return this.split(parcels, lost, "too_large_for_server", "The server refuses a report of this size.");
			case "malformed":
				return this.split(parcels, lost, outcome.code, outcome.message);
			case "try_later":
				return this.fail(outcome.why, outcome.retryAfterMs, false);
			case "stranger":
				return this.fail(outcome.why, null, true);
		}
	}

	/**
	 * Writes down what may leave, on disk before the request, and then looks for it once more: what
	 * its user dropped since it was read either does not leave, or was known as tried by then.
	 */
	private announce(batch: string, parcels: readonly Parcel[]): Parcel[] {
		const { journal, now, removal } = this.options;
		const tried = parcels.map(({ report }) => report);
		journal.trying({ at: now().toISOString(), endpoint: this.endpoint, batch, tried }, parcels.flatMap(keyLine));
		return removal.stillThere(parcels);
	}

	private async request(parcels: readonly Parcel[], lost: readonly LostEntry[]): Promise<Outcome> {
		const { now, transport, abort, policy } = this.options;
		const texts = parcels.map(({ text }) => text);
		const body = serialiseBatch(now(), lost.map(wireLost), texts);
		const exchange = await transport.send(`${this.endpoint}${BATCHES_PATH}`, body, abort);
		return classify(exchange, new Set(parcels.map(({ report }) => report.id)), now().getTime(), policy);
	}

	private async settled(
		batch: string,
		parcels: readonly Parcel[],
		lost: readonly LostEntry[],
		verdicts: Map<string, WireVerdict>,
	): Promise<void> {
		const { folders, journal, now, memory, removal } = this.options;
		const byId = Object.fromEntries([...verdicts].map(([id, { verdict }]) => [id, verdict]));
		journal.answered({ at: now().toISOString(), endpoint: this.endpoint, batch, verdicts: byId });
		this.keepTraces(parcels.filter(({ report }) => isTaken(verdicts.get(report.id))));
		this.options.lost.told(this.endpoint, lost);
		// One batch's files are being removed while the next one is under way, and no more than one's.
		await this.removed;
		const { delivered, rejected, staying, removed } = settle(folders, removal, parcels, verdicts, now());
		this.removed = removed.catch((error: unknown) => {
			this.trouble = systemErrorCode(error) ?? String(error);
		});
		for (const { name } of staying) this.staying.add(name);
		this.options.onSettled(delivered, rejected);
		if (delivered + rejected === 0 && parcels.length > 0) {
			const later = [...verdicts.values()].find(({ verdict }) => verdict === "later");
			return this.fail(later?.message || "it took none of the reports for now", null, false);
		}
		memory.succeeded(this.endpoint, delivered, rejected);
	}

	/** What stays here of what its server has now: copies, and what ended runs took, for their user's own eyes. */
	private keepTraces(taken: readonly Parcel[]): void {
		const wanted = this.stillWanted(taken);
		this.keepCopies(wanted);
		this.keepFigures(wanted);
	}

	/** Those that their user has not forgotten, nor taken consent back for, while they were in the request. */
	private stillWanted(parcels: readonly Parcel[]): Parcel[] {
		const { gate, removal } = this.options;
		gate.refresh();
		return removal.notForgotten(parcels).filter((parcel) => gate.ask(parcel.report.project, parcel).send !== "never");
	}

	/** The bytes as they left, before their files go: where their user wants them. */
	private keepCopies(parcels: readonly Parcel[]): void {
		const at = this.options.now().toISOString();
		this.options.copies.keep(
			parcels.map(({ report: { id, run_id, project }, text }) => ({
				id,
				run_id,
				project,
				at,
				endpoint: this.endpoint,
				text,
			})),
		);
	}

	private keepFigures(parcels: readonly Parcel[]): void {
		const { gate, history } = this.options;
		const ended = parcels.filter(({ report }) => ENDS.includes(report.event));
		history.keep(ended.map(({ report, text }) => gate.leaving(report.project, text)));
	}

	/** Looks for the report at fault by halving; one that is alone is refused by its server. */
	private async split(
		parcels: readonly Parcel[],
		lost: readonly LostEntry[],
		code: string,
		message: string,
	): Promise<void> {
		if (lost.length > 0) {
			// The counts may be what it refuses: no report is to blame before it was sent without them.
			this.refusesLost = true;
			return parcels.length === 0 ? undefined : this.deliver(parcels, []);
		}
		const [only] = parcels;
		if (only !== undefined && parcels.length === 1) {
			const { id } = only.report;
			const verdict: WireVerdict = { id, verdict: "rejected", code, message };
			return this.settled("", parcels, [], new Map([[id, verdict]]));
		}
		for (const half of halves(parcels)) await this.deliver(half, []);
	}

	private fail(why: string, retryAfterMs: number | null, held: boolean): void {
		this.closed = true;
		if (this.options.abort.aborted) return;
		this.options.memory.failed(this.endpoint, why, retryAfterMs, held);
	}
}
