/** `et doctor`: what it tells people, and programs. */
import { existsSync } from "node:fs";
import test from "ava";
import { CONTAINER_FILES } from "../../src/host/platforms.js";
import { et } from "../helpers/cli.js";
import { temporaryHome } from "../helpers/home.js";

const JOB = { GALAXY_SLOTS: "1", SLURM_JOB_ID: "20421", SLURM_MEM_PER_NODE: "64", SLURM_JOB_PARTITION: "secretqueue" };
const IN_CONTAINER = CONTAINER_FILES.some((path) => existsSync(path));

test("each field is printed with what says so, and nothing is written", async (t) => {
	const home = temporaryHome(t);
	const { code, stdout, stderr } = await et(t, home, ["doctor"], { env: JOB });
	t.deepEqual([code, stderr, home.contents()], [0, "", []]);
	const rows = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
	t.deepEqual(rows[1], ["platform", "galaxy", "GALAXY_SLOTS"]);
	t.deepEqual(rows[2], ["inner platform", "slurm", "SLURM_JOB_ID"]);
	const named = (name: string) => rows.find(([first]) => first === name);
	t.is(named("(not reported)")?.[1], IN_CONTAINER ? "container" : undefined);
	t.deepEqual(named("memory limit"), ["memory limit", "64 MiB", "SLURM_MEM_PER_NODE * 1048576"]);
	t.deepEqual(named("wall time limit"), ["wall time limit", "none known"]);
	t.deepEqual(named("CPUs given")?.slice(0, 2), ["CPUs given", "1"]);
});

test("a place that nothing is known of is said to be one", async (t) => {
	const { stdout } = await et(t, temporaryHome(t), ["doctor"]);
	t.regex(stdout, IN_CONTAINER ? /^platform +container +\//m : /^platform +none known$/m);
	t.regex(stdout, /^wall time limit +none known$/m);
});

test("programs get the fields by the wire's names, and everything that was found", async (t) => {
	const { stdout } = await et(t, temporaryHome(t), ["doctor", "--json"], { env: JOB });
	const told = JSON.parse(stdout) as { found: { platforms: unknown[]; limits: unknown[] } };
	t.like(told, { platform: "galaxy", platform_inner: "slurm", limits: { memory_bytes: 64 * 1024 ** 2, wall_s: null } });
	t.deepEqual(told.found.platforms.slice(0, 2), [
		{ platform: "galaxy", by: "GALAXY_SLOTS" },
		{ platform: "slurm", by: "SLURM_JOB_ID" },
	]);
	t.deepEqual(told.found.limits.slice(0, 1), [
		{ limit: "memory_bytes", value: 64 * 1024 ** 2, by: "SLURM_MEM_PER_NODE * 1048576" },
	]);
	t.notRegex(stdout, /20421|secret/);
});

test("a word too many is an error", async (t) => {
	const { code, stderr } = await et(t, temporaryHome(t), ["doctor", "heal"]);
	t.is(code, 2);
	t.regex(stderr, /"heal" is one word too many/);
});
