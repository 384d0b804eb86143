/** The batch job that a process is part of, by what its scheduler sets in the environment. */

export interface BatchJob {
	/** Only that of schedulers that can be asked what became of a job. */
	scheduler: "slurm";
	/** `123`, or `123_4` in an array. */
	id: string;
	/** Several clusters may share a home folder, and number their jobs alike. */
	cluster: string | null;
}

const SLURM_ID = /^\d+(?:_\d+)?$/;
const CLUSTER = /^[\w.-]+$/;

/** Of sbatch(1): an array's tasks are known to sacct by the array's id and their own. Pure. */
export function batchJobOf(env: NodeJS.ProcessEnv): BatchJob | null {
	const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job } = env;
	const id = array !== undefined && task !== undefined ? `${array}_${task}` : (job ?? "");
	const cluster = env["SLURM_CLUSTER_NAME"] ?? "";
	return SLURM_ID.test(id) ? { scheduler: "slurm", id, cluster: CLUSTER.test(cluster) ? cluster : null } : null;
}
