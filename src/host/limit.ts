/** One thing that a job was given, and who says so. */

export type LimitName = "memoryBytes" | "wallS" | "cpus";

export interface FoundLimit {
	limit: LimitName;
	/** Bytes, seconds, or CPUs, which may be parts of one. */
	value: number;
	/** For people: the variable, or the file and what stands in it. */
	by: string;
}

/** As the wire names them. */
export const LIMIT_FIELDS = { memoryBytes: "memory_bytes", wallS: "wall_s", cpus: "cpus" } as const;
