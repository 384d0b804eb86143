/** `npm start`: it shows the whole way, counts right, stays until it is told to go, and leaves nothing behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { runProgram } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { temporaryFolder } from "../helpers/temporary.js";

const DEMO = fileURLToPath(moduleUrl("tools/demo.js"));
const COLUMNS = 80;
const ESCAPE = "\u001b";

test("once: every run is recorded, in plain text of 80 columns, and the folder is gone", async (t) => {
	const folder = temporaryFolder(t);
	const env = { TMPDIR: folder, DO_NOT_TRACK: "1", HTTP_PROXY: "http://127.0.0.1:9" };
	const { code, stdout, stderr } = await runProgram(t, process.execPath, [DEMO, "--once"], { env });
	t.deepEqual([code, stderr], [0, ""]);
	const runs = Number(/^(\d+) runs recorded$/m.exec(stdout)?.[1]);
	const reports = Number(/verdicts, one for each report: (\d+) accepted\.$/m.exec(stdout)?.[1]);
	t.true(runs >= 3, "at least the script's own runs");
	t.true(reports >= 2 * runs, `${reports} reports of ${runs} runs`);
	t.false(stdout.includes(ESCAPE));
	// What et pending prints into a pipe is not cut: there it may be wider.
	const told = stdout.split("\n").filter((line) => !line.startsWith("  ") && !/^(ID|[0-9a-f]{8}-)/.test(line));
	for (const line of told) t.true(line.length <= COLUMNS, line);
	t.deepEqual(readdirSync(folder), []);
});

test("it stays, shows its page, and goes at Ctrl-C", async (t) => {
	const folder = temporaryFolder(t);
	const child = spawn(process.execPath, [DEMO], { env: { PATH: process.env["PATH"], TMPDIR: folder } });
	t.teardown(() => child.kill("SIGKILL"));
	let output = "";
	const stays = new Promise<void>((resolve) => {
		child.stdout.setEncoding("utf8").on("data", (text: string) => {
			output += text;
			if (output.includes("Ctrl-C")) resolve();
		});
	});
	const ended = once(child, "close");
	await Promise.race([stays, ended]);
	const url = /^(http:\S+) shows/m.exec(output)?.[1] ?? "";
	const page = await (await fetch(url)).text();
	t.regex(page, /sha256sum|words/);
	child.kill("SIGINT");
	t.deepEqual(await ended, [0, null]);
	t.deepEqual(readdirSync(folder), []);
});
