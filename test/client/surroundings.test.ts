/** Platform and limits, from the environment of a script into its reports. */
import { existsSync } from "node:fs";
import test from "ava";
import { systemContext } from "../../src/client/context.js";
import { enqueueIn } from "../../src/client/enqueue.js";
import { startRunIn } from "../../src/client/run.js";
import { CONTAINER_FILES } from "../../src/host/platforms.js";
import type { ReportInput, WireReport } from "../../src/report/types.js";
import { runScript } from "../helpers/child.js";
import { et, grantedHome, reportsIn } from "../helpers/cli.js";
import type { Home } from "../helpers/home.js";
import { moduleUrl } from "../helpers/modules.js";
import { platformCases } from "../helpers/platforms.js";

const GALAXY_ON_SLURM = {
	GALAXY_SLOTS: "2",
	GALAXY_MEMORY_MB: "64",
	SLURM_JOB_ID: "20421",
	SLURM_JOB_PARTITION: "secretqueue",
	SLURM_JOB_NAME: "secretjob",
	SLURM_JOB_START_TIME: "1769860800",
	SLURM_JOB_END_TIME: "1769860860",
};

/** Of the environments, every so many is tried in a process of its own. */
const SAMPLED = 4;

/** Small enough that no limit of the machine below the test is smaller. */
const LIMITS = { memory_bytes: 64 * 1024 ** 2, wall_s: 60 };

const IN_CONTAINER = CONTAINER_FILES.some((path) => existsSync(path));

function keep(home: Home, given: ReportInput, env: Record<string, string>): WireReport | undefined {
	const context = systemContext({ ...home.env, ...env });
	enqueueIn(context, given, { manifest: home.manifestPath });
	return reportsIn(home).at(-1);
}

test("a report names the outer and the inner platform, and what the job was given, and nothing else of it", (t) => {
	const home = grantedHome(t);
	const report = keep(home, {}, GALAXY_ON_SLURM);
	t.is(report?.platform, "galaxy");
	t.is(report?.platform_inner, "slurm");
	t.like(report?.limits, LIMITS);
	t.true((report?.limits?.cpus ?? 9) <= 2);
	t.notRegex(JSON.stringify(report), /20421|secret/);
});

test("a script is believed in what it says itself", (t) => {
	const home = grantedHome(t);
	const given = (report: ReportInput) => keep(home, report, GALAXY_ON_SLURM);
	t.like(given({ platform: "nextflow" }), { platform: "nextflow", platform_inner: "galaxy" });
	t.like(given({ platform: "slurm" }), { platform: "slurm", platform_inner: "galaxy" });
	t.like(given({ platform: "slurm", platformInner: null }), { platform: "slurm", platform_inner: null });
	t.like(given({ platform: null }), { platform: null, platform_inner: null });
	t.like(given({ limits: null }), { limits: null });
	t.like(given({ limits: { cpus: 7 } }), { limits: { memory_bytes: null, wall_s: null, cpus: 7 } });
});

test("of a run that vanished, the place of who says so is not taken for its own", (t) => {
	const report = keep(grantedHome(t), { event: "vanished" }, GALAXY_ON_SLURM);
	t.like(report, { event: "vanished", platform: null, platform_inner: null, limits: null });
});

test("without any variable of a job, enqueue() alone reads no limits", (t) => {
	const report = keep(grantedHome(t), {}, {});
	t.like(report, { platform: IN_CONTAINER ? "container" : null, platform_inner: null, limits: null });
});

test("every event of a run has them", (t) => {
	const home = grantedHome(t);
	const context = systemContext({ ...home.env, ...GALAXY_ON_SLURM });
	startRunIn(context, { manifest: home.manifestPath }).end();
	const reports = reportsIn(home);
	t.deepEqual(
		reports.map(({ event, platform, limits }) => [event, platform, limits?.memory_bytes]),
		[
			["start", "galaxy", LIMITS.memory_bytes],
			["end", "galaxy", LIMITS.memory_bytes],
		],
	);
});

test("a user leaves out platform and limits, and et show tells of them where they are", async (t) => {
	const home = grantedHome(t);
	const env = GALAXY_ON_SLURM;
	await et(t, home, ["run", "--manifest", home.manifestPath, "--", "true"], { env });
	const [first] = reportsIn(home);
	const { stdout } = await et(t, home, ["show", first?.id ?? ""]);
	const limits = { ...LIMITS, cpus: first?.limits?.cpus ?? 0 };
	t.like(JSON.parse(stdout), { platform: "galaxy", platform_inner: "slurm", limits });
	t.true(limits.cpus >= 1);
	const { code } = await et(t, home, ["consent", "grant", home.manifestPath, "--yes", "--without", "platform,limits"]);
	t.is(code, 0);
	await et(t, home, ["run", "--manifest", home.manifestPath, "--", "true"], { env });
	const reports = reportsIn(home);
	t.is(reports.length, 4);
	for (const report of reports) t.like(report, { platform: null, platform_inner: null, limits: null });
});

test("in environments of docs/platforms.json, a script that imports the client says what stands there", async (t) => {
	const home = grantedHome(t);
	const script = `
		import { enqueue } from ${JSON.stringify(moduleUrl("pkg/index.js"))};
		enqueue({ command: process.env.CASE }, { manifest: ${JSON.stringify(home.manifestPath)} });`;
	// Those that need another working directory or other files are told by the pure part's test.
	const cases = platformCases().filter(({ working_directory: cwd, files }) => cwd === "/work" && files === undefined);
	const sample = cases.filter((_, index) => index % SAMPLED === 0);
	for (const [index, { name, env, platform, platform_inner }] of sample.entries()) {
		const place = { ET_SPOOL: home.env["ET_SPOOL"], ET_CONFIG: home.env["ET_CONFIG"], CASE: `case${index}` };
		await runScript(t, script, { env: { ...env, ...place } });
		const report = reportsIn(home).find(({ command }) => command === `case${index}`);
		const all = [platform, platform_inner].filter((each) => each !== null);
		const here = IN_CONTAINER && !all.includes("container") ? [...all, "container"] : all;
		t.deepEqual([report?.platform, report?.platform_inner], [here[0] ?? null, here[1] ?? null], name);
	}
});
