/** Charts as SVG: each point is a run; shape tells how it ended, as well as colour. Pure. */
import { formatAmount, formatBytes, formatNumber, formatSeconds } from "../../report/format.js";
import type { RunEnding } from "../../report/run-figures.js";
import { html, joined, type Markup } from "./html.js";
import { type Scale, scaleFor } from "./scale.js";
import type { Octave, RunPoint } from "./summarise.js";

const WIDTH = 360;
const HEIGHT = 236;
const LEFT = 58;
const RIGHT = 350;
const TOP = 12;
const BOTTOM = 190;

/** More points are neither seen apart nor quickly drawn. */
const MOST_POINTS = 2000;
/** Points of one path do not darken each other: so they are dealt to several. */
const LAYERS = 8;

export interface ScatterOptions {
	title: string;
	/** What stands in words for those who don't see it. */
	description: string;
	unit: string;
	points: readonly RunPoint[];
	figure: "wallS" | "memoryBytes";
	octaves: readonly Octave[];
}

interface Placed {
	x: number;
	y: number;
	ending: RunEnding;
}

const short = (value: number): string => String(Math.round(value * 10) / 10);
const isBytes = (unit: string): boolean => unit === "bytes" || unit === "byte";

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** A size at an axis, where the unit stands beside it. */
function sizeLabel(size: number, unit: string): string {
	return isBytes(unit) ? formatBytes(size) : size >= 1e15 || size < 1 ? formatNumber(size) : compact.format(size);
}

/** An axis' times are whole in their unit: what is beside it is 0. */
const secondsLabel = (seconds: number): string => formatSeconds(seconds).replace(/ 00 (?:s|min|h)$/, "");

const MARKS: Readonly<Record<RunEnding, (at: string) => string>> = {
	ok: (at) => `M${at}h0`,
	unknown: (at) => `M${at}h0`,
	failed: (at) => `M${at}m-3-3l6 6m0-6l-6 6`,
	killed: (at) => `M${at}m-3.5 3l3.5-6.5l3.5 6.5z`,
	vanished: (at) => `M${at}m-3.2 0l3.2-3.2l3.2 3.2l-3.2 3.2z`,
};
const DRAWN: readonly RunEnding[] = ["unknown", "ok", "failed", "vanished", "killed"];

function marks(placed: readonly Placed[]): Markup {
	const paths = DRAWN.flatMap((ending) => {
		const mine = placed.filter((point) => point.ending === ending);
		const layers = ending === "ok" || ending === "unknown" ? LAYERS : 1;
		return Array.from({ length: layers }, (_, layer) => {
			const path = mine
				.filter((_point, index) => index % layers === layer)
				.map(({ x, y }) => MARKS[ending](`${short(x)} ${short(y)}`))
				.join("");
			return path === "" ? html`` : html`<path class="mark ${ending}" d="${path}"/>`;
		});
	});
	return joined(paths);
}

/** Of fewer runs a middle says no more than they do. */
const LEAST_FOR_MEDIAN = 3;

/** Where half of the runs of an octave took less, and half more. */
function medians(octaves: readonly Octave[], figure: ScatterOptions["figure"], x: Scale, y: Scale): Markup {
	const lines = octaves.flatMap(({ from, [figure]: spread }) => {
		if (spread === null || spread.count < LEAST_FOR_MEDIAN) return [];
		const [left, right, height] = [x.at(from), x.at(2 * from), y.at(spread.median)];
		if (left === null || right === null || height === null) return [];
		return [`M${short(Math.max(left, LEFT))} ${short(height)}H${short(Math.min(right, RIGHT))}`];
	});
	return lines.length === 0 ? html`` : html`<path class="median" d="${lines.join("")}"/>`;
}

function axisX(scale: Scale, unit: string): Markup {
	const ticks = scale.ticks.map((tick) => {
		const x = scale.at(tick);
		if (x === null) return html``;
		const place = short(x);
		return html`<path class="grid" d="M${place} ${TOP}V${BOTTOM}"/><text x="${place}" y="${BOTTOM + 16}" text-anchor="middle">${sizeLabel(tick, unit)}</text>`;
	});
	const name = `input size${isBytes(unit) ? "" : ` (${unit.length > 24 ? `${unit.slice(0, 24)}…` : unit})`}${scale.isLog ? ", log scale" : ""}`;
	return html`${ticks}<text class="name" x="${RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${name}</text>`;
}

function axisY(scale: Scale, label: (value: number) => string): Markup {
	return joined(
		scale.ticks.map((tick) => {
			const y = scale.at(tick);
			if (y === null) return html``;
			return html`<path class="grid" d="M${LEFT} ${short(y)}H${RIGHT}"/><text x="${LEFT - 6}" y="${short(y + 3.5)}" text-anchor="end">${label(tick)}</text>`;
		}),
	);
}

/** Of many points so many, evenly over time. */
function sampled(points: readonly Placed[]): readonly Placed[] {
	if (points.length <= MOST_POINTS) return points;
	const step = points.length / MOST_POINTS;
	return Array.from({ length: MOST_POINTS }, (_, index) => points[Math.floor(index * step)]).filter(
		(point) => point !== undefined,
	);
}

function frame(title: string, description: string, content: Markup): Markup {
	return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>${title}</title><desc>${description}</desc>${content}</svg>`;
}

export interface Scatter {
	svg: Markup;
	drawn: number;
	/** Runs that have a place here: size and figure are known, and not 0 on a logarithmic axis. */
	placed: number;
}

/** A figure against the size of the input; null where no run knows both. */
export function scatter({ title, description, unit, points, figure, octaves }: ScatterOptions): Scatter | null {
	const known = points.filter((point) => point.size !== null && point[figure] !== null);
	const sizes = known.map(({ size }) => size ?? 0);
	const figures = known.map((point) => point[figure] ?? 0);
	const isMemory = figure === "memoryBytes";
	const x = scaleFor(sizes, { from: LEFT, to: RIGHT, wanted: 5, counting: isBytes(unit) ? "bytes" : "decimal" });
	const y = scaleFor(figures, { from: BOTTOM, to: TOP, wanted: 6, counting: isMemory ? "bytes" : "seconds" });
	if (x === null || y === null) return null;
	const placed = known.flatMap((point): Placed[] => {
		const [left, height] = [x.at(point.size ?? 0), y.at(point[figure] ?? 0)];
		return left === null || height === null ? [] : [{ x: left, y: height, ending: point.ending }];
	});
	const drawn = sampled(placed);
	const label = isMemory ? formatBytes : secondsLabel;
	const content = html`${axisX(x, unit)}${axisY(y, label)}${marks(drawn)}${medians(octaves, figure, x, y)}`;
	return { svg: frame(title, description, content), drawn: drawn.length, placed: placed.length };
}

const DAY_MS = 86_400_000;
const MOST_BARS = 40;

/** A step of time of which the bars are few enough. */
function stepFor(spanMs: number): { days: number; name: string } {
	const steps = [
		{ days: 1, name: "day" },
		{ days: 7, name: "week" },
		{ days: 28, name: "four weeks" },
		{ days: 91, name: "thirteen weeks" },
		{ days: 364, name: "fifty-two weeks" },
	];
	return (
		steps.find(({ days }) => spanMs / (days * DAY_MS) <= MOST_BARS) ?? {
			days: Math.ceil(spanMs / DAY_MS / MOST_BARS),
			name: "step",
		}
	);
}

interface Bar {
	well: number;
	badly: number;
}

function barsOf(points: readonly RunPoint[], firstMs: number, stepMs: number): Bar[] {
	const bars: Bar[] = [];
	for (const { atMs, ending } of points) {
		const index = Math.floor((atMs - firstMs) / stepMs);
		bars[index] ??= { well: 0, badly: 0 };
		const bar = bars[index];
		if (ending === "ok" || ending === "unknown") bar.well++;
		else bar.badly++;
	}
	return bars;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, "YYYY-MM-DD".length);

/** How many runs there were when, by how they ended. */
export function overTime(points: readonly RunPoint[], title: string): Markup | null {
	const [first, last] = [points[0], points.at(-1)];
	if (first === undefined || last === undefined) return null;
	const { days, name } = stepFor(last.atMs - first.atMs);
	const stepMs = days * DAY_MS;
	const firstMs = Math.floor(first.atMs / stepMs) * stepMs;
	const bars = barsOf(points, firstMs, stepMs);
	const most = bars.reduce((greatest, bar) => Math.max(greatest, bar === undefined ? 0 : bar.well + bar.badly), 0);
	const slots = Math.max(bars.length, 8);
	const slot = (RIGHT - LEFT) / slots;
	const tall = (count: number): number => ((BOTTOM - TOP) * count) / (most * 1.04);
	const rects = Array.from({ length: bars.length }, (_, index) => {
		const { well, badly } = bars[index] ?? { well: 0, badly: 0 };
		const x = short(LEFT + index * slot + slot * 0.08);
		const width = short(slot * 0.84);
		const bar = (kind: string, from: number, count: number): Markup =>
			count === 0
				? html``
				: html`<rect class="${kind}" x="${x}" y="${short(BOTTOM - tall(from + count))}" width="${width}" height="${short(Math.max(1, tall(count)))}"/>`;
		return html`${bar("bar", 0, well)}${bar("bar bad", well, badly)}`;
	});
	const ticks = [...new Set([0, Math.ceil(most / 2), most])].map(
		(count) =>
			html`<path class="grid" d="M${LEFT} ${short(BOTTOM - tall(count))}H${RIGHT}"/><text x="${LEFT - 6}" y="${short(BOTTOM - tall(count) + 3.5)}" text-anchor="end">${formatNumber(count)}</text>`,
	);
	const dates = html`<text x="${LEFT}" y="${BOTTOM + 16}">${day(first.atMs)}</text>${
		day(first.atMs) === day(last.atMs)
			? null
			: html`<text x="${RIGHT}" y="${BOTTOM + 16}" text-anchor="end">${day(last.atMs)}</text>`
	}`;
	const unit = html`<text class="name" x="${RIGHT}" y="${HEIGHT - 8}" text-anchor="end">runs per ${name} (UTC)</text>`;
	const bad = points.filter(({ ending }) => ending !== "ok" && ending !== "unknown").length;
	const words = `${formatNumber(points.length)} runs from ${day(first.atMs)} to ${day(last.atMs)}, of which ${formatNumber(bad)} failed, were killed or vanished; at most ${formatNumber(most)} per ${name}.`;
	return frame(title, words, html`${ticks}${rects}${dates}${unit}`);
}

/** A range of sizes, with its unit once where that is a word. */
export function octaveInWords({ from }: Octave, unit: string): string {
	const least = isBytes(unit) ? formatAmount(from, unit) : formatNumber(from);
	return `${least} to ${formatAmount(2 * from, unit)}`;
}
