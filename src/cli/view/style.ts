/** The page's one style sheet; it stands in the page. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fcfbf8; --raised: #f4f2ec; --ink: #1e2022; --quiet: #5c6166; --rule: #e2dfd6; --link: #0a6354; --ok: #1f6fae; --failed: #b2271d; --killed: #97420b; --vanished: #6a4a9c; --unknown: #5c6166; --median: #1e2022; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --raised: #1e2124; --ink: #e7e5e0; --quiet: #a3a8ab; --rule: #303437; --link: #74cbb8; --ok: #74b3e8; --failed: #f28b81; --killed: #e6a26b; --vanished: #b9a1e3; --unknown: #a3a8ab; --median: #f5f3ee; } }
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere; }
main, header, footer { max-width: 82rem; margin: 0 auto; padding: 0 clamp(1rem, 3vw, 2.5rem); }
header { padding-block: 2rem 0; }
footer { padding-block: 2.5rem; color: var(--quiet); font-size: .875rem; }
h1 { margin: 0; font-size: 1.75rem; font-weight: 650; line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 3rem 0 .25rem; font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em; }
h3 { margin: 0; font-size: 1.0625rem; font-weight: 650; }
h3 span, .version { color: var(--quiet); font-weight: 400; }
p { margin: .35rem 0 0; max-width: 46rem; }
.quiet, .note { color: var(--quiet); }
.note { font-size: .8125rem; }
code, pre { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre { margin: .5rem 0 0; padding: .75rem 1rem; background: var(--raised); border-radius: 4px; white-space: pre-wrap; word-break: break-all; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem 1.5rem; margin: 1.5rem 0 0; padding: 1.1rem 0 0; border-top: 1px solid var(--rule); }
.figures dt { color: var(--quiet); font-size: .8125rem; }
.figures dd { margin: .1rem 0 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.group { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--rule); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.25rem 2rem; margin: 1rem 0 0; }
figure { margin: 0; max-width: 34rem; }
figcaption { font-size: .875rem; font-weight: 600; }
figcaption span { color: var(--quiet); font-weight: 400; }
svg { display: block; width: 100%; height: auto; margin-top: .35rem; }
svg text { fill: var(--quiet); font-size: 10.5px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--rule); stroke-width: 1; fill: none; shape-rendering: crispEdges; }
.mark { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.ok { stroke: var(--ok); stroke-width: 3.6; stroke-opacity: .5; }
.unknown { stroke: var(--unknown); stroke-width: 3.6; stroke-opacity: .5; }
.failed { stroke: var(--failed); stroke-width: 1.4; }
.killed { stroke: var(--killed); stroke-width: 1.3; fill: var(--paper); }
.vanished { stroke: var(--vanished); stroke-width: 1.3; fill: var(--paper); }
.median { stroke: var(--median); stroke-width: 2; fill: none; }
.bar { fill: color-mix(in srgb, var(--ok) 78%, var(--paper)); }
.bar.bad { fill: var(--failed); }
.key { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .75rem 0 0; padding: 0; list-style: none; color: var(--quiet); font-size: .8125rem; max-width: none; }
p code, footer code { white-space: nowrap; }
.key .ok, .key .unknown { stroke-width: 6; stroke-opacity: .9; }
.key svg { display: inline-block; width: 14px; height: 12px; margin: 0 .3rem 0 0; vertical-align: -1px; }
.wide { overflow-x: auto; margin-top: 1rem; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
caption { padding: 0 0 .35rem; text-align: left; color: var(--quiet); font-size: .875rem; }
th, td { padding: .4rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); font-weight: 400; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-size: .8125rem; vertical-align: bottom; border-bottom-color: var(--quiet); }
.number { text-align: right; }
.range { color: var(--quiet); font-size: .8125rem; white-space: nowrap; }
details { border-bottom: 1px solid var(--rule); padding: .45rem 0; }
summary { cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
summary span { color: var(--quiet); margin-left: .6rem; font-size: .875rem; }
.state { display: inline-block; padding: 0 .45em; border: 1px solid var(--quiet); border-radius: 3px; color: var(--quiet); font-size: .75rem; line-height: 1.4; }
.empty { max-width: 46rem; margin-top: 1rem; padding: 1.1rem 1.25rem; background: var(--raised); border-radius: 6px; }
.empty p:first-child { margin-top: 0; }
@media (max-width: 48rem) {
	.stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
	.stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
	.stack tr { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .25rem 1rem; padding: .7rem 0; border-bottom: 1px solid var(--rule); }
	.stack th, .stack td { padding: 0; border: 0; text-align: left; }
	.stack tbody th { grid-column: 1 / -1; font-weight: 600; }
	.stack td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .75rem; }
	.range { display: block; white-space: normal; }
}
@media print { details { break-inside: avoid; } }
`;
