/** By what a platform was told: for people who ask why. Pure. */
import {
	CONTAINER_FILES,
	isSet,
	type PlatformKind,
	platformsByVariables,
	VARIABLE_SIGNS,
	withContainer,
} from "./platforms.js";

export interface ToldPlatform {
	platform: PlatformKind;
	/** The variables, or the file. */
	by: string;
}

function signOf(platform: PlatformKind, env: NodeJS.ProcessEnv): string | undefined {
	if (platform === "cwl") return "HOME, TMPDIR, and no more of a person's environment";
	const sign = VARIABLE_SIGNS[platform].find((names) => names.split("+").every((name) => isSet(env, name)));
	return sign?.replaceAll("+", ", ");
}

/** Every platform, outermost first, by the first of its signs. */
export function toldPlatforms(
	env: NodeJS.ProcessEnv,
	cwd: () => string,
	exists: (path: string) => boolean,
): ToldPlatform[] {
	const platforms = withContainer(platformsByVariables(env, cwd), exists);
	return platforms.map((platform) => ({ platform, by: signOf(platform, env) ?? CONTAINER_FILES.find(exists) ?? "" }));
}
