/** What the environment says: two variables that turn ET off. */

export type EnvironmentRefusal = "do_not_track" | "et_disabled";

/** Set, and not to a way of saying no. */
function isOn(value: string | undefined): boolean {
	return value !== undefined && !["", "0", "false", "no", "off"].includes(value.trim().toLowerCase());
}

/** Which variable turns ET off, or null. DO_NOT_TRACK is that of consoledonottrack.com. */
export function environmentRefusal(env: NodeJS.ProcessEnv): EnvironmentRefusal | null {
	if (isOn(env["DO_NOT_TRACK"])) return "do_not_track";
	if (isOn(env["ET_DISABLED"])) return "et_disabled";
	return null;
}
