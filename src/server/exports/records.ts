/** Runs and events as JSON gives them out: the wire's names, and null for what is not known. Pure. */
import { MEASURES } from "../../report/types.js";
import type { Run } from "../queries/stitch.js";
import type { StoredEvent } from "../store/types.js";

const instantOf = (ms: number): string => new Date(ms).toISOString();

export function eventRecord(event: StoredEvent) {
	return {
		place: event.seq,
		received_at: instantOf(event.receivedAt),
		/** The report's own time, in the server's clock. */
		occurred_at: instantOf(event.occurredAt),
		redacted: event.redacted,
		/** What is kept of the address that it came from. */
		address: event.address,
		source: event.source,
		/** As it was sent; its `occurred_at` is the sender's clock. */
		report: event.report,
	};
}

export function runRecord(run: Run) {
	const figures = MEASURES.map((measure) => [measure, run.figures[measure]?.value ?? null]);
	const methods = MEASURES.flatMap((measure) => {
		const method = run.figures[measure]?.measuredBy ?? null;
		return method === null ? [] : [[measure, method]];
	});
	return {
		project: run.project,
		run_id: run.runId,
		status: run.status,
		first_at: instantOf(run.firstAt),
		last_at: instantOf(run.lastAt),
		command: run.command,
		version: run.version,
		manifest_notice: run.noticeVersion,
		test: run.test,
		platform: run.platform,
		platform_inner: run.platformInner,
		weight: run.weight,
		outcome: run.outcome,
		exit_code: run.exitCode,
		signal: run.signal,
		kill_reason: run.killReason,
		...(Object.fromEntries(figures) as Record<(typeof MEASURES)[number], number | null>),
		measured_by: Object.fromEntries(methods) as Record<string, string>,
		limits: run.limits,
		inputs: run.inputs,
		totals: run.totals,
		exception: run.exception,
		data: run.data,
		events: run.events.length,
	};
}
