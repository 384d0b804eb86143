/** Where the built modules are, for scripts that run in processes of their own. */

/** The file URL of a module of this build, such as `src/index.js`. */
export function moduleUrl(path: string): string {
	return new URL(`../../${path}`, import.meta.url).href;
}
