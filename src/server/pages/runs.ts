/** The first page: runs, newest first. */

import { formatNumber } from "../../report/format.js";
import { addressOf, type RunsScope } from "../queries/cursor.js";
import type { Run } from "../queries/stitch.js";
import type { LostTotal } from "../store/types.js";
import { html } from "./html.js";
import type { Page } from "./layout.js";
import {
	amount,
	bytes,
	cpuSeconds,
	known,
	minute,
	notKnown,
	platform,
	privacyHref,
	runHref,
	seconds,
	status,
	testBadge,
} from "./parts.js";

export interface RunsView {
	runs: readonly Run[];
	/** The project that is looked at, or undefined for all. */
	project: string | undefined;
	/** Whether test runs are looked at, rather than users' runs. */
	tests: boolean;
	/** Whether there are test runs, of this project or at all. */
	hasTests: boolean;
	/** Projects that can be chosen. */
	projects: readonly string[];
	/** For how long runs of the project that is looked at are kept, in words. */
	kept: string | undefined;
	/** Of the project that is looked at. */
	lost: readonly LostTotal[];
	/** Addresses of the neighbouring pages. */
	older: string | undefined;
	newer: string | undefined;
	/** This is not the newest page. */
	paged: boolean;
}

export function runsPage(view: RunsView): Page {
	const runs = view.tests ? "Test runs" : "Runs";
	const title = view.project === undefined ? runs : `${runs} of ${view.project}`;
	return {
		title,
		body: html`<h1>${title}</h1>
<p class="lead">Newest first, in the order in which this server heard of them. A run is one line, however many reports it sent.</p>
!${projectFilter(view)}
!${testFilter(view)}
!${privacyNotice(view)}
!${lostNotice(view.lost)}
!${view.runs.length === 0 ? emptyState(view) : runsTable(view)}
!${pageLinks(view)}`,
	};
}

const scopeOf = ({ project, tests }: Pick<RunsView, "project" | "tests">): RunsScope => ({
	project,
	tests: tests ? "only" : "without",
});

function projectFilter({ project, projects, tests }: RunsView): string {
	if (projects.length < 2 && project === undefined) return "";
	const links = projects.map(
		(name) =>
			html`<li><a href="${addressOf(scopeOf({ project: name, tests }))}"!${current(name === project)}>${name}</a></li>`,
	);
	return html`<nav aria-label="Projects"><ul class="filter">
<li><a href="${addressOf(scopeOf({ project: undefined, tests }))}"!${current(project === undefined)}>All projects</a></li>
!${links}
</ul></nav>`;
}

/** Runs of the author's own would blur what users' runs say: they have pages of their own. */
function testFilter({ project, tests, hasTests }: RunsView): string {
	if (!hasTests && !tests) return "";
	return html`<nav aria-label="Users' runs or tests"><ul class="filter">
<li><a href="${addressOf(scopeOf({ project, tests: false }))}"!${current(!tests)}>Users' runs</a></li>
<li><a href="${addressOf(scopeOf({ project, tests: true }))}"!${current(tests)}>Test runs</a></li>
</ul></nav>`;
}

function current(is: boolean): string {
	return is ? ` aria-current="page"` : "";
}

function privacyNotice({ project, kept }: RunsView): string {
	if (project === undefined) return "";
	const words = kept === undefined ? "" : html`${kept}; `;
	return html`<p class="note">!${words}<a href="${privacyHref(project)}">what is collected, and how to erase it</a></p>`;
}

function lostNotice(lost: readonly LostTotal[]): string {
	if (lost.length === 0) return "";
	const total = lost.reduce((sum, { count }) => sum + count, 0);
	const reasons = lost.map(({ reason, count }) => `${reason}: ${formatNumber(count)}`).join(", ");
	return html`<p class="note">Users' spools had to drop ${formatNumber(total)} reports before they could be sent (${reasons}).</p>`;
}

/** With a column for the project only where there may be several. */
function runsTable({ runs, project }: RunsView): string {
	const withProject = project === undefined;
	return html`<table class="runs stack">
<caption class="unseen">Runs, newest first</caption>
<thead><tr>
<th scope="col">Last event (UTC)</th>
!${withProject ? html`<th scope="col">Project</th>` : ""}
<th scope="col">Command and version</th>
<th scope="col">Platform</th>
<th scope="col">Status</th>
<th scope="col" class="number">Input</th>
<th scope="col" class="number">Wall time</th>
<th scope="col" class="number">CPU time</th>
<th scope="col" class="number">Peak memory</th>
</tr></thead>
<tbody>
!${runs.map((run) => runRow(run, withProject))}
</tbody>
</table>`;
}

function runRow(run: Run, withProject: boolean): string {
	return html`<tr>
<td data-label="Last event (UTC)">!${minute(run.lastAt)}</td>
!${withProject ? html`<td data-label="Project" class="project">${run.project}</td>` : ""}
<th scope="row" class="command"><a href="${runHref(run)}">${run.command ?? "unnamed command"}</a> <span class="version">${run.version}</span>!${testBadge(run)}</th>
<td data-label="Platform" class="platform">!${platform(run)}</td>
<td data-label="Status">!${status(run)}</td>
<td data-label="Input" class="number input">!${totals(run)}</td>
<td data-label="Wall time" class="number">!${known(run.figures.wall_s, ({ value }) => seconds(value))}</td>
<td data-label="CPU time" class="number">!${seconds(cpuSeconds(run))}</td>
<td data-label="Peak memory" class="number">!${known(run.figures.max_rss_bytes, ({ value }) => bytes(value))}</td>
</tr>
`;
}

/** A line for each unit; one whose total is not known is still named. */
function totals(run: Run): string {
	if (run.totals.length === 0) return notKnown;
	return run.totals
		.map((total) => html`<div>!${amount(total)}!${total.size === null ? html` ${total.unit}` : ""}</div>`)
		.join("");
}

function emptyState({ paged, tests, hasTests }: RunsView): string {
	if (tests) return html`<div class="empty"><h2>No test runs</h2><p>None of them are on this page.</p></div>`;
	if (hasTests && !paged) {
		return html`<div class="empty"><h2>No runs of users yet</h2><p>There are test runs; they are kept apart.</p></div>`;
	}
	if (paged) return html`<div class="empty"><h2>Nothing further</h2><p>There are no runs on this page.</p></div>`;
	return html`<div class="empty">
<h2>No runs yet</h2>
<p>The first appears here once a report has been sent:</p>
<ol>
<li>name this server's address as <code>endpoint</code> in the script's <code>et.json</code>,</li>
<li>agree to its reports with <code>et consent grant</code>, and run the script,</li>
<li>send what waits in the spool with <code>et-uploader --once</code>, or leave <code>et-uploader</code> running.</li>
</ol>
</div>`;
}

function pageLinks({ older, newer, paged, project, tests }: RunsView): string {
	const newest = addressOf(scopeOf({ project, tests }));
	const links = [
		paged ? html`<a href="${newest}">Newest</a>` : "",
		newer === undefined ? "" : html`<a href="${newer}" rel="prev">Newer</a>`,
		older === undefined ? "" : html`<a href="${older}" rel="next">Older</a>`,
	];
	if (links.every((link) => link === "")) return "";
	return html`<nav class="pages" aria-label="Pages">!${links}</nav>`;
}
