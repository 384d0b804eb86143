/**
 * What each field of a report is, in words for the people whose runs it describes. A notice is made
 * from this, and a field can't be added without its words.
 */
import type { WireReport } from "./types.js";

export interface FieldWords {
	/** What it is called in a list. */
	name: string;
	/** What it says, and of what. */
	what: string;
	/** What an author learns from it. */
	why: string;
}

export const FIELD_WORDS: Readonly<Record<keyof WireReport, FieldWords>> = {
	id: {
		name: "a random id",
		what: "a random name for this report",
		why: "a report that is sent twice counts once",
	},
	run_id: {
		name: "a random run id",
		what: "a random name that the reports of one run share, and no other run",
		why: "a run's start and end are put together",
	},
	event: { name: "event", what: "whether the run starts, goes on or has ended", why: "runs that never end show" },
	project: { name: "project", what: "the project's name", why: "a server may serve several" },
	command: { name: "command", what: "the author's name for what ran, without arguments", why: "which part is used" },
	version: { name: "version", what: "the version of what ran", why: "whether a new version does better" },
	manifest_notice: {
		name: "version of this notice",
		what: "the version of the notice that you agreed to",
		why: "nothing is kept that it does not cover",
	},
	occurred_at: { name: "time", what: "when it happened, by this machine's clock, in UTC", why: "use over time" },
	since_start_s: { name: "seconds since the start", what: "how long the run had lasted", why: "the order of events" },
	test: { name: "test or not", what: "whether it was a run of the author's own", why: "tests do not count as use" },
	platform: {
		name: "platform",
		what: "what the run was started by, such as Galaxy or Slurm; no names or numbers of jobs",
		why: "where the code has to work well",
	},
	platform_inner: {
		name: "inner platform",
		what: "the scheduler or container beneath, where there are two",
		why: "where the code has to work well",
	},
	outcome: { name: "outcome", what: "whether it went well, failed or was killed", why: "how often it fails" },
	exit_code: { name: "exit code", what: "the number that it ended with", why: "which failure it was" },
	signal: { name: "signal", what: "the signal that ended it", why: "which failure it was" },
	wall_s: { name: "wall time", what: "how many seconds it took", why: "how fast the code is" },
	cpu_user_s: { name: "CPU time", what: "CPU seconds in the program", why: "how much work it was" },
	cpu_system_s: { name: "CPU time in the system", what: "CPU seconds in the system", why: "how much work it was" },
	max_rss_bytes: { name: "peak memory", what: "the most memory that it held", why: "how much memory a job needs" },
	threads: { name: "threads", what: "how many threads it used", why: "how well it scales" },
	read_bytes: { name: "bytes read", what: "how much it read from storage", why: "whether storage holds it up" },
	written_bytes: { name: "bytes written", what: "how much it wrote to storage", why: "whether storage holds it up" },
	measured_by: {
		name: "how each was measured",
		what: "the method by which each figure was measured",
		why: "how exact a figure is",
	},
	limits: {
		name: "limits of the job",
		what: "the memory, time and CPUs that the job was given",
		why: "a killed run says at least how much it needed",
	},
	kill_reason: { name: "reason of a kill", what: "why it was killed: memory or time", why: "what it ran out of" },
	weight: { name: "weight", what: "how many runs this one stands for", why: "only a share of all runs reports" },
	inputs: { name: "sizes of inputs", what: "how big each declared input was", why: "how the code scales" },
	exception: {
		name: "type and place of an exception",
		what: "the type of the error and the lines of the project's own code; no message",
		why: "where it fails",
	},
	data: { name: "declared data", what: "values that the author declared one by one", why: "said beside each" },
};

/** What is in no report, whatever an author declares. */
export const NEVER_COLLECTED =
	"names of input files, command lines, paths, names of users or machines, the environment";
