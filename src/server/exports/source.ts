/** What is given out, out of the store: in steps, so that memory does not grow with what is stored. */
import { setImmediate } from "node:timers/promises";
import type { Reading } from "../access/reading.js";
import { EXPORT_STEP } from "../config.js";
import { type Run, stitch } from "../queries/stitch.js";
import type { StoredEvent } from "../store/types.js";
import type { EventsRequest, RunsRequest } from "./request.js";

/** Some that follow each other, and from where to go on behind them. */
export interface Step<T> {
	items: T[];
	/** Place of the last that was looked at, given out or not. */
	place: number;
}

/** Events in the order in which the server heard of them. */
export async function* eventSteps(
	store: Reading,
	request: EventsRequest,
	now: number,
): AsyncGenerator<Step<StoredEvent>> {
	let { after, limit: left = Number.POSITIVE_INFINITY } = request;
	while (left > 0) {
		const limit = Math.min(left, EXPORT_STEP);
		const events = await store.events({ ...request, after, limit, receivedUntil: now - store.settlingMs });
		const last = events.at(-1);
		if (last === undefined) return;
		after = last.seq;
		left -= events.length;
		yield { items: events, place: after };
		if (events.length < limit) return;
		await othersTurn();
	}
}

export interface RunsStep extends Step<Run> {
	/** The moment to which it belongs. */
	asOf: number;
}

/**
 * Runs as they were at one moment, newest first. What cannot be told before a run is stitched is looked for in each, so
 * a step may be empty; its place goes on all the same.
 */
export async function* runSteps(store: Reading, request: RunsRequest, now: number): AsyncGenerator<RunsStep> {
	let { limit: left = Number.POSITIVE_INFINITY } = request;
	let asOf = request.from?.asOf;
	let before = request.from?.before;
	while (left > 0) {
		const { runs, hasOlder, ...slice } = await store.listRuns({
			project: request.project,
			tests: request.tests,
			asOf,
			from: before === undefined ? undefined : { before },
			limit: EXPORT_STEP,
		});
		asOf = slice.asOf;
		const items: Run[] = [];
		for (const { seq, events } of runs) {
			if (items.length === left) break;
			before = seq;
			const run = stitch(events, now);
			if (run !== undefined && isWanted(run, request)) items.push(run);
		}
		if (before === undefined) return;
		left -= items.length;
		yield { items, place: before, asOf };
		if (!hasOlder) return;
		await othersTurn();
	}
}

/** SQLite answers without waiting for anything: other requests would wait until all steps have been taken. */
function othersTurn(): Promise<void> {
	return setImmediate();
}

function isWanted(run: Run, { command, version, status, since, until }: RunsRequest): boolean {
	return (
		(command === undefined || run.command === command) &&
		(version === undefined || run.version === version) &&
		(status === undefined || run.status === status) &&
		(since === undefined || run.lastAt >= since) &&
		(until === undefined || run.lastAt < until)
	);
}
