/** Whether nobody sits before this process, by what its environment says. Pure. */

/** Who started it instead of a person. */
export type Attendant = "ci" | "batch_job" | "galaxy" | "workflow";

/** Variables that each sets in what it starts, by its own documentation; a name that ends with "*" is a beginning. */
const VARIABLES: readonly (readonly [attendant: Attendant, names: readonly string[]])[] = [
	// Galaxy first: its jobs may run under a scheduler, and it is what its user works with.
	["galaxy", ["GALAXY_SLOTS", "GALAXY_MEMORY_MB", "_GALAXY_JOB_DIR", "_GALAXY_JOB_TMP_DIR", "_GALAXY_JOB_HOME_DIR"]],
	// Snakemake marks its jobs by no variable of its own; who sets one of its settings works with it.
	["workflow", ["NXF_TASK_WORKDIR", "NXF_BOXID", "SNAKEMAKE_*", "CROMWELL_*", "TOIL_WORKDIR"]],
	// Slurm, PBS and Torque, LSF, SGE, HTCondor.
	["batch_job", ["SLURM_JOB_ID", "SLURM_JOBID", "PBS_JOBID", "PBS_ENVIRONMENT", "LSB_JOBID", "JOB_ID", "SGE_TASK_ID"]],
	["batch_job", ["_CONDOR_JOB_AD", "_CONDOR_SCRATCH_DIR", "AWS_BATCH_JOB_ID"]],
	["ci", ["CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "BUILDKITE", "TRAVIS"]],
	["ci", ["CIRCLECI", "APPVEYOR", "TF_BUILD", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER"]],
];

const NO_WORDS = ["", "0", "false", "no", "off"];

function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
	const isOn = (each: string): boolean => !NO_WORDS.includes((env[each] ?? "").trim().toLowerCase());
	if (!name.endsWith("*")) return isOn(name);
	const start = name.slice(0, -1);
	return Object.keys(env).some((each) => each.startsWith(start) && isOn(each));
}

/** Who started this process instead of a person; null where nothing says so. */
export function attendantOf(env: NodeJS.ProcessEnv): Attendant | null {
	return VARIABLES.find(([, names]) => names.some((name) => isSet(env, name)))?.[0] ?? null;
}
