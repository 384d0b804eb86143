/** The user's own names, as whole words. */
const NAME = "[name]";

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** @param own words in lower case */
export function withoutNames(text: string, own: readonly string[]): string {
	if (own.length === 0) return text;
	// The longest first: a host's whole name stands before its first word.
	const names = own.toSorted((a, b) => b.length - a.length).map(escaped);
	return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])(?:${names.join("|")})(?![\\p{L}\\p{N}])`, "giu"), NAME);
}
