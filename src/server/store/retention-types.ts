/** What the server asks of a database about the time for which runs are kept. */

/** What a notice says: an ISO 8601 duration. */
export interface Promised {
	/** The version of the notice. */
	notice: number;
	retention: string;
}

export interface ProjectRetention {
	project: string;
	/** By the version of their notice; also those of a project that is not registered any more. */
	promises: readonly Promised[];
	/** What the operator chose; null where the notices alone count. */
	duration: string | null;
	/** When it was last looked for what has to go, in milliseconds since the epoch. */
	checkedAt: number | null;
	/** How many have gone so far. */
	gone: Gone;
}

export interface Gone {
	runs: number;
	events: number;
}

/** Before which moments (milliseconds since the epoch) the last event of a run has to be for the run to go. */
export interface Cutoffs {
	/** By the version of the notice. */
	ofNotice: ReadonlyMap<number, number>;
	/** Of reports under no notice that is known. */
	otherwise: number;
}

export interface ExpireStep extends Gone {
	/** Where to go on; null at the end. */
	place: number | null;
	/** Whether no event that was looked at was old enough. */
	isYoung: boolean;
}

export interface RetentionStore {
	/** Of these projects, or of all that are registered, have a promise, or have reports. */
	retentions(only: readonly string[] | null): Promise<ProjectRetention[]>;
	/** @param duration null lets the notices alone count */
	setRetention(project: string, duration: string | null): Promise<void>;
	/**
	 * Looks at some events of a project behind a place, and erases the runs among theirs whose last event is old enough,
	 * whole: or only counts them. Of a run with very many events some go at each step.
	 */
	expire(project: string, after: number, cutoffs: Cutoffs, mode: "erase" | "count"): Promise<ExpireStep>;
	/** Notes that a project was looked through, and adds what has gone. */
	noteRetention(project: string, at: number, gone: Gone): Promise<void>;
	/**
	 * Lets one server at a time look after what is stored: whether it is this one, until a moment (milliseconds since the
	 * epoch). Asked again by the same, it goes on.
	 */
	claimUpkeep(who: string, now: number, until: number): Promise<boolean>;
}
