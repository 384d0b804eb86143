/** The pages of administrators: tokens, the log of acts, and their own password. */
import { MAX_LABEL_LENGTH } from "../../../report/limits.js";
import { actorOf, actWords } from "../../access/act-words.js";
import { MAX_PASSWORD_LENGTH } from "../../config.js";
import type { StoredAct, TokenRecord } from "../../store/access-types.js";
import { html } from "../html.js";
import { ACTS_PATH, PASSWORD_PATH, type Page, TOKENS_PATH } from "../layout.js";
import { instant, minute, notKnown } from "../parts.js";
import { field, hidden, keyField, problem } from "./forms.js";
import { newPassword } from "./login.js";

export const REVOKE_PATH = `${TOKENS_PATH}/revoke`;

export interface TokensView {
	key: string;
	tokens: readonly TokenRecord[];
	/** One that was just made: it is shown this once. */
	made?: { name: string; token: string; address: string };
	name?: string;
	project?: string;
	wrong?: string;
}

export function tokensPage(view: TokensView): Page {
	const { key, name = "", project = "", wrong } = view;
	return {
		title: "Tokens",
		body: html`<h1>Tokens</h1>
<p class="lead">A token lets a program read what is stored, of one project or of all, and change nothing.</p>
!${view.made === undefined ? "" : madeNotice(view.made)}
<section><h2>A new token</h2>
<form class="form" method="post" action="${TOKENS_PATH}">
!${problem(wrong)}
!${keyField(key)}
!${field({ name: "name", label: "What it is for", value: name, autocomplete: "off", hint: "For this list alone: a program, a place, a person.", maxLength: MAX_LABEL_LENGTH })}
!${field({ name: "project", label: "Project", value: project, autocomplete: "off", hint: "What it may read; left empty, all projects.", isRequired: false, maxLength: MAX_LABEL_LENGTH })}
<button>Make a token</button>
</form></section>
<section><h2>Tokens made before</h2>
!${tokenTable(view)}</section>`,
	};
}

function madeNotice({ name, token, address }: NonNullable<TokensView["made"]>): string {
	return html`<div class="made" role="status"><h2>The token ${name}</h2>
<p>It is shown this once: the database has only its hash.</p>
<p class="mono secret">${token}</p>
<p><code>curl -H "Authorization: Bearer ${token}" ${address}</code></p></div>`;
}

function tokenTable({ key, tokens }: TokensView): string {
	if (tokens.length === 0) return html`<p class="none">There are none.</p>`;
	return html`<table class="stack">
<thead><tr><th scope="col">For</th><th scope="col">Reads</th><th scope="col">Made (UTC)</th><th scope="col">By</th><th scope="col">Last used (UTC)</th><th scope="col"><span class="unseen">Revoke</span></th></tr></thead>
<tbody>!${tokens.map((token) => tokenRow(token, key))}</tbody>
</table>`;
}

function tokenRow({ id, name, project, madeAt, madeBy, usedAt, revokedAt }: TokenRecord, key: string): string {
	const end =
		revokedAt === null
			? html`<form method="post" action="${REVOKE_PATH}">!${keyField(key)}!${hidden("id", String(id))}<button class="plain">Revoke<span class="unseen"> ${name}</span></button></form>`
			: html`<span class="none">revoked !${minute(revokedAt)}</span>`;
	return html`<tr>
<th scope="row">${name}</th>
<td data-label="Reads">${project ?? "all projects"}</td>
<td data-label="Made (UTC)">!${minute(madeAt)}</td>
<td data-label="By">${madeBy ?? "the console"}</td>
<td data-label="Last used (UTC)">!${usedAt === null ? html`<span class="none">never</span>` : minute(usedAt)}</td>
<td>!${end}</td>
</tr>`;
}

export interface ActsView {
	acts: readonly StoredAct[];
	/** Behind which there are older ones. */
	older: number | undefined;
	isNewest: boolean;
}

export function actsPage({ acts, older, isNewest }: ActsView): Page {
	const rows = acts.map(
		(act) => html`<tr>
<td data-label="When (UTC)">!${instant(act.at)}</td>
<th scope="row">${actorOf(act)}</th>
<td data-label="What">${actWords(act)}</td>
<td data-label="From">!${act.source === null ? notKnown : html`${act.source}`}</td>
</tr>`,
	);
	const links = [
		isNewest ? "" : html`<a href="${ACTS_PATH}">Newest</a>`,
		older === undefined ? "" : html`<a href="${ACTS_PATH}?before=${older}" rel="next">Older</a>`,
	];
	return {
		title: "Log of acts",
		body: html`<h1>Log of acts</h1>
<p class="lead">What administrators did, the newest first. Nobody can change it here.</p>
!${acts.length === 0 ? html`<p class="none">There is nothing.</p>` : html`<table class="runs stack"><thead><tr><th scope="col">When (UTC)</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">From</th></tr></thead><tbody>!${rows}</tbody></table>`}
!${links.some((link) => link !== "") ? html`<nav class="pages" aria-label="Pages">!${links}</nav>` : ""}`,
	};
}

export interface PasswordView {
	key: string;
	name: string;
	wrong?: string;
}

export function passwordPage({ key, name, wrong }: PasswordView): Page {
	return {
		title: "Your password",
		body: html`<h1>Your password</h1>
<p class="lead">You are logged in as ${name}. A new password ends every other session of yours.</p>
<form class="form" method="post" action="${PASSWORD_PATH}">
!${problem(wrong)}
!${keyField(key)}
<input type="hidden" name="username" value="${name}" autocomplete="username">
!${field({ name: "current", label: "Present password", type: "password", autocomplete: "current-password", isFirst: true, maxLength: MAX_PASSWORD_LENGTH })}
!${newPassword()}
<button>Change</button>
</form>`,
	};
}
