/**
 * One flush: all that waits and may leave, to every endpoint that is due. Reports are read in passes;
 * what an endpoint was too busy for is read again in the next pass.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AskRefusal } from "../src/consent/may-ask.js";
import type { Directories } from "../src/host/directories.js";
import { machineId, placeHere } from "../src/host/process-life.js";
import { boundMarkers } from "../src/spool/bound-markers.js";
import { type Bounds, keepBounds } from "../src/spool/bounds.js";
import { clearForgotten } from "../src/spool/forgotten.js";
import { History } from "../src/spool/history.js";
import { Journal } from "../src/spool/journal.js";
import { Copies } from "../src/spool/kept.js";
import { machineHash, NAME_RANDOM_BYTES, type SpoolFolders, spoolFolders } from "../src/spool/layout.js";
import { writerName } from "../src/spool/line-file.js";
import { finishLosing } from "../src/spool/lost.js";
import { removeOrphans } from "../src/spool/remove.js";
import { finishFolding } from "../src/spool/segments.js";
import { dropSpentKeys } from "../src/spool/spent-keys.js";
import { countWaiting } from "../src/spool/waiting.js";
import { dropEmptySegments, foldLoose } from "./fold.js";
import { Gate } from "./gate.js";
import { LostCounts } from "./lost-counts.js";
import { Memory } from "./memory.js";
import type { Policy } from "./policy.js";
import { Removal } from "./removal.js";
import { Requests } from "./requests.js";
import { EndpointSender, type SenderOptions } from "./sender.js";
import { Source, type Stay } from "./source.js";
import { createTransport } from "./transport.js";
import { reportVanished } from "./vanished.js";

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
	/** Stay, and no server was asked: how many, by what keeps them. */
	kept: Map<Stay, number>;
	/** Still wait, and now in few files. */
	folded: number;
	/** Requests to erase or redact: answered, refused for good, and kept back by what keeps them. */
	requests: { done: number; refused: number; kept: Map<AskRefusal, number> };
	/** Runs that were gone without an end, and are reported as such. */
	vanished: number;
	/** Endpoints that could not be served, with the reason. */
	failed: { endpoint: string; why: string }[];
	/** Endpoints that are backing off. */
	notDue: string[];
	/** When the first of those two is due again, milliseconds since the epoch; null where there are none. */
	nextDueMs: number | null;
}

/** Reading gives way to what else the process has to do after so many reports. */
const READS_PER_TURN = 16;

interface Parts extends Omit<SenderOptions, "onSettled"> {
	source: Source;
	evenIfNotDue: boolean;
	onProgress: (done: number, total: number) => void;
}

/** The sending of one flush: who gets what, and when to stop. */
class Sending {
	delivered = 0;
	rejected = 0;
	readonly notDue = new Set<string>();
	private readonly senders = new Map<string, EndpointSender>();

	constructor(
		private readonly parts: Parts,
		private readonly total: number,
	) {}

	async run(): Promise<void> {
		while (!this.parts.stop.aborted && (await this.pass())) {
			// An endpoint was busy, and has worked on since: what was passed over is read again.
		}
		for (const endpoint of this.parts.lost.endpoints()) await this.senderFor(endpoint)?.finish();
	}

	/** Endpoints that were tried and could not be served. */
	failures(): { endpoint: string; why: string }[] {
		if (this.parts.abort.aborted) return [];
		return [...this.senders.values()].flatMap(({ closed, endpoint, trouble }) => {
			if (!closed) return [];
			return [{ endpoint, why: trouble ?? this.parts.memory.endpoint(endpoint).last_error?.why ?? "unknown" }];
		});
	}

	/** Endpoints that are asked nothing more in this flush. */
	unserved(): Set<string> {
		const closed = [...this.senders.values()].filter((sender) => sender.closed);
		return new Set([...this.notDue, ...closed.map(({ endpoint }) => endpoint)]);
	}

	/** @returns whether another pass is worth it */
	private async pass(): Promise<boolean> {
		const settledBefore = this.delivered + this.rejected;
		let passedOver = false;
		let read = 0;
		for (const parcel of this.parts.source.pass()) {
			if (this.parts.stop.aborted) break;
			if (read++ % READS_PER_TURN === 0) await nextTurn();
			const sender = parcel === null ? null : this.senderFor(parcel.endpoint);
			if (parcel === null || sender === null || sender.closed || sender.staying.has(parcel.name)) continue;
			if (!(await sender.take(parcel))) passedOver = true;
		}
		await Promise.all([...this.senders.values()].map((sender) => sender.finish()));
		return passedOver && this.delivered + this.rejected > settledBefore;
	}

	/** Null where the endpoint is backing off. */
	private senderFor(endpoint: string): EndpointSender | null {
		const known = this.senders.get(endpoint);
		if (known !== undefined) return known;
		if (!this.parts.evenIfNotDue && !this.parts.memory.isDue(endpoint)) {
			this.notDue.add(endpoint);
			return null;
		}
		const onSettled = (delivered: number, rejected: number): void => this.count(delivered, rejected);
		const sender = new EndpointSender(endpoint, { ...this.parts, onSettled });
		this.senders.set(endpoint, sender);
		return sender;
	}

	private count(delivered: number, rejected: number): void {
		this.delivered += delivered;
		this.rejected += rejected;
		const done = this.delivered + this.rejected;
		this.parts.onProgress(done, Math.max(this.total, done));
	}
}

/** Ends what died uploaders began, reports runs that vanished, and holds the spool to its bounds. */
async function keepHouse(folders: SpoolFolders, options: FlushOptions, clockIsSteady: boolean) {
	const nowMs = options.now().getTime();
	finishLosing(folders);
	finishFolding(folders);
	if (clockIsSteady) {
		removeOrphans(folders, nowMs);
		clearForgotten(folders, nowMs);
	}
	const random = () => randomBytes(NAME_RANDOM_BYTES).toString("hex");
	const here = placeHere(options.host, machineHash(machineId()));
	const vanished = await reportVanished({
		folders,
		here,
		policy: options.policy,
		chance: { nowMs, random },
		clockIsSteady,
	});
	const { bounds } = options;
	const kept = clockIsSteady ? bounds : { ...bounds, maxAgeMs: Number.POSITIVE_INFINITY };
	const unmarked = boundMarkers(folders, bounds.maxReports, { nowMs, newId: randomUUID });
	return { vanished, dropped: unmarked + keepBounds(folders, kept, { nowMs, newId: randomUUID }) };
}

async function send(options: FlushOptions, folders: SpoolFolders, memory: Memory, writer: string) {
	const { directories, env, policy, now, userAgent, nameWindow, onProgress = () => {} } = options;
	const gate = new Gate(directories, env, () => memory.clock);
	const removal = new Removal(folders, writer);
	const journal = new Journal(folders, writer);
	const copies = new Copies(folders, writer);
	const history = new History(folders, writer);
	const transport = await createTransport(env, policy, userAgent, gate.proxy);
	const source = new Source({ folders, gate, removal, now, ...(nameWindow === undefined ? {} : { nameWindow }) });
	const lost = new LostCounts(folders, gate);
	const parts = {
		...options,
		folders,
		transport,
		journal,
		copies,
		history,
		memory,
		gate,
		removal,
		lost,
		source,
		onProgress,
	};
	try {
		const sending = new Sending(parts, countWaiting(folders));
		await sending.run();
		memory.stayed(source.kept, source.nextLeavesAtMs);
		const requests = new Requests(parts);
		await requests.send(sending.unserved());
		dropEmptySegments({ ...options, folders, removal });
		return { sending, requests, source, folded: foldLoose({ ...options, folders, removal }) };
	} finally {
		journal.close();
		copies.close();
		history.close();
		removal.close();
		await transport.close();
	}
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
	const { vanished, dropped } = await keepHouse(folders, options, memory.clockIsSteady);
	const writer = writerName(host, process.pid, startedAt.getTime());
	const sent = await send(options, folders, memory, writer).finally(() => memory.end());
	const { sending, requests, source, folded } = sent;
	dropSpentKeys(folders, `${writer}-spent`);
	const failed = [...sending.failures(), ...requests.failed];
	const notDue = [...new Set([...sending.notDue, ...requests.notDue])];
	return {
		delivered: sending.delivered,
		rejected: sending.rejected,
		corrupt: source.corrupt,
		lost: dropped + source.withdrawn,
		kept: source.kept,
		folded,
		vanished,
		requests: { done: requests.done, refused: requests.refused, kept: requests.kept },
		failed,
		notDue,
		// Of no others: one that nothing waits for any more would wake the daemon for ever.
		nextDueMs: memory.nextDueMs([...failed.map(({ endpoint }) => endpoint), ...notDue]),
	};
}
