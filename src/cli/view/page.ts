/** The page of `et view`: one file, no script, nothing from elsewhere. Pure. */
import { formatBytes, formatMinute, formatNumber, formatSeconds } from "../../report/format.js";
import { RUN_ENDINGS, type RunEnding } from "../../report/run-figures.js";
import { plural } from "../quantities.js";
import { answerOf, type SentReport } from "../sent-log.js";
import { shownJson } from "../shown.js";
import { octaveInWords, overTime, scatter } from "./chart.js";
import type { Collected, Left, LeftTotal, Pending, PendingReport } from "./collect.js";
import { html, Markup } from "./html.js";
import { STYLE } from "./style.js";
import { type Group, groupsOf, type Octave, type Spread } from "./summarise.js";

/** Commands with charts of their own; more are counted. */
const MOST_GROUPS = 12;
const MOST_VERSIONS = 3;

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface PageOptions {
	nowMs: number;
	/** Only this project's; undefined for all. */
	project: string | undefined;
}

const NOT_KNOWN = html`<span class="note">not known</span>`;
const MARK_KEYS: Readonly<Record<RunEnding, string>> = {
	ok: "M7 6h0",
	unknown: "M7 6h0",
	failed: "M4 3l6 6m0-6l-6 6",
	killed: "M3.5 9L7 2.5L10.5 9z",
	vanished: "M3.8 6L7 2.8L10.2 6L7 9.2z",
};
const ENDING_WORDS: Readonly<Record<RunEnding, string>> = {
	ok: "ended well",
	failed: "failed",
	killed: "killed: it needed at least this",
	vanished: "vanished without an end",
	unknown: "ended, not known how",
};

const whole = (count: number): string => formatNumber(count);
const minute = (iso: string): string => (Number.isNaN(Date.parse(iso)) ? iso : formatMinute(Date.parse(iso)));
/** A report that waits may have been made by any program. */
const commandName = (command: unknown): string => (typeof command === "string" ? command : "unnamed command");

export function page(collected: Collected, options: PageOptions): string {
	const groups = groupsOf(collected.runs);
	const body = html`<header><h1>Your runs, and what is told of them</h1>
<p class="quiet">${options.project === undefined ? "All projects" : html`Project <b>${options.project}</b>`}, as of ${formatMinute(options.nowMs)} UTC. This page is a private file of yours, made by <code>et view</code>: nothing in it was sent anywhere by making it, and it loads nothing.</p>
${overview(collected)}</header>
<main>${runsSection(groups)}${pendingSection(collected.pending)}${leftSection(collected.left)}</main>
<footer>Figures are of your own runs, as they were reported on this machine; times are UTC. To refresh: <code>et view</code>. To remove this page and what it was made from: <code>et forget --all</code>, or <code>et consent withdraw PROJECT</code>.</footer>`;
	return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><title>et view: your runs</title><style>${new Markup(STYLE)}</style></head>
<body>
${body}
</body></html>
`.text;
}

function overview({ runs, pending, left }: Collected): Markup {
	return html`<dl class="figures">
<div><dt>Runs known here</dt><dd>${whole(runs.length)}</dd></div>
<div><dt>Reports that wait</dt><dd>${whole(pending.count)}</dd></div>
<div><dt>Reports that left</dt><dd>${whole(left.count)}</dd></div>
<div><dt>Refused by a server</dt><dd>${whole(pending.rejected)}</dd></div>
</dl>`;
}

function runsSection(groups: readonly Group[]): Markup {
	if (groups.length === 0) {
		return html`<section><h2>Your runs</h2><div class="empty"><p>No finished run is known here yet.</p><p>Run a script that uses ET, of a project to which you said yes: <code>et consent grant et.json</code>, or <code>et consent local et.json</code> to keep reports for yourself and send none. Or measure any command: <code>et run --manifest et.json -- COMMAND</code>. Then: <code>et view</code>.</p></div></section>`;
	}
	const rest = groups.slice(MOST_GROUPS);
	const more =
		rest.length === 0
			? null
			: html`<p class="note">${plural(rest.length, "more command")} with fewer runs: ${rest.slice(0, 20).map(({ project, command, points }, index) => html`${index === 0 ? "" : ", "}${project} ${commandName(command)} (${whole(points.length)})`)}${rest.length > 20 ? ", and others" : ""}. One project alone: <code>et view --project NAME</code>.</p>`;
	return html`<section><h2>Your runs</h2><p class="quiet">By project and command: what a job of a given size took. Each point is one run; a bar is the median of an octave of size, where at least three runs of it did not fail.</p>${groups.slice(0, MOST_GROUPS).map(groupSection)}${more}</section>`;
}

function groupSection(group: Group): Markup {
	const { project, command, points, versions, endings } = group;
	const several = versions.length > MOST_VERSIONS ? `, and ${versions.length - MOST_VERSIONS} more` : "";
	const version = versions.length === 0 ? "" : `${versions.slice(-MOST_VERSIONS).join(", ")}${several}`;
	const counts = RUN_ENDINGS.flatMap((ending) => {
		const count = endings.get(ending) ?? 0;
		return count === 0 ? [] : [`${whole(count)} ${ending}`];
	});
	return html`<article class="group"><h3>${commandName(command)} <span>${version === "" ? project : `${version} · ${project}`}</span></h3>
<p class="quiet">${plural(points.length, "run")}: ${counts.join(", ")}. Run time ${inWords(group.wallS, "wallS")}, peak memory ${inWords(group.memoryBytes, "memoryBytes")}.</p>
${charts(group)}${legend(endings)}${octaveTable(group)}</article>`;
}

function inWords(spread: Spread | null, figure: "wallS" | "memoryBytes"): string {
	if (spread === null) return "not known";
	const format = figure === "wallS" ? formatSeconds : formatBytes;
	return `median ${format(spread.median)} (${format(spread.least)} to ${format(spread.most)})`;
}

function charts(group: Group): Markup {
	const scatters = (["wallS", "memoryBytes"] as const).map((figure) => scatterFigure(group, figure));
	const time = overTime(group.points, `Runs of ${commandName(group.command)} over time`);
	return html`<div class="charts">${scatters}${time === null ? null : html`<figure><figcaption>Runs over time</figcaption>${time}</figure>`}</div>`;
}

function scatterFigure(group: Group, figure: "wallS" | "memoryBytes"): Markup | null {
	const { unit, points, octaves, command, inputs } = group;
	const name = figure === "wallS" ? "Run time" : "Peak memory";
	if (unit === null) return null;
	const title = `${name} of ${commandName(command)} against input size`;
	const description = `The table below gives the same by octave of size. ${inWords(group[figure], figure)}.`;
	const drawing = scatter({ title, description, unit, points, figure, octaves });
	if (drawing === null) return null;
	const { svg, drawn, placed } = drawing;
	const missing = points.length - placed;
	const notes = [
		...(drawn < placed ? [`${whole(drawn)} of ${plural(placed, "run")} drawn`] : []),
		...(missing > 0 ? [`${whole(missing)} not drawn: their size or figure is not known, or 0`] : []),
	];
	const total = inputs.length > 0 ? ` of ${inputs.slice(0, 4).join(" + ")}` : "";
	const note = notes.length === 0 ? null : html`<p class="note">${notes.join("; ")}.</p>`;
	return html`<figure><figcaption>${name} <span>by ${unit}${total}</span></figcaption>${svg}${note}</figure>`;
}

function legend(endings: Group["endings"]): Markup {
	const items = RUN_ENDINGS.filter((ending) => endings.has(ending)).map(
		(ending) =>
			html`<li><svg viewBox="0 0 14 12" aria-hidden="true"><path class="mark ${ending}" d="${MARK_KEYS[ending]}"/></svg>${ENDING_WORDS[ending]}</li>`,
	);
	return html`<ul class="key">${items}<li><svg viewBox="0 0 14 12" aria-hidden="true"><path class="median" d="M1 6h12"/></svg>median of an octave</li></ul>`;
}

function octaveTable({ unit, octaves, command }: Group): Markup {
	if (unit === null || octaves.length === 0) {
		return html`<p class="note">No input size is known of these runs, so there is nothing to compare them by.</p>`;
	}
	return html`<div class="wide"><table class="stack"><caption>What a job of ${commandName(command)} took, by input size</caption>
<thead><tr><th scope="col">Input size</th><th scope="col" class="number">Runs</th><th scope="col" class="number">Did not end well</th><th scope="col">Run time, median (range)</th><th scope="col">Peak memory, median (range)</th></tr></thead>
<tbody>${octaves.map((octave) => octaveRow(octave, unit))}</tbody></table></div>`;
}

function octaveRow(octave: Octave, unit: string): Markup {
	return html`<tr><th scope="row">${octaveInWords(octave, unit)}</th><td class="number" data-label="Runs">${whole(octave.runs)}</td><td class="number" data-label="Did not end well">${whole(octave.failures)}</td><td data-label="Run time">${spreadCell(octave.wallS, formatSeconds)}</td><td data-label="Peak memory">${spreadCell(octave.memoryBytes, formatBytes)}</td></tr>`;
}

function spreadCell(spread: Spread | null, format: (value: number) => string): Markup {
	if (spread === null) return NOT_KNOWN;
	if (spread.least === spread.most) return html`${format(spread.median)}`;
	return html`${format(spread.median)} <span class="range">(${format(spread.least)} to ${format(spread.most)})</span>`;
}

const STATE_WORDS: Readonly<Record<PendingReport["state"]["state"], string>> = {
	waiting: "et-uploader sends it at its next turn",
	held: "it waits for your word",
	delayed: "it waits until its delay for review is over",
	"local only": "you keep this project's reports for yourself",
	"not allowed": "ruled out now",
	"never leaves": "it is removed, and not sent",
	"may have left": "it was in a request that was not answered for it",
};

function pendingSection({ count, byState, newest, rejected }: Pending): Markup {
	const refused =
		rejected === 0
			? null
			: html`<p>${plural(rejected, "report")} refused by a server: kept here, and not sent again. See: <code>et pending</code></p>`;
	if (count === 0) {
		return html`<section><h2>What waits</h2><div class="empty"><p>No report waits. What a script leaves is shown here before it leaves.</p></div>${refused}</section>`;
	}
	const states = [...byState].map(([state, number]) => `${whole(number)} ${state}`).join(", ");
	const more =
		count > newest.length
			? html`<p class="note">The newest ${whole(newest.length)} of ${whole(count)} are shown; <code>et pending</code> lists all.</p>`
			: null;
	return html`<section><h2>What waits</h2><p class="quiet">${plural(count, "report")}: ${states}. Open one to read it, character by character as it would leave. Remove one: <code>et drop ID</code></p>${refused}${more}${newest.map(pendingReport)}</section>`;
}

function pendingReport({ report, text, endpoint, state }: PendingReport): Markup {
	const reason = state.reason === null ? "" : ` (${state.reason.replaceAll("_", " ")})`;
	const fate = state.state === "local only" ? "It stays here" : `It may go to ${endpoint}`;
	return html`<details><summary>${commandName(report.command)} ${report.event} <span>${minute(report.occurred_at)} · ${report.project}</span> <span class="state">${state.state}</span></summary>
<p class="note">${fate}: ${STATE_WORDS[state.state]}${reason}. ID ${report.id}</p><pre>${new Markup(escapedJson(text))}</pre></details>`;
}

/** JSON that means the same, with what acts and is not seen written out, and escaped. */
function escapedJson(text: string): string {
	return html`${shownJson(text)}`.text;
}

function leftSection({ count, totals, newest }: Left): Markup {
	if (count === 0) {
		return html`<section><h2>What has left</h2><div class="empty"><p>Nothing has left this machine, as far as the log of what was sent tells.</p></div></section>`;
	}
	const more = count > newest.length ? `The newest ${whole(newest.length)} of ${whole(count)} reports` : "Each report";
	return html`<section><h2>What has left</h2><p class="quiet">${plural(count, "report")}, by the log that is kept (its oldest part goes in time). Erase what left: <code>et forget --project NAME</code></p>
<div class="wide"><table class="stack"><caption>By project and server</caption><thead><tr><th scope="col">Project</th><th scope="col">To</th><th scope="col" class="number">Reports</th><th scope="col">Verdicts</th><th scope="col">First</th><th scope="col">Last</th></tr></thead><tbody>${totals.map(totalRow)}</tbody></table></div>
<details><summary>${more}, one by one</summary><div class="wide"><table class="stack"><thead><tr><th scope="col">Report</th><th scope="col">When</th><th scope="col">Project</th><th scope="col">Event</th><th scope="col">To</th><th scope="col">Verdict</th></tr></thead><tbody>${newest.map(leftRow)}</tbody></table></div></details></section>`;
}

function totalRow({ project, endpoint, reports, byVerdict, first, last }: LeftTotal): Markup {
	const verdicts = [...byVerdict].map(([verdict, number]) => `${whole(number)} ${verdict}`).join(", ");
	return html`<tr><th scope="row">${project}</th><td data-label="To">${endpoint}</td><td class="number" data-label="Reports">${whole(reports)}</td><td data-label="Verdicts">${verdicts}</td><td data-label="First">${minute(first)}</td><td data-label="Last">${minute(last)}</td></tr>`;
}

function leftRow(report: SentReport): Markup {
	const { id, at, project, event, endpoint } = report;
	return html`<tr><th scope="row"><code>${id}</code></th><td data-label="When">${minute(at)}</td><td data-label="Project">${project}</td><td data-label="Event">${event}</td><td data-label="To">${endpoint}</td><td data-label="Verdict">${answerOf(report)}</td></tr>`;
}
