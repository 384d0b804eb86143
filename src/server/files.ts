/** Where the server keeps its database unless told otherwise. */
import { posix, win32 } from "node:path";

const DATABASE_NAME = "et.sqlite";

export interface Surroundings {
	env: Readonly<Record<string, string | undefined>>;
	platform: NodeJS.Platform;
	/** The user's home. */
	home: string;
}

/**
 * The database in the user's data folder: `$ET_DATA`, else the platform's own place for an
 * application's data (the XDG Base Directory Specification's where there is no other).
 */
export function defaultDatabase({ env, platform, home }: Surroundings): string {
	const path = platform === "win32" ? win32 : posix;
	if (env.ET_DATA) return path.join(env.ET_DATA, DATABASE_NAME);
	switch (platform) {
		case "win32":
			return path.join(env.LOCALAPPDATA || path.join(home, "AppData", "Local"), "et", DATABASE_NAME);
		case "darwin":
			return path.join(home, "Library", "Application Support", "et", DATABASE_NAME);
		default:
			return path.join(dataHome(env, home), "et", DATABASE_NAME);
	}
}

/** The specification has relative paths ignored. */
function dataHome({ XDG_DATA_HOME: folder }: Surroundings["env"], home: string): string {
	return folder && posix.isAbsolute(folder) ? folder : posix.join(home, ".local", "share");
}
