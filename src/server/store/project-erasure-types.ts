/** What the server asks of a database about projects that are erased as a whole. */

export interface ProjectErasure {
	project: string;
	/** What happened by then is erased, and does not come back; milliseconds since the epoch. */
	erasedAt: number;
	/** How many have gone so far. */
	runs: number;
	events: number;
	receipt: string;
	/** No later reports are taken either. */
	isBlocked: boolean;
	/** Whether all has gone. */
	isDone: boolean;
}

export interface ProjectErasureStore {
	/** How many reports there are of a project; undefined where none ever came and it is not registered. */
	reportsOf(project: string): Promise<number | undefined>;
	/**
	 * From the moment on that it resolves, nothing of the project that happened until now is stored. What is stored goes
	 * in steps after that. Whom it is blocked for is not registered any more.
	 */
	beginProjectErasure(erasure: {
		project: string;
		at: number;
		receipt: string;
		block: boolean;
	}): Promise<ProjectErasure>;
	/** Erases some of what is left; undefined where nothing is being erased. */
	eraseOfProject(project: string): Promise<ProjectErasure | undefined>;
	/** Of these projects, or of all. */
	projectErasures(only: readonly string[] | null): Promise<ProjectErasure[]>;
}
