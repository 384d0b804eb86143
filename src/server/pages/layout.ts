import { html } from "./html.js";
import { ICON_PATH, STYLE_HREF } from "./style.js";

export interface Page {
	title: string;
	/** HTML of the page's own part. */
	body: string;
}

/** Who is logged in, and what their forms need. */
export interface Reader {
	name: string;
	formKey: string;
}

export const LOGOUT_PATH = "/logout";
export const TOKENS_PATH = "/admin/tokens";
export const ACTS_PATH = "/admin/audit";
export const PASSWORD_PATH = "/admin/password";

/** A whole document around a page. */
export function layout({ title, body }: Page, reader?: Reader): string {
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ET</title>
<link rel="icon" href="${ICON_PATH}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE_HREF}">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="site"><a href="/">ET</a><span>what scripts report of their runs</span>!${reader ? account(reader) : ""}</header>
<main id="content" tabindex="-1">
!${body}
</main>
<footer class="foot">Times are in UTC. A dash is a figure that is not known.</footer>
</body>
</html>
`;
}

function account({ name, formKey }: Reader): string {
	return html`
<nav class="account" aria-label="Administration">
<a href="${TOKENS_PATH}">Tokens</a>
<a href="${ACTS_PATH}">Log of acts</a>
<a href="${PASSWORD_PATH}" title="Change your password">${name}</a>
<form method="post" action="${LOGOUT_PATH}"><input type="hidden" name="form" value="${formKey}"><button class="plain">Log out</button></form>
</nav>`;
}

/** A page that says why there is none. */
export function refusalPage(title: string, explanation: string): Page {
	return {
		title,
		body: html`<h1>${title}</h1>
<p class="lead">${explanation}</p>
<p><a href="/">All runs</a></p>`,
	};
}
