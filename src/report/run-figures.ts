/** What a run took, out of its reports: what a user's own history is made of. Pure. */
import type { Outcome, WireReport } from "./types.js";

/** The figures of one event, as a history keeps them: the wire's names, and nothing that tells more than a run took. */
export interface RunFigures {
	id: string;
	run_id: string;
	event: "end" | "vanished";
	project: string;
	command: string | null;
	version: string | null;
	occurred_at: string;
	test: boolean;
	outcome: Outcome | null;
	kill_reason: string | null;
	wall_s: number | null;
	max_rss_bytes: number | null;
	inputs: { name: string; unit: string; size: number | null }[];
}

type Json = Record<string, unknown>;

const OUTCOMES_BY_NAME: ReadonlySet<unknown> = new Set<Outcome>(["ok", "failed", "killed", "unknown"]);

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
/** An amount; what is no amount is not known, and never 0. */
const amountOf = (value: unknown): number | null =>
	typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;

function inputsOf(value: unknown): RunFigures["inputs"] {
	if (!Array.isArray(value)) return [];
	return value.flatMap((input: Json | null) => {
		const [name, unit] = [textOf(input?.["name"]), textOf(input?.["unit"])];
		return name === null || unit === null ? [] : [{ name, unit, size: amountOf(input?.["size"]) }];
	});
}

/** Null where the report tells no end. Any writer may have made it, so nothing but its ids is taken for granted. */
export function runFigures(report: WireReport): RunFigures | null {
	const { id, run_id, event, project, occurred_at, outcome } = report;
	if ((event !== "end" && event !== "vanished") || Number.isNaN(Date.parse(occurred_at))) return null;
	return {
		id,
		run_id,
		event,
		project,
		command: textOf(report.command),
		version: textOf(report.version),
		occurred_at,
		test: report.test === true,
		outcome: OUTCOMES_BY_NAME.has(outcome) ? outcome : null,
		kill_reason: textOf(report.kill_reason),
		wall_s: amountOf(report.wall_s),
		max_rss_bytes: amountOf(report.max_rss_bytes),
		inputs: inputsOf(report.inputs),
	};
}

/** Of two that tell of one run: an end beats a vanishing, which was only inferred; of two ends the later one. */
export function betterOf(one: RunFigures, other: RunFigures): RunFigures {
	if (one.event !== other.event) return one.event === "end" ? one : other;
	return Date.parse(other.occurred_at) > Date.parse(one.occurred_at) ? other : one;
}

export const RUN_ENDINGS = ["ok", "failed", "killed", "vanished", "unknown"] as const;
export type RunEnding = (typeof RUN_ENDINGS)[number];

export function endingOf({ event, outcome }: Pick<RunFigures, "event" | "outcome">): RunEnding {
	if (event === "vanished") return outcome === "killed" ? "killed" : "vanished";
	return outcome ?? "unknown";
}

/**
 * The inputs of each unit together; null where the size of one is not known, for a part is not the total, and where the
 * total is no number any more.
 */
export function totalsByUnit({ inputs }: Pick<RunFigures, "inputs">): Map<string, number | null> {
	const totals = new Map<string, number | null>();
	for (const { unit, size } of inputs) {
		const sum = totals.get(unit);
		totals.set(unit, size === null || sum === null ? null : amountOf((sum ?? 0) + size));
	}
	return totals;
}
