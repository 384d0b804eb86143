/**
 * What started this process, by what its environment says. Pure: the machine is given. docs/platforms.md names the
 * documentation behind each sign, and docs/platforms.json is this table for clients in other languages.
 */

/** Outermost first: what stands further up started what stands below, or hides it from the person who works with it. */
export const PLATFORM_ORDER = [
	"ci",
	"galaxy",
	"nextflow",
	"snakemake",
	"cwl",
	"slurm",
	"pbs",
	"sge",
	"lsf",
	"container",
] as const;
export type PlatformKind = (typeof PLATFORM_ORDER)[number];

/** Variables, any of which says that the platform is there; joined by "+", all of them together say it. */
export const VARIABLE_SIGNS: Readonly<Record<Exclude<PlatformKind, "cwl">, readonly string[]>> = {
	ci: [
		"CI",
		"CONTINUOUS_INTEGRATION",
		"GITHUB_ACTIONS",
		"GITLAB_CI",
		"JENKINS_URL",
		"BUILDKITE",
		"TRAVIS",
		"CIRCLECI",
		"APPVEYOR",
		"TF_BUILD",
		"TEAMCITY_VERSION",
		"CODEBUILD_BUILD_ID",
		"BITBUCKET_BUILD_NUMBER",
	],
	galaxy: ["GALAXY_SLOTS", "GALAXY_MEMORY_MB", "_GALAXY_JOB_DIR", "_GALAXY_JOB_TMP_DIR", "_GALAXY_JOB_HOME_DIR"],
	nextflow: ["NXF_TASK_WORKDIR", "NXF_BOXID"],
	snakemake: [
		"OMP_NUM_THREADS+GOTO_NUM_THREADS+OPENBLAS_NUM_THREADS+MKL_NUM_THREADS+VECLIB_MAXIMUM_THREADS+NUMEXPR_NUM_THREADS+TEMPDIR",
	],
	slurm: ["SLURM_JOB_ID", "SLURM_JOBID"],
	pbs: ["PBS_JOBID", "PBS_ENVIRONMENT"],
	sge: ["JOB_ID+SGE_TASK_ID"],
	lsf: ["LSB_JOBID"],
	container: [
		"container",
		"APPTAINER_CONTAINER",
		"APPTAINER_NAME",
		"SINGULARITY_CONTAINER",
		"SINGULARITY_NAME",
		"KUBERNETES_SERVICE_HOST",
	],
};

/** Files that a container's maker lays into it, where no variable tells. */
export const CONTAINER_FILES = ["/run/.containerenv", "/.dockerenv"];

/** What a variable holds that is there and says no, in any case, with spaces around it. */
export const NO_WORDS = ["", "0", "false", "no", "off"];

/** Whether a variable is there and does not say no. */
export function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
	const value = env[name];
	return value !== undefined && !NO_WORDS.includes(value.trim().toLowerCase());
}

/**
 * A tool under a CWL runner has no variable of its runner's, but an environment that the standard lays down: nothing
 * inherited, HOME the directory that it runs in, and TMPDIR.
 */
function isCwl(env: NodeJS.ProcessEnv, cwd: () => string): boolean {
	const isBare = isSet(env, "TMPDIR") && isSet(env, "HOME") && !isSet(env, "USER") && !isSet(env, "LOGNAME");
	return isBare && env["HOME"] === existing(cwd);
}

/** A working directory can be gone. */
function existing(cwd: () => string): string | null {
	try {
		return cwd();
	} catch {
		return null;
	}
}

/**
 * The platforms that variables tell of, outermost first.
 *
 * @param cwd asked only where a CWL runner may have started the process
 */
export function platformsByVariables(env: NodeJS.ProcessEnv, cwd: () => string): readonly PlatformKind[] {
	const says = (sign: string): boolean => sign.split("+").every((name) => isSet(env, name));
	return PLATFORM_ORDER.filter((kind) => (kind === "cwl" ? isCwl(env, cwd) : VARIABLE_SIGNS[kind].some(says)));
}

/** With the container that only its files tell of. */
export function withContainer(byVariables: readonly PlatformKind[], exists: (path: string) => boolean) {
	const isTold = byVariables.includes("container");
	return isTold || !CONTAINER_FILES.some(exists) ? byVariables : [...byVariables, "container" as const];
}
