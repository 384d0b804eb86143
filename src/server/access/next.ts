/** Where a browser goes after logging in: back to the page that it wanted, and never to another site. */

/** Any origin that is not a real one. */
const HERE = "http://here.invalid";

/** A path of this server with its query; the first page for anything else. */
export function safeNext(given: unknown): string {
	if (typeof given !== "string" || !/^\/(?![/\\])[\x21-\x7e]*$/.test(given) || given.includes("\\")) return "/";
	if (!URL.canParse(given, HERE)) return "/";
	const url = new URL(given, HERE);
	// What dots do to a path may leave two slashes in front, which is another host.
	return url.origin === HERE && !url.pathname.startsWith("//") ? url.pathname + url.search : "/";
}

/** The page to log in at, which leads back. */
export function loginAddress(next: string): string {
	const safe = safeNext(next);
	return safe === "/" ? LOGIN_PATH : `${LOGIN_PATH}?next=${encodeURIComponent(safe)}`;
}

export const LOGIN_PATH = "/login";
