/** The page of one run: everything that is known of it, and how it is known. */

import { formatNumber } from "../../report/format.js";
import type { Measure, WireException, WireFrame, WireInput } from "../../report/types.js";
import type { InputTotal, Run } from "../queries/stitch.js";
import type { StoredEvent } from "../store/types.js";
import { html } from "./html.js";
import type { Page } from "./layout.js";
import {
	amount,
	bytes,
	instant,
	known,
	number,
	platform,
	privacyHref,
	projectHref,
	seconds,
	status,
	testBadge,
	text,
} from "./parts.js";

const FIGURES: ReadonlyArray<[measure: Measure, label: string, format: (value: number) => string]> = [
	["wall_s", "Wall time", seconds],
	["cpu_user_s", "CPU time, user", seconds],
	["cpu_system_s", "CPU time, system", seconds],
	["max_rss_bytes", "Peak memory", bytes],
	["threads", "Threads", number],
	["read_bytes", "Read from storage", bytes],
	["written_bytes", "Written to storage", bytes],
];

export function runPage(run: Run): Page {
	const name = run.command ?? "Unnamed command";
	return {
		title: `${name}${run.version === null ? "" : ` ${run.version}`} · ${run.project}`,
		body: html`<div class="headline"><h1>${name}</h1>!${status(run)}!${testBadge(run)}</div>
<p class="identity">Version !${text(run.version)} of <a href="${projectHref(run.project)}">${run.project}</a> · run <span class="mono">${run.runId}</span> · <a href="${privacyHref(run.project)}">what is collected, and how to erase it</a></p>
!${figures(run)}
<div class="sections">
!${inputs(run)}
!${ending(run)}
!${surroundings(run)}
!${exception(run.exception)}
!${data(run)}
</div>
!${timeline(run.events)}`,
	};
}

function figures(run: Run): string {
	const items = FIGURES.map(([measure, label, format]) => {
		const figure = run.figures[measure];
		const method = figure?.measuredBy ? html`<span class="note">by ${figure.measuredBy}</span>` : "";
		return html`<div><dt>${label}</dt><dd>!${known(figure, ({ value }) => format(value))}!${method}</dd></div>`;
	});
	const soFar =
		run.status === "running" || run.status === "overdue"
			? html`<p class="note">Figures of a run without an end: as far as it had come when last heard of.</p>`
			: "";
	return html`<dl class="figures">!${items}</dl>!${soFar}`;
}

function inputs({ inputs, totals }: Run): string {
	if (inputs.length === 0) return section("Inputs", html`<p class="none">None were reported.</p>`);
	const shared = totals.filter(({ unit }) => inputs.filter((input) => input.unit === unit).length > 1);
	return section(
		"Inputs",
		html`<table class="narrow">
<thead><tr><th scope="col">Input</th><th scope="col">Unit</th><th scope="col" class="number">Size</th><th scope="col">Found by</th></tr></thead>
<tbody>!${inputs.map(inputRow)}</tbody>
<tfoot>!${shared.map(totalRow)}</tfoot>
</table>`,
	);
}

function inputRow(input: WireInput): string {
	return html`<tr><th scope="row">${input.name}</th><td>${input.unit}</td><td class="number">!${amount(input)}</td><td>${input.measured_by ?? ""}</td></tr>`;
}

function totalRow(total: InputTotal): string {
	return html`<tr><th scope="row">Total of these</th><td>${total.unit}</td><td class="number">!${amount(total)}</td><td></td></tr>`;
}

function ending(run: Run): string {
	return section(
		"Ending",
		facts([
			["Outcome", text(run.outcome)],
			["Exit code", text(plain(run.exitCode))],
			["Signal", text(run.signal)],
			["Reason of the kill", text(run.killReason)],
		]),
	);
}

function surroundings(run: Run): string {
	const { memory_bytes, wall_s, cpus } = run.limits;
	return section(
		"Where it ran",
		facts([
			["Platform", platform(run)],
			["Memory limit", bytes(memory_bytes)],
			["Wall time limit", seconds(wall_s)],
			["CPUs given", number(cpus)],
			["Stands for", run.weight === 1 ? "itself" : html`${formatNumber(run.weight)} runs`],
			["Notice", known(run.noticeVersion, (version) => html`version ${version}`)],
		]),
	);
}

function exception(exception: WireException | null): string {
	if (exception === null) return "";
	const frames =
		exception.frames.length === 0
			? html`<p class="none">No frames of the project's own.</p>`
			: frameTable(exception.frames);
	return section("Exception", html`<p class="mono">${exception.type}</p>!${frames}`);
}

function frameTable(frames: readonly WireFrame[]): string {
	const rows = frames.map(
		(frame) =>
			html`<tr><th scope="row" class="mono">${frame.file}</th><td class="number">!${text(plain(frame.line))}</td><td class="mono">!${text(frame.function)}</td></tr>`,
	);
	return html`<table class="narrow">
<thead><tr><th scope="col">File</th><th scope="col" class="number">Line</th><th scope="col">Function</th></tr></thead>
<tbody>!${rows}</tbody>
</table>`;
}

function data(run: Run): string {
	const entries = Object.entries(run.data);
	if (entries.length === 0) return "";
	return section(
		"Data",
		facts(
			entries.map(([key, value]) => [
				key,
				typeof value === "number" ? number(value) : known(value, (it) => html`${it}`),
			]),
		),
	);
}

/** With a column for what is kept of addresses only where something is. */
function timeline(events: readonly StoredEvent[]): string {
	const withFrom = events.some(({ source }) => source !== null);
	return section(
		"Events",
		html`<table class="stack">
<thead><tr>
<th scope="col">Event</th>
<th scope="col">Occurred (UTC)</th>
<th scope="col" class="number">Since the start</th>
<th scope="col">Received (UTC)</th>
!${withFrom ? html`<th scope="col">From</th>` : ""}
<th scope="col">Report</th>
</tr></thead>
<tbody>!${events.map((event) => eventRow(event, withFrom))}</tbody>
</table>`,
	);
}

function eventRow(event: StoredEvent, withFrom: boolean): string {
	const { report, occurredAt, occurredAtClient, receivedAt, redacted } = event;
	const corrected =
		occurredAt === occurredAtClient
			? ""
			: html`<div class="note">its own clock said !${instant(occurredAtClient)}</div>`;
	const takenOut =
		redacted.length === 0 ? "" : html`<div class="note">taken out by its user: ${redacted.join(", ")}</div>`;
	return html`<tr>
<th scope="row">${report.event}</th>
<td data-label="Occurred (UTC)">!${instant(occurredAt)}!${corrected}</td>
<td data-label="Since the start" class="number">!${seconds(report.since_start_s ?? null)}</td>
<td data-label="Received (UTC)">!${instant(receivedAt)}</td>
!${withFrom ? html`<td data-label="From">!${from(event)}</td>` : ""}
<td data-label="Report"><span class="mono">${report.id}</span>!${takenOut}</td>
</tr>`;
}

function from({ address, source }: StoredEvent): string {
	if (address !== null) return html`<span class="mono">${address}</span>`;
	return known(source, (it) => html`source <span class="mono">${it}</span>`);
}

function section(title: string, body: string): string {
	return html`<section><h2>${title}</h2>!${body}</section>`;
}

/** Labels and the HTML of their values. */
function facts(entries: ReadonlyArray<[label: string, value: string]>): string {
	return html`<dl class="facts">!${entries.map(([label, value]) => html`<dt>${label}</dt><dd>!${value}</dd>`)}</dl>`;
}

/** A number that names and does not count: without grouping. */
function plain(value: number | null): string | null {
	return value === null ? null : String(value);
}
