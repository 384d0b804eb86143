/** What a server may come to under attack. Pure. */
import type { Aftermath } from "./battery.js";

/** 64 MiB of bodies, what they parse to one at a time, and Node.js itself. */
export const MOST_MIB = 512;

export function isHarmless({ harms, forbidden, poisoned, isAlive }: Aftermath): boolean {
	const failures = harms.flatMap((harm) => harm.failures).filter((failure) => failure !== "503 busy");
	return (
		isAlive &&
		forbidden.length === 0 &&
		poisoned.length === 0 &&
		failures.length === 0 &&
		harms.every(({ peakMiB }) => peakMiB <= MOST_MIB)
	);
}
