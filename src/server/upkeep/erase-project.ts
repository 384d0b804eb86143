/** What is stored of a project that was erased goes. */
import type { ProjectErasure, ProjectErasureStore } from "../store/project-erasure-types.js";
import { inSteps } from "./steps.js";

/** What is ended in between goes on the next time. Undefined where nothing is being erased. */
export async function eraseProject(
	store: ProjectErasureStore,
	project: string,
	signal?: AbortSignal,
): Promise<ProjectErasure | undefined> {
	let erasure: ProjectErasure | undefined;
	await inSteps(async () => {
		erasure = await store.eraseOfProject(project);
		return erasure?.isDone === false ? "more" : "done";
	}, signal);
	return erasure;
}
