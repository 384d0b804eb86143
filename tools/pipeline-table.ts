/** What the server holds after `npm run pipeline`: as a table of Markdown, and as pictures of its pages. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { runRecord } from "../src/server/exports/records.js";
import { startBrowser } from "../test/helpers/browser.js";

export type Run = ReturnType<typeof runRecord>;

const MEBIBYTE = 1024 * 1024;
const seconds = (value: number | null): string => (value === null ? "" : value.toFixed(2));
const mebibytes = (value: number | null): string => (value === null ? "" : (value / MEBIBYTE).toFixed(1));

const COLUMNS: readonly [title: string, cell: (run: Run) => string][] = [
	["platform", ({ platform, platform_inner }) => [platform, platform_inner].filter(Boolean).join(" on ")],
	["command", ({ command }) => command ?? ""],
	["input", ({ inputs: [input] }) => (input?.size == null ? "" : `${input.size.toLocaleString("en")} ${input.unit}`)],
	["found by", ({ inputs: [input] }) => input?.measured_by ?? ""],
	["status", ({ status, signal, kill_reason }) => [status, signal, kill_reason].filter(Boolean).join(", ")],
	["wall, s", ({ wall_s }) => seconds(wall_s)],
	["CPU, s", ({ cpu_user_s, cpu_system_s }) => (cpu_user_s === null ? "" : seconds(cpu_user_s + (cpu_system_s ?? 0)))],
	["peak memory, MiB", ({ max_rss_bytes }) => mebibytes(max_rss_bytes)],
	["of at most", ({ limits }) => mebibytes(limits.memory_bytes)],
	["threads", ({ threads }) => String(threads ?? "")],
];

/** Lines of a table, a run each. */
export function tableOf(runs: readonly Run[]): string[] {
	const rows = [COLUMNS.map(([title]) => title), ...runs.map((run) => COLUMNS.map(([, cell]) => cell(run)))];
	const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
	return [lines[0] ?? "", `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...lines.slice(1)];
}

/** Of the list of runs, and of each run that did not end well. @throws where no browser starts */
export async function takeScreenshots(url: string, runs: readonly Run[], folder: string): Promise<void> {
	const browser = await startBrowser();
	if (browser === undefined) throw new Error("No browser starts on this machine, so no pictures were taken.");
	mkdirSync(folder, { recursive: true });
	try {
		const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
		const bad = runs.filter(({ status }) => status !== "ok");
		const pages = [["runs", "/"], ...bad.map((run) => [run.status, `/runs/${run.project}/${run.run_id}`])];
		for (const [name, path] of pages) {
			await page.goto(url + path);
			await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
		}
	} finally {
		await browser.close();
	}
}
