/** The one style sheet, and where it is served from. */
import { createHash } from "node:crypto";

const ADDRESS_DIGITS = 12;

export const STYLE = `
:root {
	color-scheme: light dark;
	--paper: #fcfbf8;
	--raised: #f4f2ec;
	--ink: #1e2022;
	--quiet: #5c6166;
	--rule: #e2dfd6;
	--link: #0a6354;
	--ok: #1b7444;
	--failed: #b2271d;
	--killed: #97420b;
	--vanished: #6a4a9c;
	--running: #1f5c9e;
	--unknown: #5c6166;
}
@media (prefers-color-scheme: dark) {
	:root {
		--paper: #16181a;
		--raised: #1e2124;
		--ink: #e7e5e0;
		--quiet: #a3a8ab;
		--rule: #303437;
		--link: #74cbb8;
		--ok: #6fc894;
		--failed: #f28b81;
		--killed: #e6a26b;
		--vanished: #b9a1e3;
		--running: #85b7ec;
		--unknown: #a3a8ab;
	}
}
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .18em; }
a:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 2px; }
h1 { margin: 0; font-size: 1.75rem; font-weight: 650; line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 2.5rem 0 .75rem; font-size: .8125rem; font-weight: 650; letter-spacing: .06em; text-transform: uppercase; color: var(--quiet); }
code, .mono { font: .92em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }

.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--paper); z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.site, main, .foot { max-width: 82rem; margin: 0 auto; padding: 0 clamp(1rem, 3vw, 2.5rem); }
.site { display: flex; align-items: baseline; gap: .75rem; padding-block: 1.25rem 0; }
.site a { font-weight: 700; letter-spacing: .02em; color: var(--ink); text-decoration: none; }
.site span, .foot { color: var(--quiet); font-size: .875rem; }
main { padding-block: 2rem 1rem; }
.foot { padding-block: 2rem; }
.lead { margin: .5rem 0 0; max-width: 46rem; color: var(--quiet); }

.filter { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; margin: 1.5rem 0 0; padding: 0; list-style: none; font-size: .9375rem; }
.filter a { padding-block: .2rem; text-decoration: none; }
.filter a:hover { text-decoration: underline; }
.filter [aria-current] { color: var(--ink); font-weight: 650; box-shadow: inset 0 -2px var(--ink); }

table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
.runs { margin-top: 1.5rem; }
caption { padding: 0 0 .5rem; text-align: left; color: var(--quiet); font-size: .875rem; }
th, td { padding: .55rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); font-weight: 400; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-size: .8125rem; vertical-align: bottom; border-bottom-color: var(--quiet); white-space: nowrap; }
tbody tr:hover { background: var(--raised); }
time, .number { font-variant-numeric: tabular-nums; }
time { white-space: nowrap; }
.number { text-align: right; }
.runs .project { min-width: 6.5rem; }
.runs .command { min-width: 11rem; font-weight: 550; }
.runs .platform { min-width: 5.5rem; }
.runs .number { white-space: nowrap; }
.runs .input { min-width: 9.5rem; white-space: normal; }
.version { color: var(--quiet); font-weight: 400; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 650; }
.narrow { width: auto; min-width: min(100%, 28rem); }

.status { white-space: nowrap; color: var(--unknown); }
.status::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .45em; border: 2px solid; border-radius: 50%; }
.status-ok { color: var(--ok); }
.status-failed { color: var(--failed); }
.status-killed { color: var(--killed); }
.status-vanished, .status-overdue { color: var(--vanished); }
.status-running { color: var(--running); }
.status-ok::before, .status-failed::before, .status-killed::before { background: currentcolor; }
.status-failed::before, .status-killed::before { border-radius: 0; }
.status-killed::before { transform: rotate(45deg) scale(.88); }
.status-vanished::before { border-style: dotted; }
.badge { display: inline-block; padding: 0 .45em; border: 1px solid var(--quiet); border-radius: 3px; color: var(--quiet); font-size: .75rem; font-weight: 400; line-height: 1.4; vertical-align: .1em; }
.none, .note { color: var(--quiet); }
.note { font-size: .8125rem; }

.pages { display: flex; gap: 1.5rem; margin: 1.5rem 0 0; }

.headline { display: flex; flex-wrap: wrap; align-items: baseline; gap: .35rem 1rem; }
.identity { margin: .6rem 0 0; color: var(--quiet); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.25rem, 1fr)); gap: 1.25rem 1.5rem; margin: 1.75rem 0 0; padding: 1.25rem 0 0; border-top: 1px solid var(--rule); }
.figures dt { color: var(--quiet); font-size: .8125rem; }
.figures dd { margin: .1rem 0 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.figures .note { display: block; font-size: .8125rem; }
.sections { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 4rem; }
.facts { display: grid; grid-template-columns: fit-content(45%) 1fr; gap: .35rem 1.5rem; margin: 0; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.prose { max-width: 58rem; }
.prose p { margin: 0; }
.prose .facts dd { max-width: 46rem; }
.prose .note { margin-top: .75rem; }
.collected { margin: 0 0 1rem; max-width: 46rem; }
.fields th { white-space: nowrap; }
.changes { margin: 0; padding-left: 1.1rem; }
details { margin-top: 1.5rem; }
summary { cursor: pointer; color: var(--link); }
pre { overflow-x: auto; padding: 1rem; background: var(--raised); border-radius: 6px; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; white-space: pre-wrap; }
.empty { max-width: 46rem; margin-top: 2rem; padding: 1.5rem; background: var(--raised); border-radius: 6px; }
.empty h2 { margin: 0 0 .5rem; font-size: 1.125rem; letter-spacing: 0; text-transform: none; color: var(--ink); }
.empty ol { margin: .75rem 0 0; padding-left: 1.25rem; }

.account { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.1rem; margin-left: auto; font-size: .9375rem; }
.site .account a { max-width: 14rem; overflow: hidden; color: var(--link); font-weight: 400; letter-spacing: 0; text-overflow: ellipsis; white-space: nowrap; }
.account a:hover { text-decoration: underline; }
.form { max-width: 26rem; margin-top: 1.5rem; }
.field { margin: 0 0 1.1rem; }
.field label { display: block; margin-bottom: .25rem; font-weight: 550; }
.field input { width: 100%; padding: .5rem .65rem; border: 1px solid var(--quiet); border-radius: 4px; background: var(--paper); color: var(--ink); font: inherit; }
.hint { margin: .25rem 0 0; color: var(--quiet); font-size: .8125rem; }
button { padding: .5rem 1.1rem; border: 1px solid var(--link); border-radius: 4px; background: var(--link); color: var(--paper); font: inherit; font-weight: 600; cursor: pointer; }
button.plain { padding: 0; border: 0; background: none; color: var(--link); font-weight: 400; }
button.plain:hover { text-decoration: underline; text-underline-offset: .18em; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.problem { margin: 0 0 1.1rem; padding: .6rem .8rem; border-left: 3px solid var(--failed); background: var(--raised); }
.made { max-width: 46rem; margin-top: 1.5rem; padding: 1.25rem 1.5rem; background: var(--raised); border-radius: 6px; }
.made h2 { margin: 0; font-size: 1.125rem; letter-spacing: 0; text-transform: none; color: var(--ink); }
.made p { margin: .6rem 0 0; }
.secret { font-weight: 650; user-select: all; }

@media (max-width: 40rem) {
	.site { flex-wrap: wrap; }
	.account { margin-left: 0; width: 100%; }
}
@media (max-width: 66rem) {
	.stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
	.stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
	.stack tbody tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .25rem 1.25rem; padding: .9rem 0; border-bottom: 1px solid var(--rule); }
	.stack tbody tr:hover { background: none; }
	.stack tbody th, .stack tbody td { min-width: 0; padding: 0; border: 0; text-align: left; white-space: normal; }
	.stack tbody th { grid-column: 1 / -1; order: -1; font-size: 1.0625rem; }
	.stack td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .75rem; }
}
`;

/** The address changes with the content, so that a browser may keep what it has. */
export const STYLE_PATH = "/style.css";
export const STYLE_HREF = `${STYLE_PATH}?v=${createHash("sha256").update(STYLE).digest("hex").slice(0, ADDRESS_DIGITS)}`;

/** The icon of the site: two bars of a histogram, and the third still to come. */
export const ICON_PATH = "/icon.svg";
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a6354"/><path d="M4 12V8M8 12V4" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/><circle cx="12" cy="11.4" r="1.2" fill="#fff"/></svg>`;
