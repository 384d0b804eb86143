/** The page that says what a project collects, and what becomes of it here. */
import { durationInWords } from "../../report/duration.js";
import { ANY_KEY_IN_WORDS, sampleInWords } from "../../report/explanation.js";
import type { ChangedValue, ManifestChange } from "../../report/manifest-changes.js";
import type { Account, Version } from "../privacy/account.js";
import { html } from "./html.js";
import type { Page } from "./layout.js";
import { instant, minute, privacyDataHref, projectHref } from "./parts.js";

export function privacyPage(account: Account): Page {
	const { project, notice } = account;
	return {
		title: `What ${project} collects`,
		body: html`<h1>What ${project} collects</h1>
<p class="lead">!${lead(account)}</p>
<div class="prose">
!${notice === null ? "" : section("Purpose", html`<p>${notice.purpose}</p>`)}
!${section("What becomes of it here", fates(account))}
!${section("What its users can do", choices(account))}
</div>
!${section("What is collected", collected(account))}
!${notice === null ? "" : example(notice.example)}
!${account.versions.length === 0 ? "" : section("Versions of the notice", versions(account.versions))}
<p class="note"><a href="${projectHref(project)}">Runs of ${project}</a> · <a href="${privacyDataHref(project)}">This page for programs (JSON)</a></p>`,
	};
}

function lead({ project, registered, notice, versions }: Account): string {
	if (notice !== null) {
		const since =
			versions[0] === undefined ? "" : html`, registered here !${minute(Date.parse(versions[0].registered_at))}`;
		return html`Version ${notice.version} of the notice of ${project}!${since}. Its users are asked first: without a yes, nothing is recorded.`;
	}
	return registered
		? html`${project} is registered here without a notice, so that nobody can say here what its users were told.`
		: html`${project} is not registered here: no notice of it is known.`;
}

function fates({ notice, addresses, retention, versions }: Account): string {
	const looked =
		retention.checked_at === null
			? ""
			: html` <span class="note">What is older was last looked for !${instant(Date.parse(retention.checked_at))}.</span>`;
	const says = versions[0]?.retention;
	const less =
		says === undefined || says.says === says.kept_for
			? ""
			: ` The notice says ${durationInWords(says.says)}; the operator of this server chose less.`;
	return facts([
		["Kept for", html`${capital(retention.in_words)}.${less}!${looked}`],
		["Addresses", html`Of the address that a report comes from: ${addresses.in_words}.`],
		...(notice !== null && notice.sample < 1 ? [["Share", html`About ${sampleInWords(notice.sample)}.`] as const] : []),
		["Sent to", notice === null ? html`this server` : html`<span class="mono">${notice.endpoint}</span>`],
		...(notice === null ? [] : [["Whom to ask", contact(notice)] as const]),
	]);
}

function contact({ contact, url }: NonNullable<Account["notice"]>): string {
	if (url === null) return html`${contact}`;
	return html`${contact}; <a href="${url}" rel="noopener noreferrer nofollow">${url}</a>`;
}

function choices({ ways }: Account): string {
	return html`!${facts(ways.map(({ to, command }) => [capital(to), html`<code>${command}</code>`]))}
<p class="note">Whoever has a run's erase key, which stays on its user's machine, has it erased here, at once and for good. Nobody has to be asked.</p>`;
}

/** What a report holds, what it says, and why. */
function collected({ notice, standard, never }: Account): string {
	const inputs = (notice?.inputs ?? []).map(({ name, unit, why }) =>
		field(`inputs.${name}`, `the size of ${name} in ${unit}`, why),
	);
	const data = (notice?.data ?? []).map(({ key, type, why }) =>
		key === null ? field("data.*", ANY_KEY_IN_WORDS, why) : field(`data.${key}`, `a value of the type ${type}`, why),
	);
	const always = standard.map((each) => field(each.field, each.what, each.why));
	return html`<p class="collected">Never: ${never}.</p>
<table class="stack fields">
<caption class="unseen">The fields of a report</caption>
<thead><tr><th scope="col">Field</th><th scope="col">What it says</th><th scope="col">Why</th></tr></thead>
<tbody>
!${[...inputs, ...data, ...always]}
</tbody>
</table>`;
}

function field(name: string, what: string, why: string): string {
	return html`<tr><th scope="row" class="mono">${name}</th><td data-label="What it says">${what}</td><td data-label="Why">${why}</td></tr>
`;
}

function example(report: string): string {
	return html`<details><summary>An example of a report</summary>
<pre>!${JSON.stringify(JSON.parse(report), null, 2)
		.split("\n")
		.map(
			(line) => html`${line}
`,
		)}</pre></details>`;
}

function versions(all: readonly Version[]): string {
	return html`<table class="stack fields">
<thead><tr><th scope="col">Version</th><th scope="col">Registered (UTC)</th><th scope="col">What it changed</th></tr></thead>
<tbody>!${all.map(versionRow)}</tbody>
</table>`;
}

function versionRow({ version, registered_at, changes }: Version): string {
	const list =
		changes.length === 0
			? html`<span class="none">nothing that is known here</span>`
			: html`<ul class="changes">!${changes.map(changeItem)}</ul>`;
	return html`<tr><th scope="row">${version}</th><td data-label="Registered (UTC)">!${minute(Date.parse(registered_at))}</td><td data-label="What it changed">!${list}</td></tr>`;
}

function changeItem({ path, before, after }: ManifestChange): string {
	return html`<li><span class="mono">${path.join(".")}</span>: ${said(before)} → ${said(after)}</li>`;
}

function said(value: ChangedValue): string {
	if (value === null) return "nothing";
	return typeof value === "object" ? Object.values(value).join(", ") : String(value);
}

function facts(entries: ReadonlyArray<readonly [label: string, value: string]>): string {
	return html`<dl class="facts">!${entries.map(([label, value]) => html`<dt>${label}</dt><dd>!${value}</dd>`)}</dl>`;
}

function section(title: string, body: string): string {
	return html`<section><h2>${title}</h2>!${body}</section>`;
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
