/** A user's own runs by command and size: what a job of a given size took. Pure; no weight counts here. */
import { endingOf, type RunEnding, type RunFigures, totalsByUnit } from "../../report/run-figures.js";

/** One run, as a chart needs it. What is null is not known. */
export interface RunPoint {
	atMs: number;
	ending: RunEnding;
	/** The total of the inputs of the group's unit. */
	size: number | null;
	wallS: number | null;
	memoryBytes: number | null;
}

/** The range of what is known, and its middle. */
export interface Spread {
	least: number;
	median: number;
	most: number;
	/** How many it is of. */
	count: number;
}

/** Runs whose input is in [from, 2 from). */
export interface Octave {
	from: number;
	runs: number;
	/** Failed, killed or vanished. */
	failures: number;
	/** Of runs that ended well. */
	wallS: Spread | null;
	memoryBytes: Spread | null;
}

export interface Group {
	project: string;
	command: string | null;
	versions: string[];
	/** The unit that most runs tell the size of their input in; null where none does. */
	unit: string | null;
	/** Names of inputs that are added up. */
	inputs: string[];
	points: RunPoint[];
	octaves: Octave[];
	endings: Map<RunEnding, number>;
	wallS: Spread | null;
	memoryBytes: Spread | null;
}

export function spreadOf(values: readonly number[]): Spread | null {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length / 2;
	const [least, most] = [sorted[0], sorted.at(-1)];
	const [below, above] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
	if (least === undefined || most === undefined || below === undefined || above === undefined) return null;
	return { least, median: (below + above) / 2, most, count: sorted.length };
}

const isKnown = (value: number | null): value is number => value !== null;
const hasFailed = (ending: RunEnding): boolean => ending === "failed" || ending === "killed" || ending === "vanished";

/** What a run that did not end well took is no measure of its job: a killed one's memory is a lower bound. */
function spreadOfEnded(points: readonly RunPoint[], figure: "wallS" | "memoryBytes"): Spread | null {
	return spreadOf(points.flatMap((point) => (hasFailed(point.ending) ? [] : [point[figure]])).filter(isKnown));
}

function octaveOf(from: number, points: readonly RunPoint[]): Octave {
	return {
		from,
		runs: points.length,
		failures: points.filter(({ ending }) => hasFailed(ending)).length,
		wallS: spreadOfEnded(points, "wallS"),
		memoryBytes: spreadOfEnded(points, "memoryBytes"),
	};
}

/** The greatest power of two that is not greater. */
export function octaveStart(size: number): number {
	const start = 2 ** Math.floor(Math.log2(size));
	return start > size ? start / 2 : 2 * start <= size ? 2 * start : start;
}

function octavesOf(points: readonly RunPoint[]): Octave[] {
	const byStart = new Map<number, RunPoint[]>();
	for (const point of points) {
		if (point.size === null || point.size <= 0) continue;
		const start = octaveStart(point.size);
		const octave = byStart.get(start) ?? [];
		byStart.set(start, octave);
		octave.push(point);
	}
	return [...byStart].sort(([a], [b]) => a - b).map(([from, each]) => octaveOf(from, each));
}

/** The unit that most runs know a size in. */
function mainUnit(totals: readonly Map<string, number | null>[]): string | null {
	const counts = new Map<string, number>();
	for (const [unit, size] of totals.flatMap((each) => [...each])) {
		if (size !== null) counts.set(unit, (counts.get(unit) ?? 0) + 1);
	}
	const [first] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
	return first?.[0] ?? null;
}

function inputNames(runs: readonly RunFigures[], unit: string | null): string[] {
	const names = new Set<string>();
	for (const { inputs } of runs) for (const input of inputs) if (input.unit === unit) names.add(input.name);
	return [...names];
}

function groupOf(runs: readonly RunFigures[], { project, command }: RunFigures): Group {
	const totals = runs.map(totalsByUnit);
	const unit = mainUnit(totals);
	const endings = new Map<RunEnding, number>();
	const points = runs.map((run, index): RunPoint => {
		const ending = endingOf(run);
		endings.set(ending, (endings.get(ending) ?? 0) + 1);
		const size = unit === null ? null : (totals[index]?.get(unit) ?? null);
		return { atMs: Date.parse(run.occurred_at), ending, size, wallS: run.wall_s, memoryBytes: run.max_rss_bytes };
	});
	return {
		project,
		command,
		versions: [...new Set(runs.map(({ version }) => version).filter((version) => version !== null))],
		unit,
		inputs: inputNames(runs, unit),
		points,
		octaves: octavesOf(points),
		endings,
		wallS: spreadOfEnded(points, "wallS"),
		memoryBytes: spreadOfEnded(points, "memoryBytes"),
	};
}

/** Runs by project and command, those of most runs first. */
export function groupsOf(runs: readonly RunFigures[]): Group[] {
	const groups = new Map<string, RunFigures[]>();
	for (const run of runs) {
		const key = JSON.stringify([run.project, run.command]);
		const group = groups.get(key) ?? [];
		groups.set(key, group);
		group.push(run);
	}
	return [...groups.values()]
		.flatMap((group) => (group[0] === undefined ? [] : [groupOf(group, group[0])]))
		.sort((a, b) => b.points.length - a.points.length);
}
