/** `npm run pipeline`, at small sizes: what real programs did is what the server holds. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "ava";
import { missingPackages } from "../../tools/pipeline-jobs.js";
import { runProgram } from "../helpers/child.js";
import { moduleUrl } from "../helpers/modules.js";
import { needing } from "../helpers/needs.js";
import { temporaryFolder } from "../helpers/temporary.js";

const PIPELINE = fileURLToPath(moduleUrl("tools/pipeline.js"));
const withPipeline = needing("bowtie2, bowtie2-examples and samtools on Linux", () => {
	return process.platform === "linux" && missingPackages().length === 0;
});

withPipeline(
	"runs at two sizes, one that is stopped by a limit and one that is killed are on the server",
	async (t) => {
		const folder = temporaryFolder(t);
		const env = { TMPDIR: folder, PATH: process.env["PATH"] };
		const { code, stdout, stderr } = await runProgram(t, process.execPath, [PIPELINE, "--pairs", "200,800"], { env });
		t.deepEqual([code, stderr], [0, ""], stdout);
		t.regex(stdout, /All 14 runs are as they were\.\n$/);
		t.is(stdout.match(/\| ok +\|/g)?.length, 12);
		t.regex(stdout, /\| killed, (SIGKILL, oom|SIGXCPU) +\|/);
		t.regex(stdout, /\| vanished +\|/);
		t.deepEqual(readdirSync(folder), []);
	},
);

test("where a program is missing, it says how to install it", async (t) => {
	const { code, stdout, stderr } = await runProgram(t, process.execPath, [PIPELINE], { env: { PATH: "/nonexistent" } });
	t.deepEqual([code, stdout], [2, ""]);
	t.regex(stderr, /^pipeline: this machine lacks programs\. Install them: apt-get install bowtie2 .*samtools\n$/);
});

test("sizes that are none are refused", async (t) => {
	for (const pairs of ["0", "a", "1.5", ""]) {
		const { code, stderr } = await runProgram(t, process.execPath, [PIPELINE, "--pairs", pairs]);
		t.is(code, 1, pairs);
		t.regex(stderr, /^pipeline: --pairs takes whole numbers/, pairs);
	}
});
