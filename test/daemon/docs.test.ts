/** docs/uploader.md says what the program says, and what it offers to copy is well formed. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { POLICY } from "../../daemon/policy.js";
import { isSchedule } from "../../daemon/serve.js";
import { runProgram } from "../helpers/child.js";
import { needing, withPython } from "../helpers/needs.js";
import { temporarySpool } from "../helpers/spool.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { runUploader } from "../helpers/uploader.js";

const PAGE = readFileSync(new URL("../../../docs/uploader.md", import.meta.url), "utf8");
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;
const withSystemd = needing("systemd-analyze", () => has("systemd-analyze"));

/** The page's first block of a language. */
function block(language: string): string {
	const found = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(PAGE);
	if (found === null) throw new Error(`docs/uploader.md has no block of ${language}`);
	return found[1] ?? "";
}

test("the page shows the program's help as it is", async (t) => {
	t.is(block(""), (await runUploader(t, temporarySpool(t), ["--help"])).stdout);
});

test("the page's numbers are the policy's", (t) => {
	const minutes = (ms: number): number => ms / 60_000;
	for (const said of [
		`at most ${POLICY.batchReports} reports and ${POLICY.batchBytes / 1024 ** 2} MiB, gzipped`,
		`more than ${POLICY.foldFromReports.toLocaleString("en")} reports`,
		`${POLICY.stopGraceMs / 1000} seconds, and ends with 0`,
		`up to ${POLICY.backoffFirstMs / 1000} seconds after the first failure`,
		`to ${minutes(POLICY.backoffMostMs) / 60} hours,`,
		`up to ${minutes(POLICY.retryAfterMostMs) / 60} hours.`,
		`given up after ${POLICY.requestMs / 1000} seconds, no more than ${POLICY.answerBytes / 1024 ** 2} MiB`,
	]) {
		t.true(PAGE.replaceAll("\n", " ").includes(said), said);
	}
});

withSystemd("the systemd unit is one", async (t) => {
	const unit = join(temporaryFolder(t), "et-uploader.service");
	writeFileSync(unit, block("ini").replace("/usr/local/bin/et-uploader", process.execPath));
	const ended = await runProgram(t, "systemd-analyze", ["--user", "verify", unit], {
		env: { HOME: temporaryFolder(t), XDG_RUNTIME_DIR: temporaryFolder(t) },
	});
	t.deepEqual([ended.code, ended.stdout + ended.stderr], [0, ""]);
});

withPython("the property list is one", async (t) => {
	const script = "import plistlib, sys; print(' '.join(plistlib.loads(sys.stdin.buffer.read())['ProgramArguments']))";
	const ended = await runProgram(t, "python3", ["-c", script], { input: block("xml") });
	t.is(ended.stdout, "/usr/local/bin/node /usr/local/bin/et-uploader --quiet\n");
});

test("the line for cron is a schedule", (t) => {
	const [, schedule = ""] = /^(.*) \/usr\/local\/bin\/et-uploader --once --quiet$/m.exec(PAGE) ?? [];
	t.true(isSchedule(schedule));
});
