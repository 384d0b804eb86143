/** For how long a project's runs are kept: what its notices say, or less where the operator chose less. Pure. */
import { durationInWords, momentBefore, shorterAt } from "../../report/duration.js";
import type { Cutoffs, ProjectRetention, Promised } from "../store/retention-types.js";

type Rules = Pick<ProjectRetention, "promises" | "duration">;

/** For how long runs under each notice are kept, and those under none that is known: null for without an end. */
export interface Kept {
	ofNotice: readonly Promised[];
	otherwise: string | null;
}

/** Of what is under no notice that is known here, the shortest promise counts: any of them may have been made. */
export function keptFor({ promises, duration }: Rules, now: number): Kept {
	const shortest = (durations: readonly string[]): string | null =>
		durations.reduce<string | null>((best, each) => (best === null ? each : shorterAt(now, best, each)), null);
	const chosen = duration === null ? [] : [duration];
	return {
		ofNotice: promises.map(({ notice, retention }) => ({
			notice,
			retention: shortest([retention, ...chosen]) ?? retention,
		})),
		otherwise: shortest([...promises.map(({ retention }) => retention), ...chosen]),
	};
}

/** Undefined where nothing ever goes. */
export function cutoffsOf(rules: Rules, now: number): Cutoffs | undefined {
	const { ofNotice, otherwise } = keptFor(rules, now);
	if (otherwise === null) return undefined;
	return {
		ofNotice: new Map(ofNotice.map(({ notice, retention }) => [notice, momentBefore(now, retention)])),
		otherwise: momentBefore(now, otherwise),
	};
}

/** For how long a project's runs are kept, in words for people. */
export function keptInWords(rules: Rules, now: number): string {
	const { ofNotice, otherwise } = keptFor(rules, now);
	if (otherwise === null) return "runs are kept until they are erased: no notice says how long, and no time is chosen";
	const times = new Set(ofNotice.map(({ retention }) => durationInWords(retention)));
	if (times.size <= 1) return `runs are kept for ${durationInWords(otherwise)} after their last report`;
	const each = ofNotice.map(({ notice, retention }) => `${durationInWords(retention)} under notice version ${notice}`);
	return `runs are kept for ${each.join(", ")}, after their last report`;
}
