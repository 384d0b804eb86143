/** The page in a real browser. Skipped, by name, where none can be started. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { Page } from "playwright-core";
import type { Collected } from "../../../src/cli/view/collect.js";
import { page as viewPage } from "../../../src/cli/view/page.js";
import { type RunFigures, runFigures } from "../../../src/report/run-figures.js";
import { serialiseReport } from "../../../src/report/serialise.js";
import type { WireReport } from "../../../src/report/types.js";
import { startBrowser } from "../../helpers/browser.js";
import { needing } from "../../helpers/needs.js";
import { testReport } from "../../helpers/spool.js";
import { temporaryFolder } from "../../helpers/temporary.js";

const browser = await startBrowser();
const inBrowser = needing("Chromium", () => browser !== undefined, test.serial);
test.after.always(() => browser?.close());

const WIDTHS = [380, 1600];
const NOW_MS = Date.UTC(2026, 10, 25);
const ATTACKS = [
	`"><script>document.title="taken";alert(1)</script>`,
	`<img src=x onerror="document.title='taken'">`,
	`</pre></details></style></title><iframe src="https://example.org/x"></iframe>`,
	"<svg onload=alert(1)>",
	"'`onfocus=alert(1) autofocus x='",
	"<!--",
	"]]><a href=javascript:alert(1)>x</a>",
	"&lt;b&gt;&#60;b&#62;",
	"</text></svg><style>@import url(https://example.org/a.css);</style>",
	"\u202e\u0000\u001b[31m\ufeff\ud800",
];
const LONG = "W".repeat(128);

/** A report with one text in every place that takes one. */
function reportOf(text: string, size: number | null): WireReport {
	const report = testReport({ given: { wallS: size, maxRssBytes: size, outcome: size === 3 ? "killed" : "ok" } });
	return {
		...report,
		project: text,
		command: text,
		version: text,
		kill_reason: text,
		signal: text,
		inputs: [
			{ name: text, unit: text, size },
			{ name: `${text}2`, unit: text, size },
		],
		exception: { type: text, frames: [{ file: text, line: 1, function: text }] },
		data: { [text]: text },
	} as WireReport;
}

const figuresOf = (report: WireReport): RunFigures[] => {
	const found = runFigures(report);
	return found === null ? [] : [found];
};

function collectedOf(texts: readonly string[]): Collected {
	const reports = texts.flatMap((text) => [1, 3, 1e6, null].map((size) => reportOf(text, size)));
	const state = { state: "not allowed", reason: texts[0] ?? "", leaves_at: null } as const;
	const left = texts.map((text) => ({
		id: text,
		project: text,
		event: text,
		endpoint: text,
		at: text,
		verdict: text as "accepted",
		run_id: text,
		answered_at: null,
		erasure: null,
	}));
	return {
		pending: {
			count: reports.length,
			byState: new Map([["not allowed", reports.length]]),
			newest: reports.map((report) => ({ report, text: serialiseReport(report), endpoint: report.project, state })),
			rejected: 1,
		},
		left: {
			count: left.length,
			newest: left,
			totals: left.map(({ project, endpoint, at }) => ({
				project,
				endpoint,
				reports: 1,
				first: at,
				last: at,
				byVerdict: new Map([["accepted" as const, 1]]),
			})),
		},
		runs: reports.flatMap(figuresOf),
	};
}

/** Opens what a collection makes, and notes all that a page must not do. */
async function opened(t: ExecutionContext, page: Page, collected: Collected): Promise<string[]> {
	const complaints: string[] = [];
	page.on("console", (message) => complaints.push(message.text()));
	page.on("pageerror", (error) => complaints.push(error.message));
	page.on("dialog", (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	page.on("request", (request) => {
		if (!request.url().startsWith("file:")) complaints.push(`request: ${request.url()}`);
	});
	const path = join(temporaryFolder(t), "view.html");
	writeFileSync(path, viewPage(collected, { nowMs: NOW_MS, project: undefined }));
	await page.goto(pathToFileURL(path).href, { waitUntil: "load" });
	return complaints;
}

/** Elements by name, and attributes that act, of the page that is open. */
const CENSUS = `JSON.stringify({
	names: [...new Set([...document.querySelectorAll("*")].map((each) => each.localName))].sort(),
	acting: [...document.querySelectorAll("*")].flatMap((each) =>
		each.getAttributeNames().filter((name) => /^on|^href$|^src$|^style$|^xlink/.test(name))),
})`;

async function census(page: Page): Promise<{ names: string[]; acting: string[] }> {
	return JSON.parse(await page.evaluate(CENSUS));
}

const NAMES =
	"article body caption circle code dd desc details div dl dt figcaption figure footer h1 h2 h3 head header html li main meta p path pre rect section span style summary svg table tbody td text th thead title tr ul".split(
		" ",
	);

inBrowser("no text of a report becomes markup, runs, or asks for anything", async (t) => {
	const page = await browser?.newPage();
	if (page === undefined) return t.fail();
	const complaints = await opened(t, page, collectedOf(ATTACKS));
	await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
	const { names, acting } = await census(page);
	t.deepEqual(
		names.filter((name) => !NAMES.includes(name)),
		[],
	);
	t.deepEqual([acting, complaints, await page.title()], [[], [], "et view: your runs"]);
	await page.close();
});

inBrowser("whatever texts there are, the page has the elements that it has for plain ones", async (t) => {
	const page = await browser?.newPage();
	if (page === undefined) return t.fail();
	const count = async (text: string): Promise<number> => {
		await page.setContent(viewPage(collectedOf([text]), { nowMs: NOW_MS, project: text }));
		return page.evaluate("document.querySelectorAll('*').length");
	};
	const plain = await count("plain");
	const pieces = fc.constantFrom(
		"<",
		">",
		'"',
		"'",
		"&",
		"`",
		"</",
		"<!--",
		"-->",
		"<script>",
		"]]>",
		"\u0000",
		"=",
		" ",
		"/",
	);
	const hostile = fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 4 })), {
		minLength: 1,
		maxLength: 12,
	});
	const isPlain = fc.asyncProperty(hostile, async (parts) => (await count(parts.join(""))) === plain);
	await t.notThrowsAsync(fc.assert(isPlain, { numRuns: 60 }));
	await page.close();
});

inBrowser("the page fits a telephone and a wide screen, in light and dark, full and empty", async (t) => {
	const empty: Collected = {
		pending: { count: 0, byState: new Map(), newest: [], rejected: 0 },
		left: { count: 0, newest: [], totals: [] },
		runs: [],
	};
	for (const width of WIDTHS) {
		for (const colorScheme of ["light", "dark"] as const) {
			const context = await browser?.newContext({ viewport: { width, height: 900 }, colorScheme });
			if (context === undefined) return t.fail();
			for (const collected of [empty, collectedOf(["align", LONG, ...ATTACKS])]) {
				const page = await context.newPage();
				t.deepEqual(await opened(t, page, collected), []);
				await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
				const fits = await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth");
				t.true(fits, `${width} in ${colorScheme}`);
			}
			await context.close();
		}
	}
});
