/** The uploader's memory of its endpoints while it flushes, written back so that it outlives a crash. */
import type { Clock } from "../src/consent/review.js";
import type { SpoolFolders } from "../src/spool/layout.js";
import { type EndpointState, NEW_ENDPOINT, readState, type UploaderState, writeState } from "../src/spool/state.js";
import { backoffMs, isDue } from "./backoff.js";
import type { Policy } from "./policy.js";

export interface MemoryOptions {
	folders: SpoolFolders;
	policy: Policy;
	now: () => Date;
	/** In [0, 1). */
	random: () => number;
}

export class Memory {
	private readonly state: UploaderState;
	private savedAtMs = 0;

	constructor(private readonly options: MemoryOptions) {
		this.state = readState(options.folders);
	}

	/** Notes that an uploader looked, and whether the clock has run steadily since the last look. */
	look(holder: { pid: number; host: string; startedAt: Date }): void {
		const now = this.options.now();
		const { alive_at, clock_steady_since } = this.state;
		const movedMs = alive_at === null ? Number.POSITIVE_INFINITY : Math.abs(now.getTime() - Date.parse(alive_at));
		const jumped = !(movedMs <= this.options.policy.clockJumpMs);
		this.state.clock_steady_since = jumped || clock_steady_since === null ? now.toISOString() : clock_steady_since;
		this.state.alive_at = now.toISOString();
		this.state.pid = holder.pid;
		this.state.host = holder.host;
		this.state.started_at = holder.startedAt.toISOString();
		this.save();
	}

	/** Whether age can be told: the clock has not jumped within the last day. */
	get clockIsSteady(): boolean {
		const since = this.state.clock_steady_since;
		if (since === null) return false;
		return this.options.now().getTime() - Date.parse(since) >= this.options.policy.clockJumpMs;
	}

	/** The clock, for who has to know how long something has waited. */
	get clock(): Clock {
		const since = this.state.clock_steady_since;
		return { nowMs: this.options.now().getTime(), steadySinceMs: since === null ? null : Date.parse(since) };
	}

	/** What of the last flush stays, for the status to tell without reading it all. */
	stayed(kept: ReadonlyMap<string, number>, nextLeavesAtMs: number | null): void {
		this.state.kept = Object.fromEntries(kept);
		this.state.next_leaves_at = nextLeavesAtMs === null ? null : new Date(nextLeavesAtMs).toISOString();
	}

	endpoint(endpoint: string): EndpointState {
		const known = this.state.endpoints[endpoint];
		if (known !== undefined) return known;
		const fresh = { ...NEW_ENDPOINT };
		this.state.endpoints[endpoint] = fresh;
		return fresh;
	}

	isDue(endpoint: string): boolean {
		const { next_at } = this.state.endpoints[endpoint] ?? NEW_ENDPOINT;
		return isDue(next_at, this.options.now().getTime(), this.options.policy);
	}

	/** The server answered as ours does. */
	succeeded(endpoint: string, delivered: number, rejected: number): void {
		const state = this.endpoint(endpoint);
		const wasWell = state.failures === 0 && state.held === null;
		state.failures = 0;
		state.next_at = null;
		state.held = null;
		state.last_success_at = this.options.now().toISOString();
		state.delivered += delivered;
		state.rejected += rejected;
		if (!wasWell || this.isStale()) this.save();
	}

	/** Writes down what {@link succeeded} may have kept back: once a second is often enough for counts. */
	end(): void {
		this.save();
	}

	/** @param held it will not pass by itself: said so in the status, and tried at the back-off's pace all the same */
	failed(endpoint: string, why: string, retryAfterMs: number | null, held: boolean): void {
		const { policy, now, random } = this.options;
		const state = this.endpoint(endpoint);
		const at = now().toISOString();
		state.failures += 1;
		const waitMs = Math.max(retryAfterMs ?? 0, backoffMs(state.failures, random(), policy));
		state.next_at = new Date(now().getTime() + waitMs).toISOString();
		state.last_error = { at, why };
		state.held = held ? { at, why } : null;
		this.save();
	}

	/** What was known of it is of no use any more. */
	forget(endpoint: string): void {
		if (this.state.endpoints[endpoint] === undefined) return;
		delete this.state.endpoints[endpoint];
		this.save();
	}

	/** The earliest moment at which one of these is due again, or null where none has to wait. */
	nextDueMs(endpoints: readonly string[]): number | null {
		const times = endpoints.flatMap((endpoint) => {
			const { next_at } = this.endpoint(endpoint);
			return next_at === null ? [] : [Date.parse(next_at)];
		});
		return times.length === 0 ? null : Math.min(...times);
	}

	private isStale(): boolean {
		return Math.abs(this.options.now().getTime() - this.savedAtMs) >= this.options.policy.rememberEveryMs;
	}

	private save(): void {
		this.savedAtMs = this.options.now().getTime();
		try {
			writeState(this.options.folders, this.state);
		} catch {
			// A full disk: what is remembered is lost at a crash, and no report is.
		}
	}
}
