/** What the machine says of a run besides what its script says: what started it, and what it was given. */
import { existsSync } from "node:fs";
import { type Limits, limitsOf } from "../host/limits.js";
import { type PlatformKind, platformsByVariables, withContainer } from "../host/platforms.js";
import type { ReportInput } from "../report/types.js";
import type { ClientContext } from "./context.js";

/** What is asked of a process once: its surroundings do not change under it. */
interface Known {
	byVariables: readonly PlatformKind[];
	/** Outermost first. */
	platforms: readonly PlatformKind[];
	limits?: Limits | null;
}

const KNOWN = new WeakMap<NodeJS.ProcessEnv, Known>();

function knownOf(env: NodeJS.ProcessEnv): Known {
	const known = KNOWN.get(env);
	if (known !== undefined) return known;
	const byVariables = platformsByVariables(env, process.cwd);
	const found = { byVariables, platforms: withContainer(byVariables, existsSync) };
	KNOWN.set(env, found);
	return found;
}

/** What a script says itself stands; where it names the outer platform alone, another that is found is the inner one. */
function platforms(given: ReportInput, env: NodeJS.ProcessEnv): Partial<ReportInput> {
	if (given.platform === null || given.platformInner !== undefined) return {};
	const here = knownOf(env).platforms;
	const platform = given.platform ?? here[0] ?? null;
	return { platform, platformInner: here.find((each) => each !== platform) ?? null };
}

/** Files are read once a process, and only where a run is measured or a variable says that this is somebody's job. */
function limits(given: ReportInput, { env, readsLimits }: SurroundedContext): Partial<ReportInput> {
	const known = knownOf(env);
	if (given.limits !== undefined || !(readsLimits || known.byVariables.length > 0)) return {};
	if (known.limits === undefined) known.limits = limitsOf(env, known.byVariables);
	return { limits: known.limits };
}

export type SurroundedContext = Pick<ClientContext, "env" | "readsLimits">;

/**
 * What a script gave, with its surroundings. What its user leaves out is not even looked at; and of a run that vanished
 * somebody else reports, in surroundings of their own.
 *
 * @param without as in {@link "../report/optional-fields.js"}
 */
export function surrounded(given: ReportInput, without: readonly string[], context: SurroundedContext): ReportInput {
	if (given.event === "vanished") return given;
	return {
		...given,
		...(without.includes("platform") ? {} : platforms(given, context.env)),
		...(without.includes("limits") ? {} : limits(given, context)),
	};
}
