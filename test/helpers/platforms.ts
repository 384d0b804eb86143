/** docs/platforms.json: the signs, and environments with what is to be told of them, for clients in any language. */
import { readFileSync } from "node:fs";
import type { Platform, WireLimits } from "../../src/report/types.js";

export interface PlatformCase {
	name: string;
	env: Record<string, string>;
	working_directory: string;
	/** Files that are there, besides what any machine has. */
	files?: Record<string, string>;
	platform: Platform | null;
	platform_inner: Platform | null;
	/** By the variables alone. */
	limits: WireLimits | null;
}

interface PlatformTable {
	not_set: string[];
	platforms: unknown[];
	limits: unknown[];
	cases: PlatformCase[];
}

export function platformTable(): PlatformTable {
	return JSON.parse(readFileSync(new URL("../../../docs/platforms.json", import.meta.url), "utf8")) as PlatformTable;
}

export const platformCases = (): PlatformCase[] => platformTable().cases;
