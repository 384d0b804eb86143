/** The pages of whoever is not logged in yet: logging in, and setting up the first administrator. */

import { MAX_LABEL_LENGTH } from "../../../report/limits.js";
import { LOGIN_PATH } from "../../access/next.js";
import { SETUP_PATH } from "../../access/setup.js";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../../config.js";
import { html } from "../html.js";
import type { Page } from "../layout.js";
import { field, hidden, keyField, problem } from "./forms.js";

export interface LoginView {
	key: string;
	/** Where to go then. */
	next: string;
	name?: string;
	wrong?: string;
}

export function loginPage({ key, next, name = "", wrong }: LoginView): Page {
	return {
		title: "Log in",
		body: html`<h1>Log in</h1>
<p class="lead">What scripts reported to this server is for who may read it.</p>
<form class="form" method="post" action="${LOGIN_PATH}">
!${problem(wrong)}
!${keyField(key)}!${hidden("next", next)}
!${field({ name: "name", label: "Name", value: name, autocomplete: "username", isFirst: name === "", maxLength: MAX_LABEL_LENGTH })}
!${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password", isFirst: name !== "", maxLength: MAX_PASSWORD_LENGTH })}
<button>Log in</button>
</form>
<p class="note">Whoever forgot it has a new one set on the server's machine: <code>et-server admin reset-password NAME</code></p>`,
	};
}

/** While there is no administrator, and whoever asks is not on the server's own machine. */
export function noAdministratorPage(): Page {
	return {
		title: "No administrator yet",
		body: html`<h1>No administrator yet</h1>
<p class="lead">Until there is one, this server shows what it has on its own machine only, and nobody can log in.</p>
<p>Open the address that <code>et-server</code> prints when it starts, or give on its machine the command <code>et-server admin add NAME</code>.</p>`,
	};
}

export interface SetupView {
	key: string;
	token: string;
	name?: string;
	wrong?: string;
}

export function setupPage({ key, token, name = "", wrong }: SetupView): Page {
	return {
		title: "Set up an administrator",
		body: html`<h1>Set up an administrator</h1>
<p class="lead">From then on pages and exports are for who logs in, or has a token. Scripts go on sending as before.</p>
<form class="form" method="post" action="${SETUP_PATH}">
!${problem(wrong)}
!${keyField(key)}!${hidden("token", token)}
!${field({ name: "name", label: "Name", value: name, autocomplete: "username", isFirst: true, maxLength: MAX_LABEL_LENGTH })}
!${newPassword()}
<button>Set up</button>
</form>`,
	};
}

/** Twice: what nobody sees as it is typed is easily mistyped. */
export function newPassword(): string {
	return html`!${field({
		name: "password",
		label: "New password",
		type: "password",
		autocomplete: "new-password",
		hint: `${MIN_PASSWORD_LENGTH} characters at least; several words in a row are easy to remember.`,
		maxLength: MAX_PASSWORD_LENGTH,
	})}
!${field({ name: "again", label: "The same again", type: "password", autocomplete: "new-password", maxLength: MAX_PASSWORD_LENGTH })}`;
}

export function setupRefusedPage(): Page {
	return {
		title: "Not any more",
		body: html`<h1>Not any more</h1>
<p class="lead">This address for the set-up was used, has expired, or is not whole; or there is an administrator already. Nothing was changed.</p>
<p>Without an administrator, start <code>et-server</code> again for a new address, or give on its machine the command <code>et-server admin add NAME</code>.</p>
<p><a href="${LOGIN_PATH}">Log in</a></p>`,
	};
}
