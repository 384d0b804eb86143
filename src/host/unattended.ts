/** Whether nobody sits before this process, by what its environment says. Pure. */
import { isSet, type PlatformKind, platformsByVariables } from "./platforms.js";

/** Who started it instead of a person. */
export type Attendant = "ci" | "batch_job" | "galaxy" | "workflow";

/** Galaxy first: its jobs may run under a scheduler, and it is what its user works with. A container has its people. */
const BY_PLATFORM: readonly (readonly [attendant: Attendant, platforms: readonly PlatformKind[]])[] = [
	["galaxy", ["galaxy"]],
	["workflow", ["nextflow", "snakemake", "cwl"]],
	["batch_job", ["slurm", "pbs", "sge", "lsf"]],
	["ci", ["ci"]],
];

/**
 * What says too little to name a platform, and enough not to ask; a name that ends with "*" is a beginning. Settings of
 * workflow managers (who sets one works with it), parts of SGE's signs, HTCondor, AWS Batch.
 */
const FURTHER_SIGNS: readonly (readonly [attendant: Attendant, names: readonly string[]])[] = [
	["workflow", ["SNAKEMAKE_*", "CROMWELL_*", "TOIL_WORKDIR"]],
	["batch_job", ["JOB_ID", "SGE_TASK_ID", "_CONDOR_JOB_AD", "_CONDOR_SCRATCH_DIR", "AWS_BATCH_JOB_ID"]],
];

function isAnySet(env: NodeJS.ProcessEnv, name: string): boolean {
	if (!name.endsWith("*")) return isSet(env, name);
	const start = name.slice(0, -1);
	return Object.keys(env).some((each) => each.startsWith(start) && isSet(env, each));
}

/** Who started this process instead of a person; null where nothing says so. */
export function attendantOf(env: NodeJS.ProcessEnv, cwd: () => string = process.cwd): Attendant | null {
	const platforms = platformsByVariables(env, cwd);
	const named = BY_PLATFORM.find(([, kinds]) => kinds.some((kind) => platforms.includes(kind)));
	const hinted = FURTHER_SIGNS.find(([, names]) => names.some((name) => isAnySet(env, name)));
	return (named ?? hinted)?.[0] ?? null;
}
