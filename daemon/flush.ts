/**
 * One flush: all that waits and may leave, to every endpoint that is due. Reports are read in the
 * order of time, in passes; what an endpoint was too busy for is read again in the next pass.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Directories } from "../src/host/directories.js";
import { type Bounds, keepBounds } from "../src/spool/bounds.js";
import { Journal, writerName } from "../src/spool/journal.js";
import { type SpoolFolders, spoolFolders } from "../src/spool/layout.js";
import { finishLosing, lose } from "../src/spool/lost.js";
import { countReports, NAME_WINDOW, readEntry, reportNames } from "../src/spool/read.js";
import { removeOrphans, setAsideCorrupt } from "../src/spool/remove.js";
import { Gate } from "./gate.js";
import { LostCounts } from "./lost-counts.js";
import { Memory } from "./memory.js";
import { type Parcel, parcel } from "./parcel.js";
import type { Policy } from "./policy.js";
import { EndpointSender } from "./sender.js";
import { createTransport, type Transport } from "./transport.js";

export interface FlushOptions {
	directories: Directories;
	env: NodeJS.ProcessEnv;
	policy: Policy;
	bounds: Bounds;
	now: () => Date;
	/** In [0, 1): for jitter. */
	random: () => number;
	/** `hostHash` of this machine. */
	host: string;
	userAgent: string;
	/** Tries endpoints that are backing off, too: the user asked for it now. */
	evenIfNotDue: boolean;
	/** No new batch after this. */
	stop: AbortSignal;
	/** Breaks off a request under way. */
	abort: AbortSignal;
	onProgress?: (done: number, total: number) => void;
	/** How many names are kept in memory at once. @defaultValue NAME_WINDOW */
	nameWindow?: number;
}

export interface FlushSummary {
	delivered: number;
	rejected: number;
	corrupt: number;
	/** Went by the spool's bounds, or since consent was taken back. */
	lost: number;
	/** Endpoints that could not be served, with the reason. */
	failed: { endpoint: string; why: string }[];
	/** Endpoints that are backing off. */
	notDue: string[];
	/** When the first of those that failed is due again, milliseconds since the epoch; null where none failed. */
	nextDueMs: number | null;
}

/** Reading gives way to what else the process has to do after so many reports. */
const READS_PER_TURN = 500;

class Flush {
	readonly summary: FlushSummary = {
		delivered: 0,
		rejected: 0,
		corrupt: 0,
		lost: 0,
		failed: [],
		notDue: [],
		nextDueMs: null,
	};
	private readonly folders: SpoolFolders;
	private readonly gate: Gate;
	private readonly memory: Memory;
	private readonly lost: LostCounts;
	private readonly senders = new Map<string, EndpointSender>();
	private total = 0;

	constructor(
		private readonly options: FlushOptions,
		private readonly transport: Transport,
		private readonly journal: Journal,
		memory: Memory,
	) {
		this.folders = spoolFolders(options.directories.spool);
		this.gate = new Gate(options.directories, options.env);
		this.memory = memory;
		this.lost = new LostCounts(this.folders, this.gate);
	}

	async run(): Promise<void> {
		this.total = countReports(this.folders.new).count;
		while (!this.isOver && (await this.pass())) {
			// An endpoint was busy, and has worked on since: what was passed over is read again.
		}
		for (const endpoint of this.lost.endpoints()) await this.senderFor(endpoint)?.finish();
		this.noteFailures();
		this.summary.nextDueMs = this.memory.nextDueMs();
	}

	private get isOver(): boolean {
		return this.options.stop.aborted;
	}

	private get window(): number {
		return this.options.nameWindow ?? NAME_WINDOW;
	}

	/** @returns whether another pass is worth it */
	private async pass(): Promise<boolean> {
		const deliveredBefore = this.summary.delivered;
		let passedOver = false;
		let after = "";
		for (;;) {
			const names = reportNames(this.folders.new, this.window, after);
			passedOver = (await this.readAll(names)) || passedOver;
			const last = names.at(-1);
			if (last === undefined || names.length < this.window || this.isOver) break;
			after = last;
		}
		await Promise.all([...this.senders.values()].map((sender) => sender.finish()));
		return passedOver && this.summary.delivered > deliveredBefore;
	}

	/** @returns whether a report was passed over since its endpoint was busy */
	private async readAll(names: readonly string[]): Promise<boolean> {
		let passedOver = false;
		for (const [index, name] of names.entries()) {
			if (this.isOver) return false;
			if (index % READS_PER_TURN === 0) await nextTurn();
			const parcel = this.look(name);
			const sender = parcel === null ? null : this.senderFor(parcel.endpoint);
			if (parcel === null || sender === null || sender.closed || sender.staying.has(name)) continue;
			if (!(await sender.take(parcel))) passedOver = true;
		}
		return passedOver;
	}

	/** A report that may leave now; what can't be one is set aside, and what never may is lost. */
	private look(name: string): Parcel | null {
		const reading = readEntry(this.folders.new, name);
		if (reading.state === "corrupt") {
			setAsideCorrupt(this.folders, name, reading.reason);
			this.summary.corrupt++;
		}
		if (reading.state !== "read" || reading.entry.envelope.hold !== null) return null;
		const found = parcel(reading.entry);
		const decision = this.gate.ask(found.report.project, found);
		if (decision.send === "never") this.withdraw(found);
		return decision.send === "yes" ? found : null;
	}

	private withdraw({ name, endpoint, grant, report }: Parcel): void {
		lose(this.folders, {
			et: 1,
			id: randomUUID(),
			at: this.options.now().toISOString(),
			project: report.project,
			endpoint,
			grant,
			reason: "withdrawn",
			count: 1,
			names: [name],
			told: false,
		});
		this.summary.lost++;
	}

	/** Null where the endpoint is backing off. */
	private senderFor(endpoint: string): EndpointSender | null {
		const known = this.senders.get(endpoint);
		if (known !== undefined) return known;
		if (this.summary.notDue.includes(endpoint)) return null;
		if (!this.options.evenIfNotDue && !this.memory.isDue(endpoint)) {
			this.summary.notDue.push(endpoint);
			return null;
		}
		const { policy, now, stop, abort } = this.options;
		const sender = new EndpointSender(endpoint, {
			folders: this.folders,
			policy,
			now,
			transport: this.transport,
			journal: this.journal,
			memory: this.memory,
			gate: this.gate,
			lost: this.lost,
			stop,
			abort,
			onSettled: (delivered, rejected) => this.count(delivered, rejected),
		});
		this.senders.set(endpoint, sender);
		return sender;
	}

	private count(delivered: number, rejected: number): void {
		this.summary.delivered += delivered;
		this.summary.rejected += rejected;
		const done = this.summary.delivered + this.summary.rejected;
		this.options.onProgress?.(done, Math.max(this.total, done));
	}

	private noteFailures(): void {
		for (const [endpoint, sender] of this.senders) {
			if (!sender.closed || this.options.abort.aborted) continue;
			const why = sender.trouble ?? this.memory.endpoint(endpoint).last_error?.why ?? "unknown";
			this.summary.failed.push({ endpoint, why });
		}
	}
}

/** Holds the spool to its bounds, and clears what died writers left. @returns how many reports went */
function keepHouse(folders: SpoolFolders, options: FlushOptions, clockIsSteady: boolean): number {
	const nowMs = options.now().getTime();
	finishLosing(folders);
	const { bounds } = options;
	const kept = clockIsSteady ? bounds : { ...bounds, maxAgeMs: Number.POSITIVE_INFINITY };
	if (clockIsSteady) removeOrphans(folders, nowMs);
	return keepBounds(folders, kept, { nowMs, newId: randomUUID });
}

/**
 * Flushes the spool once. The caller holds the lease; two at once do no harm all the same.
 *
 * @throws the system's error where the spool can't be read or the journal can't be written; nothing is lost then
 */
export async function flush(options: FlushOptions): Promise<FlushSummary> {
	const { directories, policy, now, random, host } = options;
	const folders = spoolFolders(directories.spool);
	const startedAt = now();
	const memory = new Memory({ folders, policy, now, random });
	memory.look({ pid: process.pid, host, startedAt });
	const lost = keepHouse(folders, options, memory.clockIsSteady);
	const journal = new Journal(folders, writerName(host, process.pid, startedAt.getTime()));
	const transport = await createTransport(options.env, policy, options.userAgent);
	try {
		const work = new Flush(options, transport, journal, memory);
		work.summary.lost += lost;
		await work.run();
		return work.summary;
	} finally {
		journal.close();
		await transport.close();
	}
}
