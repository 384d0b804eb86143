/**
 * What a server does on its own, when it starts and every day after: let old runs go, bring down addresses, destroy keys.
 * Of several servers on one database one does it at a time.
 */
import { randomUUID } from "node:crypto";
import { type Clock, type Log, type ServerConfig, UPKEEP_CLAIM_MS } from "../config.js";
import type { Store } from "../store/types.js";
import { bringDown } from "./bring-down.js";
import { eraseProject } from "./erase-project.js";
import { expireProject } from "./expire.js";

export interface UpkeepOptions {
	store: Store;
	clock: Clock;
	log: Log;
	config: Pick<ServerConfig, "upkeepIntervalMs">;
}

type Task = (signal: AbortSignal) => Promise<void>;

export class Upkeep {
	readonly #options: UpkeepOptions;
	readonly #name = randomUUID();
	readonly #stopping = new AbortController();
	#timer: NodeJS.Timeout | undefined;
	#running: Promise<void> | undefined;

	constructor(options: UpkeepOptions) {
		this.#options = options;
	}

	/** Begins now, without being waited for, and again after each interval. */
	start(): void {
		void this.run();
		this.#timer = setInterval(() => void this.run(), this.#options.config.upkeepIntervalMs).unref();
	}

	/** Does what there is to do; resolves once it is done. Never rejects: what fails is logged, and tried the next time. */
	run(): Promise<void> {
		this.#running ??= this.#doAll().finally(() => {
			this.#running = undefined;
		});
		return this.#running;
	}

	/** Begins nothing more, and waits for the step under way. */
	async stop(): Promise<void> {
		clearInterval(this.#timer);
		this.#stopping.abort();
		await this.#running;
	}

	async #doAll(): Promise<void> {
		const tasks: Task[] = [
			(signal) => this.#eraseProjects(signal),
			(signal) => this.#bringDown(signal),
			() => this.#destroyKeys(),
			(signal) => this.#expire(signal),
		];
		for (const task of tasks) {
			if (this.#stopping.signal.aborted) return;
			try {
				await task(this.#stopping.signal);
			} catch (error) {
				this.#options.log("a part of the upkeep could not be done now; it is tried again", error);
			}
		}
	}

	/** Those that a command began, and was ended. */
	async #eraseProjects(signal: AbortSignal): Promise<void> {
		const { store, log } = this.#options;
		for (const { project, isDone } of await store.projectErasures(null)) {
			if (isDone) continue;
			const erased = await eraseProject(store, project, signal);
			if (erased?.isDone) log(`the erasure of ${project} is finished: ${erased.events} reports are gone`);
		}
	}

	async #bringDown(signal: AbortSignal): Promise<void> {
		const { store, log } = this.#options;
		if (!(await store.addressSetting()).isPending) return;
		const changed = await bringDown(store, signal);
		if (changed > 0) log(`addresses of ${changed} stored reports were brought down to the policy`);
	}

	async #expire(signal: AbortSignal): Promise<void> {
		const { store, clock, log } = this.#options;
		const now = clock();
		let claimedMs = Number.NEGATIVE_INFINITY;
		// Renewed long before it ends; by another clock than that of reports, which tests may stop.
		const mayGoOn = async (): Promise<boolean> => {
			if (performance.now() - claimedMs < UPKEEP_CLAIM_MS / 5) return true;
			claimedMs = performance.now();
			return store.claimUpkeep(this.#name, Date.now(), Date.now() + UPKEEP_CLAIM_MS);
		};
		if (!(await mayGoOn())) return;
		try {
			for (const retention of await store.retentions(null)) {
				const { runs } = await expireProject(retention, { store, now, mode: "erase", signal, mayGoOn });
				if (runs > 0) log(`${runs} runs of ${retention.project} had been kept for long enough, and are gone`);
			}
		} finally {
			await store.claimUpkeep(this.#name, Date.now(), 0);
		}
	}

	#destroyKeys(): Promise<void> {
		const { store, clock } = this.#options;
		return store.destroyOldKeys(clock());
	}
}
