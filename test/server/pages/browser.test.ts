/** The pages in a real browser. Skipped, by name, where none can be started. */
import test from "ava";
import type { Page } from "playwright-core";
import type { RunningServer } from "../../../src/server/serve.js";
import { startBrowser } from "../../helpers/browser.js";
import { needing } from "../../helpers/needs.js";
import { post, randomRunId, testServer, verdicts, wireBatch, wireReport } from "../../helpers/server.js";

const browser = await startBrowser();
const inBrowser = needing("Chromium", () => browser !== undefined, test.serial);
test.after.always(() => browser?.close());

const WIDTHS = [380, 1600];
const HEIGHT = 900;
const ATTACK = `"><script>document.title="taken"</script><img src=x onerror="document.title='taken'">`;
/** As long as the schema allows, and without a place to break it. */
const LONG = "W".repeat(128);

/** Runs of all kinds: typical, hostile, as wide as can be, and nearly empty. */
async function fill(server: RunningServer): Promise<string[]> {
	const everything = {
		cpu_user_s: 3600 * 30,
		cpu_system_s: 12,
		max_rss_bytes: 8 * 1024 ** 3,
		platform: "galaxy",
		platform_inner: "slurm",
		limits: { memory_bytes: 16 * 1024 ** 3, wall_s: 86_400, cpus: 4 },
		exception: { type: "ValueError", frames: [{ file: "align.py", line: 12, function: "main" }] },
	};
	const reports = [
		wireReport({ ...everything, inputs: [{ name: "pairs", unit: "reads", size: 12_345_678 }], test: true }),
		wireReport({
			...everything,
			project: "p".repeat(64),
			command: LONG,
			version: LONG,
			kill_reason: LONG,
			measured_by: { wall_s: LONG },
			inputs: [{ name: "n".repeat(64), unit: LONG, size: 1e300 }],
			exception: { type: LONG, frames: [{ file: LONG, line: 2 ** 50, function: LONG }] },
			data: { ["k".repeat(64)]: "v".repeat(512) },
			wall_s: 1e300,
		}),
		wireReport({
			...everything,
			command: ATTACK,
			version: ATTACK,
			exception: { type: ATTACK, frames: [{ file: ATTACK, line: 1, function: ATTACK }] },
			inputs: [{ name: "pairs", unit: ATTACK, size: 1 }],
			data: { note: ATTACK },
		}),
		wireReport({ event: "start", command: null, version: null, outcome: null, wall_s: null, run_id: randomRunId() }),
	];
	const posted = verdicts(await post(server.url, wireBatch(reports)));
	if (posted.some((verdict) => verdict !== "accepted")) throw new Error(`not stored: ${posted}`);
	return ["/", "/?project=dunovo", "/nothing", ...reports.map(({ project, run_id }) => `/runs/${project}/${run_id}`)];
}

interface Watch {
	page: Page;
	/** What the browser complained of: violations of the policy, errors, dialogs, failed requests. */
	complaints: string[];
}

async function watch(page: Page): Promise<Watch> {
	const complaints: string[] = [];
	page.on("console", (message) => {
		if (message.type() === "error" && !message.text().includes("404")) complaints.push(message.text());
	});
	page.on("pageerror", (error) => complaints.push(error.message));
	page.on("requestfailed", (request) => complaints.push(`failed: ${request.url()}`));
	page.on("dialog", (dialog) => {
		complaints.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	return { page, complaints };
}

inBrowser(
	"pages fit a telephone and a wide screen, in light and dark, and run nothing that a report brought",
	async (t) => {
		const server = await testServer(t);
		const paths = await fill(server);
		for (const width of WIDTHS) {
			for (const colorScheme of ["light", "dark"] as const) {
				const context = await browser?.newContext({ viewport: { width, height: HEIGHT }, colorScheme });
				if (context === undefined) return t.fail();
				const { page, complaints } = await watch(await context.newPage());
				for (const path of paths) {
					await page.goto(`${server.url}${path}`, { waitUntil: "load" });
					const where = `${path} at ${width} in ${colorScheme}`;
					t.not(await page.title(), "taken", where);
					t.true(
						await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"),
						`${where} is too wide`,
					);
					t.is(await page.evaluate("getComputedStyle(document.body).margin"), "0px", `${where} has no style`);
				}
				t.deepEqual(complaints, []);
				await context.close();
			}
		}
	},
);

inBrowser("the policy stops a script that got into a page by a mistake of ours", async (t) => {
	const server = await testServer(t);
	const page = await browser?.newPage();
	if (page === undefined) return t.fail();
	const { complaints } = await watch(page);
	await page.goto(server.url);
	await page.evaluate(
		`document.body.append(Object.assign(document.createElement("script"), { textContent: "document.title = 'taken'" }))`,
	);
	t.not(await page.title(), "taken");
	t.true(complaints.some((complaint) => complaint.includes("Content Security Policy")));
	await page.close();
});

inBrowser("one reaches a run and comes back with the keyboard alone", async (t) => {
	const server = await testServer(t);
	await post(server.url, wireBatch([wireReport()]));
	const page = await browser?.newPage();
	if (page === undefined) return t.fail();
	await page.goto(server.url);
	await page.keyboard.press("Tab");
	t.is(await page.evaluate("document.activeElement.textContent"), "Skip to the content");
	await page.keyboard.press("Enter");
	await page.keyboard.press("Tab");
	t.is(await page.evaluate("document.activeElement.textContent"), "align");
	await Promise.all([page.waitForURL("**/runs/dunovo/*"), page.keyboard.press("Enter")]);
	t.is(await page.textContent("h1"), "align");
	await page.close();
});
